//! What storage measures. The gateway registers it once; backends get it with their options. Labels are closed and
//! resolved here, so that a commit touches atomics only.

pub use crate::driver::DriverMetrics;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The metrics of one store.
#[derive(Clone)]
pub struct StorageMetrics {
    /// From the beginning of a transaction to its end, in seconds.
    pub commit_seconds: Histogram,
    /// Log entries in one commit.
    pub commit_entries: Histogram,
    /// Batches of rooms and other writes in one commit.
    pub commit_jobs: Histogram,
    /// Commits that are durable.
    pub commits_ok: IntCounter,
    /// Transactions that were rolled back by an error.
    pub commits_rolled_back: IntCounter,
    /// Commits whose outcome is not known.
    pub commits_unknown: IntCounter,
    /// Jobs that wait for the writer.
    pub queue_jobs: IntGauge,
    /// Bytes in the write-ahead log that have not been copied back.
    pub wal_bytes: IntGauge,
    /// What reaches the store.
    pub statements: StatementMetrics,
    /// What the driver of CQL servers counts.
    pub driver: DriverMetrics,
}

/// Statements that reach the store. What counts as one is the backend's to say: SQLite runs a read, or a write, as one job.
#[derive(Clone)]
pub struct StatementMetrics {
    /// Reads.
    pub read: IntCounter,
    /// Writes; a batch is one.
    pub write: IntCounter,
    /// Writes that happen only if the store agrees first with other writers (light-weight transactions).
    pub conditional: IntCounter,
}

impl StatementMetrics {
    fn register(registry: &Registry) -> prometheus::Result<Self> {
        let statements = IntCounterVec::new(
            Opts::new(
                "plenum_storage_statements_total",
                "Statements that reached the store, by kind: what memory and shared reads did not spare it. SQLite counts \
                 a read or a write of the engine as one, a batch of entries too.",
            ),
            &["kind"],
        )?;
        registry.register(Box::new(statements.clone()))?;
        Ok(Self {
            read: statements.with_label_values(&["read"]),
            write: statements.with_label_values(&["write"]),
            conditional: statements.with_label_values(&["conditional"]),
        })
    }
}

impl StorageMetrics {
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
        let commit_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "plenum_storage_commit_seconds",
                "From the beginning of a transaction to its end, with the sync to disk: what every acknowledged \
                 message waits for.",
            )
            .buckets(vec![
                0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
            ]),
        )?;
        let commit_entries = Histogram::with_opts(
            HistogramOpts::new(
                "plenum_storage_commit_entries",
                "Entries of all rooms that became durable with one sync: more of them make the disk cheaper per \
                 message.",
            )
            .buckets(vec![
                1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0,
            ]),
        )?;
        let commit_jobs = Histogram::with_opts(
            HistogramOpts::new(
                "plenum_storage_commit_jobs",
                "Batches of rooms, and other writes, that shared one sync to disk.",
            )
            .buckets(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
        )?;
        let commits = IntCounterVec::new(
            Opts::new(
                "plenum_storage_commits_total",
                "Commits by outcome. rolled_back: nothing was stored, senders try again; unknown: the disk failed \
                 at the worst moment, rooms read their logs anew. Anything but ok needs a look at the log.",
            ),
            &["outcome"],
        )?;
        let queue_jobs = IntGauge::new(
            "plenum_storage_queue_jobs",
            "Writes that wait for the one writer. Growing: the disk is slower than the senders.",
        )?;
        let wal_bytes = IntGauge::new(
            "plenum_storage_wal_bytes",
            "Bytes in the write-ahead log that have not been copied into the database yet. Growing without end: a \
             reader or a full disk holds it up.",
        )?;
        registry.register(Box::new(commit_seconds.clone()))?;
        registry.register(Box::new(commit_entries.clone()))?;
        registry.register(Box::new(commit_jobs.clone()))?;
        registry.register(Box::new(commits.clone()))?;
        registry.register(Box::new(queue_jobs.clone()))?;
        registry.register(Box::new(wal_bytes.clone()))?;
        Ok(Self {
            commit_seconds,
            commit_entries,
            commit_jobs,
            commits_ok: commits.with_label_values(&["ok"]),
            commits_rolled_back: commits.with_label_values(&["rolled_back"]),
            commits_unknown: commits.with_label_values(&["unknown"]),
            queue_jobs,
            wal_bytes,
            statements: StatementMetrics::register(registry)?,
            driver: DriverMetrics::register(registry)?,
        })
    }
}
