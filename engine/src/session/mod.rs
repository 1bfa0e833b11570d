//! The session: one connection of one user, an actor on its socket's thread.
//!
//! It decides what each command may do and hands over: writing to rooms (`rooms`), reading to storage, listening to the shard. Messages to
//! listeners never pass through it. Sockets (gateway) start it with [`Session::start`] and give it decoded commands.

mod actor;
mod connect;
mod control;
mod directory;
mod expire;
mod flow;
mod history;
mod messages;
mod presence;
mod publish;
mod rate;
mod refresh;
mod rpc;
mod subscribe;
mod unsubscribe;

pub use actor::{Opening, Session};
pub use directory::Sessions;
pub use flow::Flow;
pub use messages::{Commands, Control};

pub(crate) use history::page as history_page;
