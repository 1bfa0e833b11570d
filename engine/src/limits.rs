//! Every limit of the engine, in one place. What an operator sets stands in [`Limits`]; what follows from the design is a constant.

use std::time::Duration;

/// Threads that rooms run on. They never carry sockets.
pub const ROOM_THREADS: usize = 2;
/// Commands that may wait in one room.
pub const QUEUE_COMMANDS_MAX: usize = 16_384;
/// Bytes of commands that may wait in one room.
pub const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Bytes of commands that may wait on the node.
pub const NODE_QUEUE_BYTES_MAX: usize = 256 << 20;
/// Entries of one append.
pub const BATCH_ENTRIES_MAX: usize = 1_024;
/// Bytes of one append.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// A command is answered after this time at the latest: "unavailable, try again".
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(2);
/// A room with waiting commands and no progress for this long is taken for stuck.
pub const STUCK_AFTER: Duration = Duration::from_millis(1_500);
/// A room thread without a heartbeat for this long is taken for blocked.
pub const BLOCKED_AFTER: Duration = Duration::from_millis(1_000);
/// A room without commands and listeners sleeps after this time.
pub const ROOM_IDLE: Duration = Duration::from_secs(30);
/// Members that a room keeps in memory at most.
pub const MEMBERS_CACHED_MAX: usize = 4_096;

/// Entries that a relay keeps of one room at most.
pub const RING_ENTRIES_MAX: usize = 16_384;
/// Bytes that a relay keeps of one room at most.
pub const RING_BYTES_MAX: usize = 8 << 20;
/// Short-lived frames (joins, receipts) that a relay keeps of one room at most.
pub const RING_EPHEMERAL_MAX: usize = 256;
/// Bytes of one block of a framed log.
pub const BLOCK_BYTES: usize = 64 << 10;
/// Bytes of framed log that a shard keeps of one room and variant.
pub const WINDOW_BYTES_MAX: usize = 16 << 20;
/// Bytes of framed log that a shard keeps at all; above it windows get shorter.
pub const SHARD_LOG_BYTES_MAX: usize = 256 << 20;
/// Bytes of one log that a session is given before another log has its turn.
pub const LOG_QUANTUM_BYTES: usize = 64 << 10;
/// Bytes that a session's personal queue may hold: replies, pings. More closes the connection with 3008.
pub const PERSONAL_BYTES_MAX: usize = 1 << 20;
/// A session that takes no byte for this long although there are some is closed with 3008.
pub const NO_PROGRESS_AFTER: Duration = Duration::from_secs(60);
/// Listeners of a room on this node from which fan-out begins to gather.
pub const BUDGET_LISTENERS_MIN: usize = 500;
/// Listeners of a room on this node from which fan-out gathers for the whole [`BUDGET_MAX`].
pub const BUDGET_LISTENERS_MAX: usize = 5_000;
/// The longest that fan-out gathers by default.
pub const BUDGET_MAX: Duration = Duration::from_millis(100);
/// Sessions that a sweep serves before other work of the thread has its turn.
pub const SWEEP_SESSIONS: usize = 128;
/// Seconds between two pings to a client.
pub const PING_INTERVAL_S: u32 = 25;
/// Seconds a client has for its pong.
pub const PONG_TIMEOUT_S: u32 = 10;
/// Seconds a new connection has for its connect command.
pub const CONNECT_TIMEOUT_S: u32 = 10;
/// Subscriptions of one session.
pub const SUBSCRIPTIONS_MAX: usize = 128;
/// Commands that one session may have under way.
pub const COMMANDS_UNDER_WAY_MAX: usize = 1_024;
/// Listeners up to which a room has a list of who is present, and join and leave pushes.
pub const ROSTER_MAX: usize = 500;
/// Publications in one answer of the protocol's history.
pub const HISTORY_LIMIT_MAX: usize = 1_000;
/// Bytes of entries in one page.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// Members up to which a room's head moves reach the members' own channels.
pub const UNREAD_HINTS_MEMBERS_MAX: u64 = 500;

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `realtime.delivery_budget_ms`: how long fan-out may gather; None: by the room's size; zero: never.
    pub delivery_budget: Option<Duration>,
    /// `realtime.recovery_max_entries`: entries that recovery gives back at most.
    pub recovery_max_entries: u64,
    /// `limits.publish_per_second` of one session; 0: no limit.
    pub publish_per_second: u32,
    /// `limits.message_bytes`: bytes of one payload.
    pub message_bytes: usize,
    /// `realtime.open_channels`.
    pub open_channels: bool,
    /// `realtime.allow_anonymous`.
    pub allow_anonymous: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            delivery_budget: None,
            recovery_max_entries: 10_000,
            publish_per_second: 20,
            message_bytes: 65_536,
            open_channels: false,
            allow_anonymous: false,
        }
    }
}

// What must hold between them.
const _: () = assert!(BLOCK_BYTES < WINDOW_BYTES_MAX && WINDOW_BYTES_MAX <= SHARD_LOG_BYTES_MAX);
const _: () = assert!(QUEUE_BYTES_MAX <= NODE_QUEUE_BYTES_MAX && BATCH_BYTES_MAX <= QUEUE_BYTES_MAX);
const _: () = assert!(BATCH_ENTRIES_MAX <= QUEUE_COMMANDS_MAX);
const _: () = assert!(BUDGET_LISTENERS_MIN < BUDGET_LISTENERS_MAX);
