//! What is counted when rooms drop their past.

use prometheus::{IntCounter, Registry};

use crate::metrics::Maker;

/// What came of looking at a room that does not keep everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Something went.
    Dropped,
    /// Nothing was over.
    Kept,
    /// The store did not do it; the next look tries again.
    Failed,
}

/// Counters of dropped pasts.
#[derive(Debug, Clone)]
pub(crate) struct RetentionMetrics {
    entries: IntCounter,
    rooms: [IntCounter; 3],
}

impl RetentionMetrics {
    /// Makes the counters and registers them.
    ///
    /// # Errors
    /// When the registry has them already.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let make = Maker(registry);
        Ok(Self {
            entries: make.counter(
                "plenum_retention_dropped_entries_total",
                "Entries that rooms with a retention have dropped because their time was over.",
            )?,
            rooms: make.counters(
                "plenum_retention_rooms_total",
                "Looks at rooms with a retention, about one an hour for each. dropped: something went; kept: nothing \
                 was over; failed: the store did not do it, the next look tries again.",
                "outcome",
                ["dropped", "kept", "failed"],
            )?,
        })
    }

    pub(super) fn looked(&self, outcome: Outcome, entries: u64) {
        self.rooms[outcome as usize].inc();
        self.entries.inc_by(entries);
    }
}
