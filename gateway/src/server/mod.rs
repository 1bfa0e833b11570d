//! The node: its parts put together, its one port, its life from start to leaving.

pub mod demo;
mod descriptors;
mod drain;
pub mod engine;
mod gateway;
mod listener;
mod node;
pub mod origin;
mod refuse;
pub mod store;
mod upgrade;
mod waiting;

pub use drain::Ended;
pub use gateway::{Gateway, Parts, Place};
pub use node::{Node, StartError};
pub(crate) use refuse::refuse;
pub use upgrade::Socket;
