//! Rights, all in one place: who may see a room, who may change it, and whom a token admits.
//!
//! The Room actor asks [`may_change`] for every writing verb; functions and sessions ask [`crate::Engine::reader`] before and after they read;
//! sockets and HTTP ask [`crate::Engine::caller`] for every token. How far a guest's token reaches (`scope`) is asked by all of them. Nothing here writes to a log.

mod admission;
mod cache;
mod change;
mod inviting;
mod listening;
mod reading;
mod scope;

pub(crate) use admission::Admissions;
pub(crate) use cache::Recent;
pub use change::may_change;
pub(crate) use inviting::may_invite;
pub(crate) use listening::may_listen;
pub(crate) use scope::may_call;
