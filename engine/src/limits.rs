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
/// A room's batch that the store has not answered for this long, while it answers others, is taken for lost and the room starts anew.
pub const STORE_PATIENCE: Duration = Duration::from_secs(3);
/// The same while the store answers nobody: it is the store that stands still, and starting rooms anew would not help.
pub const STALLED_STORE_PATIENCE: Duration = Duration::from_secs(15);
/// How often the supervisor of the rooms looks at what is due.
pub const SUPERVISOR_TICK: Duration = Duration::from_millis(50);
/// The pause before a room's second start after failures in a row; each further one is twice as long.
pub const RESTART_PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest such pause.
pub const RESTART_PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long a stopping node waits for its rooms' actors and threads, after their commands have been answered.
pub const ROOMS_STOP_PATIENCE: Duration = Duration::from_secs(1);
/// Reads of members and messages that a room has under way for one batch.
pub const LOOKUPS_AT_ONCE: usize = 32;
/// The pause before a room asks a busy store again for its log.
pub const OPEN_RETRY_PAUSE: Duration = Duration::from_millis(20);
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
/// Subscriptions of one session.
pub const SUBSCRIPTIONS_MAX: usize = 128;
/// Counters that the rooms' deletions are spread over: reads of one room are seldom repeated for another one's sake.
pub const DELETION_COUNTERS: usize = 4_096;
/// How often a read of a room's past is repeated because something in it was deleted meanwhile.
pub const REREADS_MAX: u32 = 16;
/// How long a deletion waits at most until every shard has taken it in.
pub const DELETION_PATIENCE: Duration = Duration::from_secs(1);
/// Commands that one session may have under way.
pub const COMMANDS_UNDER_WAY_MAX: usize = 1_024;
/// Listeners up to which a room has a list of who is present.
pub const ROSTER_MAX: usize = 500;
/// Listeners up to which a room has join and leave pushes: each goes to everybody, so that an audience that comes costs the square of this.
pub const ANNOUNCED_LISTENERS_MAX: usize = 100;
/// Publications in one answer of the protocol's history.
pub const HISTORY_LIMIT_MAX: usize = 1_000;
/// Bytes of entries in one page.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// Members up to which a room's head moves reach the members' own channels.
pub const UNREAD_HINTS_MEMBERS_MAX: u64 = 500;
/// How long the hints of one room are gathered before they go out.
pub const HINTS_TICK: Duration = Duration::from_millis(250);
/// Rooms whose hints may wait for the next tick; of more the hints are dropped (lists show the same when they are read).
pub const HINTS_ROOMS_MAX: usize = 65_536;

/// Messages of large rooms whose mentions and replies wait for the next tick; of more nobody is told.
pub const MENTIONS_WAITING_MAX: usize = 4_096;
/// People that one message tells that they are mentioned.
pub const MENTIONS_PER_MESSAGE_MAX: usize = 10;
/// Members of a group among whom a new owner is looked for when the only one leaves.
pub const SUCCESSION_MEMBERS_MAX: usize = 1_000;
/// Items of a list's page, where the caller does not say.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Items of a list's page at most.
pub const PAGE_ITEMS_MAX: usize = 200;
/// Readings that may be kept although nobody waits for them any more.
pub const FLIGHTS_KEPT_MAX: usize = 1_024;
/// Bytes of encoded pages that a node keeps.
pub const PAGES_BYTES_MAX: usize = 64 << 20;
/// A page larger than this is not kept, in bytes.
pub const PAGE_KEPT_BYTES_MAX: usize = 4 << 20;
/// Counters that the changes of the rooms' pages are spread over.
pub const PAGE_COUNTERS: usize = 4_096;
/// People who ask about one room within [`CROWD_WINDOW_MS`] from whom on their memberships are read together and remembered.
pub const CROWD_PEOPLE: usize = 3;
/// The time in which they are counted, in milliseconds.
pub const CROWD_WINDOW_MS: u64 = 1_000;
/// How long remembered memberships are believed, in milliseconds. A change on this node counts at once.
pub const ROSTER_BELIEVED_MS: u64 = 30_000;
/// Members up to which a room is remembered as a whole; of larger ones those who ask.
pub const ROSTER_MEMBERS_MAX: u64 = 100_000;
/// Members that one reading of a whole room takes at once.
pub const ROSTER_PAGE_MEMBERS: usize = 5_000;
/// Memberships that a node remembers; rooms that nobody has asked about for the longest time go first.
pub const MEMBERSHIPS_KEPT_MAX: usize = 250_000;
/// Rooms in which askers are counted.
pub const ROSTERS_MAX: usize = 4_096;
/// Questions that wait for one room's reading; more ask by themselves.
pub const QUESTIONS_WAITING_MAX: usize = 65_536;
/// The pause between two readings of a room that is too large to be remembered as a whole: questions gather in it.
pub const QUESTIONS_PAUSE: Duration = Duration::from_millis(20);
/// Participants in a Chat object.
pub const CHAT_PARTICIPANTS_MAX: usize = 50;
/// People that one call may create a room with, add or remove.
pub const PEOPLE_PER_CALL_MAX: usize = 500;
/// Characters of a room's name.
pub const ROOM_NAME_CHARACTERS_MAX: usize = 256;
/// Bytes of a profile's `info`.
pub const INFO_BYTES_MAX: usize = 4_096;
/// Characters of a status line.
pub const STATUS_CHARACTERS_MAX: usize = 256;
/// Characters kept of what a client calls itself.
pub const AGENT_CHARACTERS_MAX: usize = 200;

/// Accounts and logins that are remembered for a moment.
pub const PEOPLE_CACHED_MAX: usize = 50_000;
/// How long they are believed, in milliseconds: a changed role acts after this time, an ended login at once on its node.
pub const PEOPLE_BELIEVED_MS: i64 = 10_000;
/// Names that are tried for the user of an outside provider.
pub const USERNAME_ATTEMPTS: usize = 5;
/// Fewest bytes of a password.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Most bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Passwords that are hashed at the same time.
pub const PASSWORD_HASHES_AT_ONCE: usize = 2;
/// Passwords that are hashed or wait for it; more are refused.
pub const PASSWORD_HASHES_WAITING_MAX: usize = 64;
/// Failed attempts to log in with one name before pauses begin.
pub const LOGIN_ATTEMPTS_FREE: u32 = 5;
/// The longest pause between two attempts, in milliseconds.
pub const LOGIN_PAUSE_MAX_MS: i64 = 60_000;
/// A name without attempts for this long starts anew, in milliseconds.
pub const LOGIN_FORGOTTEN_AFTER_MS: i64 = 900_000;
/// Names whose attempts are counted.
pub const LOGIN_NAMES_MAX: usize = 10_000;
/// A login that is not refreshed ends after this time, in milliseconds: 30 days.
pub const LOGIN_LIFETIME_MS: i64 = 30 * 24 * 3_600_000;

/// Characters of the name that a guest is shown under.
pub const GUEST_NAME_CHARACTERS_MAX: usize = 64;
/// Members of a room up to which guests are let in.
pub const GUEST_ROOM_MEMBERS_MAX: u64 = 1_000_000;
/// Codes and names that are tried for an invitation or a guest: two random ones are hardly ever the same.
pub const RANDOM_ATTEMPTS: usize = 5;
/// Newest messages of a room whose senders a guest may ask about although they have left.
pub const GUEST_SENDERS_MESSAGES_MAX: usize = 1_000;
/// Wrong invitation codes of one address before pauses begin.
pub const WRONG_CODES_AT_ONCE: u32 = 30;
/// The pause between two further wrong ones, in milliseconds.
pub const WRONG_CODES_PAUSE_MS: i64 = 1_000;
/// Guests that come from one address before pauses begin: a hall behind one address.
pub const GUESTS_AT_ONCE: u32 = 1_000;
/// The pause between two further guests of one address, in milliseconds.
pub const GUESTS_PAUSE_MS: i64 = 100;
/// Addresses that are counted for each of these.
pub const BUDGET_ADDRESSES_MAX: usize = 10_000;
/// Members up to which a room is shown who is typing.
pub const TYPING_MEMBERS_MAX: u64 = ANNOUNCED_LISTENERS_MAX as u64;
/// How often a room is shown at most who is typing; and how often one person's typing in it counts.
pub const TYPING_TICK: Duration = Duration::from_secs(1);
/// People whose typing is remembered for a tick; of more it counts again.
pub const TYPING_PEOPLE_MAX: usize = 50_000;
/// Profiles that one call may ask for.
pub const PROFILES_PER_CALL_MAX: usize = 100;

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `realtime.delivery_budget_ms`: how long fan-out may gather; None: by the room's size; zero: never.
    pub delivery_budget: Option<Duration>,
    /// `realtime.recovery_max_entries`: entries that recovery gives back at most.
    pub recovery_max_entries: u64,
    /// `realtime.connect_timeout_s`: seconds a new connection has for its connect command.
    pub connect_timeout_s: u32,
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
            connect_timeout_s: 10,
            publish_per_second: 20,
            message_bytes: 65_536,
            open_channels: false,
            allow_anonymous: false,
        }
    }
}

// What must hold between them.
const _: () = assert!(PAGE_KEPT_BYTES_MAX < PAGES_BYTES_MAX && ROSTER_MEMBERS_MAX * 2 < MEMBERSHIPS_KEPT_MAX as u64);
const _: () = assert!(BLOCK_BYTES < WINDOW_BYTES_MAX && WINDOW_BYTES_MAX <= SHARD_LOG_BYTES_MAX);
const _: () = assert!(QUEUE_BYTES_MAX <= NODE_QUEUE_BYTES_MAX && BATCH_BYTES_MAX <= QUEUE_BYTES_MAX);
const _: () = assert!(BATCH_ENTRIES_MAX <= QUEUE_COMMANDS_MAX);
const _: () = assert!(SUPERVISOR_TICK.as_millis() * 4 < BLOCKED_AFTER.as_millis());
const _: () = assert!(COMMAND_DEADLINE.as_millis() < STORE_PATIENCE.as_millis());
const _: () = assert!(PAGE_ITEMS_DEFAULT <= PAGE_ITEMS_MAX && PEOPLE_PER_CALL_MAX as u64 <= UNREAD_HINTS_MEMBERS_MAX);
const _: () =
    assert!(PROFILES_PER_CALL_MAX <= storage::MEMBERS_OF_MAX && TYPING_MEMBERS_MAX <= UNREAD_HINTS_MEMBERS_MAX);
const _: () = assert!(LOGIN_PAUSE_MAX_MS < LOGIN_FORGOTTEN_AFTER_MS);
const _: () = assert!(BUDGET_LISTENERS_MIN < BUDGET_LISTENERS_MAX && ANNOUNCED_LISTENERS_MAX <= ROSTER_MAX);
