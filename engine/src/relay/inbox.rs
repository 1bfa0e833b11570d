//! What wakes a shard: relays that have something new for it. Bounded by the number of relays, since a relay stands in it at most once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::Relay;

/// The relays that have something new for one shard.
#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<State>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct State {
    dirty: Vec<Arc<Relay>>,
    /// Told when everything that stood here before them has been taken in; one per deletion under way.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Inbox {
    /// Puts a relay in; the relay itself takes care not to stand in it twice.
    pub(super) fn push(&self, relay: Arc<Relay>) {
        self.lock().dirty.push(relay);
        self.notify.notify_one();
    }

    /// Everything that became dirty since the last call.
    pub fn take(&self) -> Vec<Arc<Relay>> {
        std::mem::take(&mut self.lock().dirty)
    }

    /// Those who wait for what [`Inbox::take`] gives next; they are told by dropping their senders once it has been taken in.
    pub(crate) fn take_waiting(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Done when the shard has taken in everything that stands here now, or is gone.
    pub(super) fn taken_in(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.lock().waiting.push(sender);
        self.notify.notify_one();
        receiver
    }

    /// Waits until there may be something.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
