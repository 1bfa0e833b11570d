//! What search measures: the indexer's work and its lag, and what searches cost.

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Seconds at which the histogram counts.
const BUCKETS_S: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// The metrics of search on a node.
#[derive(Clone)]
pub struct SearchMetrics {
    /// Searches of texts, in seconds.
    pub texts_seconds: Histogram,
    /// Searches of file names, in seconds.
    pub files_seconds: Histogram,
    /// Searches of people, in seconds.
    pub people_seconds: Histogram,
    /// Entries that are in no segment yet.
    pub lag_entries: IntGauge,
    /// Times that the indexer had to give up.
    pub failures: IntCounter,
    segments_closed: IntCounter,
    segments_merged: IntCounter,
    bytes: IntCounter,
}

impl SearchMetrics {
    /// Metrics that nobody collects.
    ///
    /// # Panics
    /// Never: the names below are valid.
    #[must_use]
    pub fn unregistered() -> Self {
        Self::register(&Registry::new()).expect("a new registry knows none of the names")
    }

    /// Makes the metrics known to `registry`.
    ///
    /// # Errors
    /// When the registry has one of the names already.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "plenum_search_seconds",
                "How long searches took in the node and its store, by what was looked for.",
            )
            .buckets(BUCKETS_S.to_vec()),
            &["what"],
        )?;
        let segments = IntCounterVec::new(
            Opts::new(
                "plenum_search_segments_total",
                "Segments of the search index that were written. closed: out of new entries; merged: out of smaller ones.",
            ),
            &["how"],
        )?;
        let bytes = IntCounter::new(
            "plenum_search_index_written_bytes_total",
            "Bytes of the search index that were written.",
        )?;
        let lag_entries = IntGauge::new(
            "plenum_search_lag_entries",
            "Entries that searches still scan because they are in no segment yet. Growing without end: the indexer \
             does not keep up, and searches get slower.",
        )?;
        let failures = IntCounter::new(
            "plenum_search_index_failures_total",
            "Times that the indexer gave up for a while because the store failed. Nothing is lost: it begins again.",
        )?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(segments.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(lag_entries.clone()))?;
        registry.register(Box::new(failures.clone()))?;
        Ok(Self {
            texts_seconds: seconds.with_label_values(&["texts"]),
            files_seconds: seconds.with_label_values(&["files"]),
            people_seconds: seconds.with_label_values(&["people"]),
            lag_entries,
            failures,
            segments_closed: segments.with_label_values(&["closed"]),
            segments_merged: segments.with_label_values(&["merged"]),
            bytes,
        })
    }

    pub(super) fn closed(&self, bytes: u64) {
        self.segments_closed.inc();
        self.bytes.inc_by(bytes);
    }

    pub(super) fn merged(&self, bytes: u64) {
        self.segments_merged.inc();
        self.bytes.inc_by(bytes);
    }
}
