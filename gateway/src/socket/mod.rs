//! The audience's socket: the realtime protocol over WebSocket, on the bare TCP stream.
//!
//! The router of sockets hands a checked handshake over to [`accept`]. A connection is one small task that reads into the worker's buffer and gives
//! decoded commands to its session; bytes to the client are written by the shard. An idle connection holds no buffer. Nothing here
//! knows what a command means.

mod accept;
mod connection;
mod handshake;
mod memory;
pub mod options;
mod outbox;
mod read;
mod worker;

pub use accept::accept;
pub use memory::SocketMemory;
pub use worker::Worker;
