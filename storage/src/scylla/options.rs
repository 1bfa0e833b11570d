//! How a store is opened, and every limit of this backend in one place.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::Address;
use crate::metrics::StorageMetrics;

/// How long a read may take, with its repetitions.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one try of a write may take. What it did is unknown after that, and it is tried again.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a conditional statement may take; its outcome is read after that.
pub const CONDITIONAL_TIMEOUT: Duration = Duration::from_secs(5);
/// What the server is told on top of our own patience: nobody waits any longer for the answer (`USING TIMEOUT`, ScyllaDB).
pub const SERVER_TIMEOUT: Duration = Duration::from_millis(2_500);
/// How long one page of a walk through a whole table may take, with its repetitions.
pub const SCAN_TIMEOUT: Duration = Duration::from_secs(30);
/// What the server is told of that: less than our own patience.
pub const SCAN_SERVER_TIMEOUT: Duration = Duration::from_secs(25);
/// How long an export or import waits for servers that are away before it gives up; it goes on where it was when it is run again.
pub const DUMP_PATIENCE: Duration = Duration::from_secs(60);
/// Rooms of an export that are read at the same time.
pub const DUMP_ROOMS_AT_ONCE: usize = 16;
/// Records of a room that are read at the same time as those of others; the rest of a larger room is read by itself.
pub const DUMP_ROOM_RECORDS: usize = 1_024;
/// The same in bytes.
pub const DUMP_ROOM_BYTES: usize = 256 << 10;
/// Members of a room up to which an export reads them together with the end of its log; of a larger crowd, those who leave while the log
/// is read are missing.
pub const DUMP_MEMBERS_MAX: u64 = 20_000;
/// Batches of an import under way at once.
pub const LOAD_BATCHES_AT_ONCE: usize = 32;
/// After this time an idempotent statement is sent to another replica too.
pub const SPECULATION_DELAY: Duration = Duration::from_millis(200);
/// After this time a server that reads for us asks a third replica instead of one that does not answer (`speculative_retry` of every
/// table). The servers' own measure, the slowest hundredth of late reads, grows with the trouble it is meant for.
pub const REPLICA_PATIENCE: Duration = Duration::from_millis(100);
/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often an idle connection is asked whether it lives, and how long the answer may take.
pub const KEEPALIVE: Duration = Duration::from_secs(2);
/// Threads that work for the store beside the callers' own.
pub const THREADS: usize = 2;
/// Statements under way at once; above it callers wait for their turn.
pub const STATEMENTS_AT_ONCE_MAX: usize = 512;
/// Statements that may wait for their turn; above it calls answer "busy".
pub const STATEMENTS_WAITING_MAX: usize = 16_384;
/// How many rows one page of a result has at most.
pub const PAGE_ROWS_MAX: i32 = 1_000;
/// Rows of a log in one page: bodies may have 64 KiB each.
pub const LOG_PAGE_ROWS_MAX: usize = 256;
/// Bytes of bodies in one batch of rows of one bucket: far below what the servers refuse (8 MiB with the smallest commit log).
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// Rows in one batch of one bucket.
pub const BATCH_ROWS_MAX: usize = 1_000;
/// How long an append or what follows from it is repeated while its outcome is unknown. After that the room is given up until the
/// log has been read again.
pub const APPEND_PATIENCE: Duration = Duration::from_secs(8);
/// The pause between two tries, doubled each time up to [`RETRY_PAUSE_MAX`].
pub const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two tries.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_millis(500);
/// Appends that may wait, of all rooms; above it calls answer "busy".
pub const APPENDS_WAITING_MAX: usize = 16_384;
/// Bytes of bodies of appends that may wait; above it calls answer "busy".
pub const APPENDS_BYTES_MAX: usize = 64 << 20;
/// Rooms whose end of log is kept in memory; those that nobody uses go first.
pub const CELLS_MAX: usize = 100_000;
/// How long a repetition of a command is recognised, in milliseconds.
pub const COMMAND_LIFETIME_MS: i64 = 7 * 24 * 3_600_000;
/// The same for the server, with a day's margin, in seconds.
pub const COMMAND_TTL_S: i32 = 8 * 24 * 3_600;
/// Command ids of one room kept in memory, so that new ones are known to be new without a statement.
pub const COMMAND_IDS_KEPT_MAX: usize = 100_000;
/// Filters of commands kept for one room, of the buckets that are not known by heart any more: 200 KB each.
pub const COMMAND_FILTERS_KEPT_MAX: usize = 256;
/// Stored filters that one statement gives: 1 MB, which is what ScyllaDB sends in one page.
pub const COMMAND_FILTERS_PER_READ: i32 = 5;
/// Groups whose stored filters are read at the same time.
pub const COMMAND_FILTER_READS_AT_ONCE: usize = 8;
/// Keys of commands that one statement gives, of a bucket whose filter is made from what lies in it: eight bytes each.
pub const COMMAND_KEYS_PER_READ: i32 = 10_000;
/// Keys of one `IN` list.
pub const IN_KEYS_MAX: usize = 100;
/// People whose memberships one statement asks for: keys of one partition, one place each.
pub const MEMBERS_PER_READ: usize = 1_000;
/// How long a room's index of messages may be what it was when it was read; segments that are replaced are kept for ten times as long.
pub const SEARCH_STATE_LIFETIME: Duration = Duration::from_secs(60);
/// Bytes of the index's blocks that are kept in memory, of all rooms.
pub const SEARCH_BLOCKS_BYTES_MAX: usize = 64 << 20;
/// Entries behind the newest message up to which it is read together with the end of the log.
pub const LAST_MESSAGE_ROWS_MAX: u64 = 16;
/// Buckets that one statement of the index gives.
pub const BUCKETS_PER_READ: i32 = 16;
/// The same for whoever wants all of a group's young buckets: a group has 21 where all are full.
pub const GROUP_BUCKETS_PER_READ: i32 = 64;
/// Rows of the index kept in memory, of all rooms: of sealed buckets, about 100 bytes each.
pub const SEALED_BUCKETS_KEPT_MAX: usize = 65_536;
/// Buckets of one range that are read at the same time.
pub const BUCKETS_AT_ONCE: usize = 8;
/// Statements of one call that go out at the same time, where a call needs many (rooms of a list of chats).
pub const CALL_STATEMENTS_AT_ONCE: usize = 64;
/// Rows up to which the last bucket of an earlier term is taken over into one of the new term instead of being sealed.
pub const ADOPTED_ROWS_MAX: u32 = 256;
/// The same in bytes.
pub const ADOPTED_BYTES_MAX: u64 = 1 << 20;
/// How long the ends of logs may lag behind in the table of heads; a crash makes that much to be derived again.
pub const HEADS_FLUSH_PAUSE: Duration = Duration::from_millis(500);
/// Heads written at the same time.
pub const HEADS_AT_ONCE: usize = 16;
/// How long the lease on an installation holds after its last renewal began.
pub const LEASE_TIME: Duration = Duration::from_secs(10);
/// How often it is renewed.
pub const LEASE_RENEWAL: Duration = Duration::from_millis(2_500);
/// What somebody else waits on top before taking over a lease that has ended.
pub const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// How long closing a store waits for what is behind to be written and the lease to be given back.
pub const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// After this time nobody reads a bucket any more that has been taken over by another one.
pub const REMOVAL_DELAY: Duration = Duration::from_secs(30);
/// How long whoever drops the past of a log waits for the removal of its buckets; it goes on without.
pub const REMOVAL_PATIENCE: Duration = Duration::from_secs(5);
/// Replaced refresh tokens remembered per login: presenting one of them ends the login.
pub const REPLACED_TOKENS_MAX: i64 = 100;
/// After this time a claimed user name without its user can be claimed by somebody else, in milliseconds.
pub const CLAIM_LIFETIME_MS: i64 = 60_000;
/// The longest pause between two tries to reach the servers at start.
pub const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Why the process has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fatal {
    /// Another node owns the installation now: what this one holds in memory may be stale.
    Deposed,
}

/// Called once at most, on a thread of the store.
pub type FatalHook = Arc<dyn Fn(Fatal) + Send + Sync>;

/// Who opens the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// The node that serves it: it waits for the lease and holds it.
    Node {
        /// How others see it.
        name: String,
        /// Where a mark of this node lies that its next start finds again, so that it need not wait for its own lease. None: it waits.
        folder: Option<PathBuf>,
    },
    /// A command beside a node: it creates no rooms and writes no logs.
    Beside,
}

/// How the keyspace is created where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// Copies of each row.
    pub factor: u8,
    /// In these data centres, each with that many copies. Empty: in the one that the contact points are in.
    pub datacenters: Vec<String>,
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            factor: 1,
            datacenters: Vec::new(),
        }
    }
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where.
    pub address: Address,
    /// User name and password, where the servers ask for them.
    pub credentials: Option<(String, String)>,
    /// How the keyspace is created.
    pub replication: Replication,
    /// Whether keyspace and tables are created and upgraded; else they have to be there.
    pub migrate: bool,
    /// Who opens it.
    pub ownership: Ownership,
    /// Where statements are counted.
    pub metrics: StorageMetrics,
    /// What to do when the process has to end. The default writes to the log only.
    pub on_fatal: FatalHook,
}

impl Options {
    /// What holds where nothing else is said.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            credentials: None,
            replication: Replication::default(),
            migrate: true,
            ownership: Ownership::Beside,
            metrics: StorageMetrics::unregistered(),
            on_fatal: Arc::new(|fatal| tracing::error!(?fatal, "the store can not go on")),
        }
    }
}
