//! The engine: rooms, relays, shards, sessions, and the functions they serve.
//!
//! The gateway puts it together and talks to it; it knows storage by its traits only, and no socket: bytes leave through
//! [`Outbox`]. `ARCHITECTURE.md` follows one message through its files.

pub mod access;
pub mod accounts;
mod back_end;
mod caller;
mod channel;
mod clock;
pub mod command_id;
mod engine;
mod failure;
pub mod functions;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod relay;
mod retention;
mod room;
pub mod rooms;
mod search_index;
pub mod session;
pub mod shard;
pub mod timestamp;
mod tokens;
mod warm;

pub use caller::Caller;
pub use channel::{CHANNEL_BYTES_MAX, Channel, ChannelKind};
pub use clock::Clock;
pub use engine::{Engine, EngineError, Parts};
pub use limits::Limits;
pub use tokens::{ConnectionClaims, SubscriptionClaims, TokenError, Tokens};
