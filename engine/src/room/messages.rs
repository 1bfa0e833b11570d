//! The closed list of what can wake a Room actor.
//!
//! | what | from | what it does |
//! |---|---|---|
//! | its start | `rooms` | opens the log and works the queue off |
//! | [`Wake`] | `rooms`, when a command meets a resting actor | works the queue off |
//! | [`Retire`] | the supervisor, when it takes the room away | ends the actor and whatever it waits for |
//! | the end of its own run | the run's future | rests, ends, or runs again |
//! | its idle timer | the actor itself | goes to sleep, if nobody needs it |
//!
//! Commands are no messages: they wait in the room's queue, and at most one [`Wake`] is under way however many there are.

use actix::Message;

/// There are commands in the queue.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// Another incarnation has taken the room over, or the node stops.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Retire;
