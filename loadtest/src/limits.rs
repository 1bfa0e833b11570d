//! Every limit of the simulator, in one place. What its user sets stands in [`crate::arguments`].

use std::time::Duration;

/// Phones of one run.
pub const SESSIONS_MAX: u32 = 1_000_000;
/// Messages of one run: each costs some bytes per thread until the verdict.
pub const MESSAGES_MAX: u64 = 2_000_000;
/// Messages per second.
pub const RATE_MAX: f64 = 100_000.0;
/// Messages that phones miss in a storm.
pub const MISSED_MAX: u64 = 100_000;
/// Seconds of one run.
pub const SECONDS_MAX: u64 = 24 * 3_600;
/// Shortest message in bytes: its mark must fit.
pub const MESSAGE_BYTES_MIN: usize = 96;
/// Longest message in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Threads with phones.
pub const THREADS_MAX: usize = 256;
/// Entries that a phone may ask for when it opens the room.
pub const HISTORY_MAX: u32 = 10_000;

/// The time in which all phones of a rush open the room.
pub const RUSH_LASTS: Duration = Duration::from_secs(1);
/// How long no statement may reach the server's store before a rush begins.
pub const STORE_QUIET_FOR: Duration = Duration::from_millis(500);
/// How long a rush waits for that at most.
pub const STORE_QUIET_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that make accounts at the same time.
pub const ACCOUNTS_AT_ONCE: u64 = 256;
/// How often making an account, or a call of the publisher, is tried before it counts as failed.
pub const ATTEMPTS_MAX: u32 = 6;
/// People that one call makes members; the server takes no more.
pub const MEMBERS_AT_ONCE: u64 = 500;
/// Largest scenario file, in bytes.
pub const SCENARIO_FILE_BYTES_MAX: u64 = 1 << 20;

/// Chats of two of one run.
pub const CHATS_MAX: u64 = 100_000;
/// Chats of one phone: the server takes 128 subscriptions of a session, and the room is one.
pub const CHATS_OF_PHONE_MAX: u64 = 126;
/// Chats that come into being at the same time, in each thread.
pub const CHATS_OPENING_MAX: u64 = 64;
/// How often each thread looks how many do.
pub const CHATS_LOOKED_AT_EVERY: Duration = Duration::from_millis(5);

/// Descriptors beside those of the phones.
pub const DESCRIPTORS_RESERVED: u64 = 64;
/// Phones that open their connection at the same time, in each thread.
pub const OPENING_MAX: usize = 512;
/// Source addresses on the loopback network that are tried: 127.0.0.1 to 127.0.0.254.
pub const SOURCE_ADDRESSES_MAX: u8 = 254;
/// How long a connection may take until it is open.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest head of an answer to a handshake, in bytes.
pub const RESPONSE_HEAD_BYTES_MAX: usize = 16 << 10;
/// Longest message that is taken from a server, in bytes.
pub const RECEIVED_BYTES_MAX: u32 = 64 << 20;
/// Longest line beside the chunks of a body, in bytes.
pub const CHUNK_LINES_BYTES_MAX: usize = 4 << 10;
/// Connections that all phones share for their commands beside streams; each thread has its part of them, and one at least.
pub const EMULATION_CONNECTIONS_MAX: u64 = 32;
/// How long such a connection may rest and be used again; servers close theirs later.
pub const EMULATION_IDLE_MAX: Duration = Duration::from_secs(10);
/// The buffer that all phones of a thread are read into; who fills it lets others have their turn.
pub const READ_BUFFER_BYTES: usize = 64 << 10;
/// The kernel's receive buffer of a phone, in bytes; it doubles the value (socket(7)). More would hide lag from the server.
pub const RECEIVE_BUFFER_BYTES: u32 = 64 << 10;
/// The same of a slow phone: less than the kernel's least, which it takes instead.
pub const SLOW_RECEIVE_BUFFER_BYTES: u32 = 1 << 10;
/// How often a slow phone reads.
pub const SLOW_READS_PER_SECOND: usize = 4;
/// Bytes per second of the fastest of slow phones.
pub const SLOW_BYTES_PER_SECOND_MAX: u32 = 100_000_000;
/// First pause before a phone tries again; doubled each time, as SDKs do.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// Longest pause before a phone tries again.
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Frames that a thread keeps for recognizing them at other phones.
pub const FRAMES_KEPT: usize = 65_536;
/// Bytes of such frames.
pub const FRAMES_KEPT_BYTES: usize = 64 << 20;
/// Missing offsets that are remembered one by one, for each phone.
pub const MISSING_KEPT: usize = 4_096;

/// Commands that the publisher writes at once.
pub const COMMANDS_AT_ONCE: u64 = 1_024;
/// Bytes that the publisher holds back before it takes more from its schedule.
pub const UNSENT_BYTES_MAX: usize = 4 << 20;
/// How long the publisher waits for further answers after its last message.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often each thread looks whether it comes to its turn in time.
pub const LAG_MEASURED_EVERY: Duration = Duration::from_millis(10);
/// How often threads say how far they are.
pub const LIVE_EVERY: Duration = Duration::from_millis(100);
/// How long everything rests after the accounts were made, so that their connections are in no figure.
pub const SETTLE: Duration = Duration::from_secs(2);
/// How long the server may still be busy with the opening after the last phone got in.
pub const OPENING_ENDS_IN: Duration = Duration::from_millis(500);
/// How often the server's metrics are read while a run is under way.
pub const METRICS_EVERY: Duration = Duration::from_secs(2);
/// How long the server may take to give them.
pub const METRICS_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest answer with metrics, in bytes.
pub const METRICS_BYTES_MAX: u64 = 4 << 20;
/// How long all connections may be gone before a run ends.
pub const DEAD_AFTER: Duration = Duration::from_secs(5);
/// Longest time that is told apart, in microseconds: ten minutes.
pub const LATENCY_MAX_US: u64 = 600_000_000;

const _: () = assert!(EMULATION_CONNECTIONS_MAX < DESCRIPTORS_RESERVED);
const _: () = assert!(BACKOFF_FIRST.as_millis() < BACKOFF_MAX.as_millis());
const _: () = assert!(FRAMES_KEPT_BYTES > MESSAGE_BYTES_MAX && MESSAGE_BYTES_MIN < MESSAGE_BYTES_MAX);
