//! What Plenum says on the wire: ids, error and close codes, the realtime client protocol in its three encodings, and the
//! WebSocket codec.
//!
//! Everybody uses this crate (storage for ids, engine for frames, gateway for sockets, the simulator as a client); it
//! knows none of them, does no I/O, starts no task and reads no clock.

pub mod client;
mod code;
mod id;
pub mod payload;
pub mod websocket;

pub use code::{Disconnect, Error, ErrorCode, Unsubscribe};
pub use id::{Epoch, IdError, MessageId, RoomId, UserId};
