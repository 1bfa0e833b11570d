//! How a store is opened, and every limit of this backend in one place.

use std::{sync::Arc, time::Duration};

use super::faults::Faults;
use crate::metrics::StorageMetrics;

/// Jobs that may wait for the writer; above it calls answer "busy".
pub const WRITE_JOBS_MAX: usize = 16_384;
/// Bytes of bodies that may wait for the writer; above it calls answer "busy".
pub const WRITE_BYTES_MAX: usize = 64 << 20;
/// Jobs in one commit.
pub const COMMIT_JOBS_MAX: usize = 1_024;
/// Bytes of bodies in one commit, a little more when a single batch is larger.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;
/// Reads that may wait; above it calls answer "busy".
pub const READ_JOBS_MAX: usize = 4_096;
/// Short reads that one reader takes at once: waking another thread for the second costs more than the read.
pub const READ_JOBS_PER_WAKE: usize = 2;
/// Threads that read.
pub const READERS: usize = 4;
/// How long a transaction waits for another process that writes the same file.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long a repetition of a command is recognised, in milliseconds.
pub const COMMAND_LIFETIME_MS: i64 = 7 * 24 * 3_600_000;
/// Rows removed or looked at in one slice of background work: a millisecond or two.
pub const SLICE_ROWS: usize = 500;
/// Blocks of the search index removed in one slice: a millisecond or two.
pub const SLICE_BLOCKS: usize = 64;
/// Commits after which background work gets a slice though appends are waiting.
pub const COMMITS_PER_SLICE: u32 = 16;
/// Time between two passes over the records of old commands.
pub const COMMAND_PASS_PAUSE: Duration = Duration::from_secs(3_600);
/// Pages of the write-ahead log from which an idle writer copies it back (4 MiB).
pub const WAL_PAGES_IDLE: usize = 1_024;
/// Pages of the write-ahead log from which a busy writer copies it back too (16 MiB).
pub const WAL_PAGES_BUSY: usize = 4_096;
/// Pages of the write-ahead log from which it is emptied, waiting for readers a moment (64 MiB).
pub const WAL_PAGES_MAX: usize = 16_384;
/// What the write-ahead log's file is cut to when it starts anew, in bytes.
pub const WAL_KEPT_BYTES: i64 = 32 << 20;
/// How long emptying the write-ahead log waits for readers; appends wait with it.
pub const EMPTY_WAIT: Duration = Duration::from_millis(50);
/// How long the background lane rests when a reader kept it from emptying the write-ahead log.
pub const EMPTY_REST: Duration = Duration::from_secs(1);
/// How long the background lane rests after a failure.
pub const FAILURE_REST: Duration = Duration::from_secs(5);
/// The writer's page cache, in KiB.
pub const WRITER_CACHE_KIB: i64 = 32 << 10;
/// Each reader's page cache, in KiB.
pub const READER_CACHE_KIB: i64 = 8 << 10;
/// Statements kept prepared per connection.
pub const STATEMENTS_KEPT: usize = 96;
/// Files below this size are checked page by page when they are opened, in bytes.
pub const CHECK_BYTES_MAX: u64 = 64 << 20;
/// Replaced refresh tokens remembered per login: presenting one of them ends the login.
pub const REPLACED_TOKENS_MAX: i64 = 100;

/// Why the process has to end: what is in memory and what is on the disk may differ from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fatal {
    /// The disk did not confirm a write. What the kernel's cache shows from here on may not be on the disk.
    Disk(String),
    /// The writer thread panicked.
    Panic(String),
}

/// Called once at most, on the writer's thread, after everybody concerned got an answer.
pub type FatalHook = Arc<dyn Fn(Fatal) + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Only one process may serve a file. `plenum serve` sets it; `plenum user add` beside a running node does not.
    pub exclusive: bool,
    /// Create the file when there is none.
    pub create: bool,
    /// Threads that read, from 1.
    pub readers: usize,
    /// Where commits are counted.
    pub metrics: StorageMetrics,
    /// What to do when the process has to end. The default writes to the log only.
    pub on_fatal: FatalHook,
    /// Failures to inject; has no controls unless the feature `faults` is on.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exclusive: false,
            create: true,
            readers: READERS,
            metrics: StorageMetrics::unregistered(),
            on_fatal: Arc::new(|fatal| tracing::error!(?fatal, "the store can not go on")),
            faults: Faults::default(),
        }
    }
}
