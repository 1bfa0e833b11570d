//! The node's rooms: the directory of their queues, and the supervision of their actors.
//!
//! [`Rooms::submit`] is the only way to change a room's log. Functions, sessions and the server API call it; it puts the command at the end of
//! the room's queue and wakes the room's actor (`crate::room`), which runs on threads of its own, never on a socket's. The queue belongs to the
//! [`cell`], not to the actor: whatever becomes of an actor, the commands wait for the next one, and each is answered exactly once.
//! Nothing here decides what a command does, and nothing here touches a log.

mod answer;
mod cell;
mod command;
mod directory;
mod exit;
mod handle;
mod metrics;
mod options;
mod shared;
mod supervisor;
mod threads;
mod watch;

pub use command::{Appended, Command, Verb};
pub use exit::Exit;
pub use handle::{Rooms, StartError};
pub use options::RoomOptions;

pub(crate) use answer::Answer;
pub(crate) use cell::{Assigned, Assignment, Cell, Taken};
pub(crate) use metrics::Outcome;
pub(crate) use shared::Shared;
pub(crate) use supervisor::Event;
pub(crate) use threads::Pulse;
