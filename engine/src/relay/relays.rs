//! The node's relays by channel.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use prometheus::Registry;
use storage::Store;

use super::{Inbox, Relay, deletions::Deletions, metrics::RelayMetrics};
use crate::{Channel, warm::Warm};

/// Keeps a relay that is being opened.
pub(super) struct Hold<'relays> {
    relays: &'relays Relays,
    pub(super) relay: Arc<Relay>,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.relays.release(&self.relay);
    }
}

/// The node's relays. Cloning shares them.
#[derive(Clone)]
pub struct Relays {
    pub(super) store: Arc<dyn Store>,
    by_channel: Arc<RwLock<HashMap<Channel, Arc<Relay>>>>,
    pub(super) deletions: Arc<Deletions>,
    pub(super) metrics: RelayMetrics,
    /// What the node remembers of rooms that many open.
    pub(crate) warm: Warm,
}

impl Relays {
    /// No relays yet; gaps are filled from `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            warm: Warm::new(Arc::clone(&store)),
            store,
            by_channel: Arc::default(),
            deletions: Arc::default(),
            metrics: RelayMetrics::new(),
        }
    }

    /// Registers what relays count.
    ///
    /// # Errors
    /// When the registry has it already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.warm.register(registry)?;
        self.metrics.register(registry)
    }

    /// The channel's relay, if somebody on this node listens.
    pub fn get(&self, channel: &Channel) -> Option<Arc<Relay>> {
        self.by_channel
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(channel)
            .cloned()
    }

    /// Whether somebody on this node listens.
    pub fn has_listeners(&self, channel: &Channel) -> bool {
        self.get(channel).is_some()
    }

    /// How many channels have listeners on this node.
    pub fn len(&self) -> usize {
        self.by_channel.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nobody on this node listens to anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of channels with listeners on this node and how many sessions each has.
    pub fn channels(&self) -> Vec<(Channel, usize)> {
        let relays = self.by_channel.read().unwrap_or_else(PoisonError::into_inner);
        relays
            .iter()
            .map(|(channel, relay)| (channel.clone(), relay.listeners()))
            .collect()
    }

    /// The channel's relay, kept alive until the hold is dropped: also when whoever waits for it to open goes away meanwhile.
    pub(super) fn hold(&self, channel: &Channel) -> Hold<'_> {
        let mut relays = self.by_channel.write().unwrap_or_else(PoisonError::into_inner);
        let relay = relays
            .entry(channel.clone())
            .or_insert_with(|| Arc::new(Relay::new(channel.clone(), Arc::clone(&self.metrics.kept))));
        relay.lock().opening += 1;
        let relay = Arc::clone(relay);
        self.metrics.channels.set(relays.len() as i64);
        Hold { relays: self, relay }
    }

    /// Ends one hold; the relay goes when nobody is attached any more.
    fn release(&self, relay: &Arc<Relay>) {
        let mut relays = self.by_channel.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = relay.lock();
        state.opening -= 1;
        if state.opening == 0 && state.attached.is_empty() {
            drop(state);
            relays.remove(&relay.channel);
            self.metrics.channels.set(relays.len() as i64);
        }
    }

    /// A shard takes its hands off the channel.
    pub fn detach(&self, relay: &Arc<Relay>, inbox: &Arc<Inbox>) {
        let mut relays = self.by_channel.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = relay.lock();
        state.attached.retain(|attached| !Arc::ptr_eq(&attached.inbox, inbox));
        if state.opening == 0 && state.attached.is_empty() {
            drop(state);
            relays.remove(&relay.channel);
            self.metrics.channels.set(relays.len() as i64);
        }
    }
}
