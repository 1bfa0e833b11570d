//! The relay: what a node keeps of a room's newest entries, and who on the node listens.
//!
//! Rooms hand committed entries to [`Relays::publish`]; shards attach, are woken by a dirty mark in their [`Inbox`], and take what is new from
//! the ring. There is no queue per shard and none per listener: a slow shard is a number that lags. A relay never numbers,
//! never stores and never touches a socket.

mod attach;
mod deletions;
mod entry;
mod inbox;
mod metrics;
mod past;
mod presence;
mod publish;
mod relays;
mod ring;
mod state;
mod take;

pub use attach::Attachment;
pub use deletions::Reread;
pub use entry::{Ephemeral, RelayEntry};
pub use inbox::Inbox;
pub use presence::PresenceStats;
pub use relays::Relays;
pub use state::Relay;
pub use take::{Item, Taken};
