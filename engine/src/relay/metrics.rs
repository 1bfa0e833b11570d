//! What relays count. No labels.

use prometheus::{IntCounter, IntGauge, Registry};

/// Counters of a node's relays.
#[derive(Debug, Clone)]
pub(super) struct RelayMetrics {
    /// Channels with listeners on this node.
    pub(super) channels: IntGauge,
    /// Entries taken in.
    pub(super) entries: IntCounter,
    /// Holes that had to be filled from storage.
    pub(super) holes: IntCounter,
}

impl RelayMetrics {
    pub(super) fn new() -> Self {
        let counter = |name: &str, help: &str| IntCounter::new(name, help).expect("a metric name");
        Self {
            channels: IntGauge::new("plenum_relay_channels", "Channels with listeners on this node.")
                .expect("a metric name"),
            entries: counter(
                "plenum_relay_entries_total",
                "Committed entries that relays took in for listeners.",
            ),
            holes: counter(
                "plenum_relay_holes_total",
                "Holes in a relay that had to be filled from storage.",
            ),
        }
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.channels.clone()))?;
        registry.register(Box::new(self.entries.clone()))?;
        registry.register(Box::new(self.holes.clone()))
    }
}
