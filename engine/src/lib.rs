//! The engine: rooms, relays, shards, sessions, and the functions they serve.
//!
//! The gateway puts it together and talks to it; it knows storage by its traits only, and no socket: bytes leave through
//! [`Outbox`]. `ARCHITECTURE.md` follows one message through its files.

mod caller;
mod channel;
mod clock;
pub mod command_id;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod relay;
pub mod shard;
pub mod timestamp;
mod tokens;

pub use caller::Caller;
pub use channel::{CHANNEL_BYTES_MAX, Channel, ChannelKind};
pub use clock::Clock;
pub use limits::Limits;
pub use tokens::{ConnectionClaims, SubscriptionClaims, TokenError, Tokens};
