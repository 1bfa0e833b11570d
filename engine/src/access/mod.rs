//! Rights, all in one place: who may see a room, who may change it, and whom a token admits.
//!
//! The Room actor asks [`may_change`] for every writing verb; functions and sessions ask [`crate::Engine::reader`] before and after they read;
//! sockets and HTTP ask [`crate::Engine::caller`] for every token. Nothing here writes to a log.

mod admission;
mod cache;
mod change;
mod listening;
mod reading;

pub(crate) use admission::Admissions;
pub use change::may_change;
pub(crate) use listening::may_listen;
