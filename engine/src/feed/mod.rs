//! Everything that happens in a user's rooms, as one stream of events: what the compatible sockets are made of.
//!
//! A feed follows relays as a shard does, by a mark and the ring, but for one user and without frames. It begins with the rooms that the user is in, follows
//! those that are added, and lets go of those that the user leaves. It recovers nothing: one that falls behind ends, and its socket with it.

mod follow;
mod open;

use std::{collections::HashMap, sync::Arc};

use protocol::{Epoch, UserId, payload::Payload};

use crate::{
    Channel, Engine,
    relay::{Inbox, Relay},
};

/// The feed fell behind, or lost its place: what it would give now would have holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the feed has lost its place")]
pub struct Lost;

/// One user's events, from the moment it was opened on.
pub struct Feed {
    engine: Arc<Engine>,
    user: UserId,
    inbox: Arc<Inbox>,
    followed: HashMap<Channel, Followed>,
}

/// One channel and the feed's place in it.
struct Followed {
    relay: Arc<Relay>,
    epoch: Epoch,
    seq: u64,
    ephemeral_next: u64,
}

impl Feed {
    /// Waits for events: `{"event": …, "data": …}`, in order within each room.
    ///
    /// # Errors
    /// [`Lost`] ends the feed.
    pub async fn next(&mut self) -> Result<Vec<Payload>, Lost> {
        loop {
            let events = self.take().await?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.inbox.changed().await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        for followed in self.followed.values() {
            self.engine.relays.detach(&followed.relay, &self.inbox);
        }
    }
}
