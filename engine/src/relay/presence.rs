//! Who listens: counted per node, listed for small rooms, announced by join and leave frames there.

use std::{collections::HashMap, sync::Arc, sync::atomic::Ordering};

use protocol::{UserId, client::ClientInfo};
use uuid::Uuid;

use super::{Ephemeral, Relay, Relays};
use crate::limits::{ANNOUNCED_LISTENERS_MAX, ROSTER_MAX};

/// How many listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceStats {
    /// Connections.
    pub clients: usize,
    /// Different users.
    pub users: usize,
}

impl Relays {
    /// A session begins to listen; small rooms are told.
    pub fn join(&self, relay: &Arc<Relay>, client: Uuid, user: &UserId, info: ClientInfo, is_announced: bool) {
        let mut state = relay.lock();
        let is_new = state.clients.insert(client, info.clone()).is_none();
        if !is_new {
            return;
        }
        *state.users.entry(user.clone()).or_insert(0) += 1;
        let count = relay.listeners.fetch_add(1, Ordering::Relaxed) + 1;
        drop(state);
        if is_announced && count <= ANNOUNCED_LISTENERS_MAX {
            self.publish_ephemeral(&relay.channel, Ephemeral::Join(info));
        }
    }

    /// A session no longer listens; small rooms are told.
    pub fn leave(&self, relay: &Arc<Relay>, client: Uuid, user: &UserId, is_announced: bool) {
        let mut state = relay.lock();
        let Some(info) = state.clients.remove(&client) else {
            return;
        };
        if let Some(count) = state.users.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                state.users.remove(user);
            }
        }
        // A full roster's memory goes with the audience.
        if state.clients.len() * 4 < state.clients.capacity() {
            state.clients.shrink_to_fit();
            state.users.shrink_to_fit();
        }
        let count = relay.listeners.fetch_sub(1, Ordering::Relaxed) - 1;
        drop(state);
        if is_announced && count <= ANNOUNCED_LISTENERS_MAX {
            self.publish_ephemeral(&relay.channel, Ephemeral::Leave(info));
        }
    }
}

impl Relay {
    /// How many listen on this node.
    pub fn presence_stats(&self) -> PresenceStats {
        let state = self.lock();
        PresenceStats {
            clients: state.clients.len(),
            users: state.users.len(),
        }
    }

    /// Who listens on this node; None above the roster's size.
    pub fn presence(&self) -> Option<HashMap<Uuid, ClientInfo>> {
        let state = self.lock();
        (state.clients.len() <= ROSTER_MAX).then(|| state.clients.clone())
    }
}
