//! What wakes a shard: relays that have something new for it. Bounded by the number of relays, since a relay stands in it at most once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Relay;

/// The relays that have something new for one shard.
#[derive(Debug, Default)]
pub struct Inbox {
    dirty: Mutex<Vec<Arc<Relay>>>,
    notify: Notify,
}

impl Inbox {
    /// Puts a relay in; the relay itself takes care not to stand in it twice.
    pub(super) fn push(&self, relay: Arc<Relay>) {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).push(relay);
        self.notify.notify_one();
    }

    /// Everything that became dirty since the last call.
    pub fn take(&self) -> Vec<Arc<Relay>> {
        std::mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there may be something.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }
}
