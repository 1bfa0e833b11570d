//! The Room actor and the append path: the one place where a room's log is changed.
//!
//! An actor is started by `crate::rooms` when commands wait, on a room thread. It opens the log from storage, takes what waits as one
//! batch, looks up what it needs, decides every command in order ([`decide`]), hands the entries to the store, and after the commit tells
//! the relay and answers. One batch is in flight at a time; heads move only after the commit. It never talks to a socket, never reads a
//! wall clock but the engine's, and never touches another room.
//!
//! The steps of one command: `rooms::Rooms::submit` → `turn` → `lookup` → `decide` (a verb is a file) → `append` → `commit`.

mod actor;
mod append;
mod commit;
mod decide;
mod delete;
mod delete_room;
mod desk;
mod edit;
mod lookup;
mod members;
mod messages;
mod open;
mod participants;
mod pending;
mod plan;
mod publish;
mod rights;
mod send;
mod sentinel;
mod settle;
mod track;
mod turn;
mod update;

pub(crate) use actor::RoomActor;
pub(crate) use desk::Desk;
pub(crate) use messages::{Retire, Wake};
