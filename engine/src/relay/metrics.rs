//! What relays count. No labels.

use std::sync::Arc;

use prometheus::{IntCounter, IntGauge, Registry, core::Collector};

/// Counters of a node's relays. Cloning shares them.
#[derive(Debug, Clone)]
pub(super) struct RelayMetrics {
    /// Channels with listeners on this node.
    pub(super) channels: IntGauge,
    /// Entries taken in.
    pub(super) entries: IntCounter,
    /// Holes that had to be filled from storage.
    pub(super) holes: IntCounter,
    /// What the rings keep.
    pub(super) kept: Arc<KeptMetrics>,
}

/// What rings keep, all together.
#[derive(Debug)]
pub(super) struct KeptMetrics {
    pub(super) entries: IntGauge,
    pub(super) bytes: IntGauge,
    /// Entries that went because a ring was full.
    pub(super) dropped: IntCounter,
}

impl RelayMetrics {
    pub(super) fn new() -> Self {
        Self {
            channels: gauge(
                "plenum_relay_channels",
                "Channels (rooms, users' own, open ones) with listeners on this node.",
            ),
            entries: counter(
                "plenum_relay_entries_total",
                "Stored entries that this node passed on to listeners, once per channel.",
            ),
            holes: counter(
                "plenum_relay_holes_total",
                "Times that entries came out of order and the missing ones were read from storage. Rare; steady \
                 growth deserves a look.",
            ),
            kept: Arc::new(KeptMetrics::new()),
        }
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let gauges = [&self.channels, &self.kept.entries, &self.kept.bytes];
        let counters = [&self.entries, &self.holes, &self.kept.dropped];
        let gauges = gauges.map(|gauge| Box::new(gauge.clone()) as Box<dyn Collector>);
        let counters = counters.map(|counter| Box::new(counter.clone()) as Box<dyn Collector>);
        gauges
            .into_iter()
            .chain(counters)
            .try_for_each(|metric| registry.register(metric))
    }
}

impl KeptMetrics {
    fn new() -> Self {
        Self {
            entries: gauge(
                "plenum_relay_kept_entries",
                "Newest entries of channels with listeners, kept in memory for those who return.",
            ),
            bytes: gauge(
                "plenum_relay_kept_bytes",
                "Bytes of the entries in plenum_relay_kept_entries. Bounded per channel: many busy rooms need more.",
            ),
            dropped: counter(
                "plenum_relay_dropped_entries_total",
                "Entries that left memory because their channel keeps no more; whoever wants them reads them from \
                 storage.",
            ),
        }
    }
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("a metric name")
}

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("a metric name")
}
