//! Every limit of the gateway, in one place. What an operator sets stands in [`crate::config`].

use std::time::Duration;

/// Seconds that a token's times may be off, for clocks that differ.
pub const TOKEN_LEEWAY_S: i64 = 5;
/// Longest token in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Longest `name` in an outside token, in bytes.
pub const TOKEN_NAME_BYTES_MAX: usize = 256;
/// Largest `info` in an outside token, in bytes.
pub const TOKEN_INFO_BYTES_MAX: usize = 4 << 10;

/// Largest key set, in bytes.
pub const JWKS_BYTES_MAX: u64 = 256 << 10;
/// Keys that are taken from a set.
pub const JWKS_KEYS_MAX: usize = 64;
/// How long fetching a key set may take.
pub const JWKS_TIMEOUT: Duration = Duration::from_secs(5);
/// Redirects that are followed to a key set.
pub const JWKS_REDIRECTS_MAX: u32 = 3;
/// Milliseconds between two fetches of a key set.
pub const JWKS_RETRY_AFTER_MS: i64 = 30_000;
/// Milliseconds after which a key set is fetched again, so that keys withdrawn by the provider end.
pub const JWKS_FRESH_FOR_MS: i64 = 600_000;

/// Connections that the kernel keeps for the node while it has not accepted them yet.
pub const LISTEN_BACKLOG: u32 = 4_096;
/// Descriptors kept for the store, for listening and for refusing politely.
pub const DESCRIPTORS_RESERVED: usize = 128;
/// Connections of one node, whatever the descriptor limit says.
pub const CONNECTIONS_MAX: usize = 4_000_000;
/// Connections beyond the node's sockets: for ordinary requests, and to send sockets away that have no place.
pub const CONNECTIONS_EXTRA: usize = 64;
/// How long a client may take to send the head of a request.
pub const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle HTTP connection stays open.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a request's body may take to arrive.
pub const REQUEST_BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of JSON that one byte of text may take: `\u0009`.
pub const JSON_BYTES_PER_BYTE_MAX: usize = 6;
/// Bytes of a request's body beside the message in it.
pub const REQUEST_BODY_EXTRA_BYTES: usize = 16 << 10;
/// How long a leaving node without peers answers "not ready" before it stops listening.
pub const DRAIN_NOTICE: Duration = Duration::from_millis(800);
/// How long a leaving node without peers waits for what is still open after that.
pub const DRAIN_WITHOUT_PEERS: Duration = Duration::from_secs(2);
/// How often a leaving node looks whether its sockets are gone.
pub const SOCKETS_LOOKED_AT_EVERY: Duration = Duration::from_millis(20);
/// How long `/readyz` waits for the store.
pub const READY_CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The kernel's send buffer of an audience's socket, in bytes; it counts its own bookkeeping in and doubles the value (socket(7)).
pub const SOCKET_SEND_BUFFER_BYTES: usize = 64 << 10;
/// Unsent bytes from which an audience's socket takes no more: a ping waits behind no more than this.
pub const SOCKET_UNSENT_BYTES: i32 = 16 << 10;
/// Which share of the kernel's limit for TCP sockets may hold, by default: one half. The rest is for reading, for HTTP, and for other programs.
pub const SOCKET_MEMORY_SHARE: u64 = 2;
/// Seconds after which a socket that was refused for want of memory or of places may come again.
pub const SOCKET_RETRY_AFTER_S: &str = "10";
/// The buffer that all sockets of a worker are read into.
pub const READ_BUFFER_BYTES: usize = 64 << 10;
/// Bytes of a stream that wait for HTTP at most; everything else stays in the log.
pub const STREAM_BUFFER_BYTES: usize = 16 << 10;
/// Failing rooms that `/readyz` lists.
pub const FAILING_ROOMS_SHOWN_MAX: usize = 20;

/// Bytes that a compatible socket reads at once.
pub const COMPATIBLE_READ_BYTES: usize = 4 << 10;
/// How long a compatible socket may take to take what it is sent.
pub const COMPATIBLE_WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a compatible socket may stay without a token.
pub const COMPATIBLE_AUTH_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two pings to a compatible socket.
pub const COMPATIBLE_PING_INTERVAL: Duration = Duration::from_secs(25);
/// A compatible socket that says nothing, not even a pong, for this long is taken for gone.
pub const COMPATIBLE_SILENCE_MAX: Duration = Duration::from_secs(60);
/// Rooms that one `/subscriptions` socket follows: those with the newest activity.
pub const SUBSCRIPTIONS_ROOMS_MAX: usize = 2_000;
/// Rooms of a user that are read at once.
pub const SUBSCRIPTIONS_PAGE: usize = 200;
/// Payloads that wait for a `/subscriptions` socket.
pub const SUBSCRIPTIONS_QUEUE_PAYLOADS: usize = 64;
/// Entries that a `/subscriptions` socket is given of a room that was joined a moment ago.
pub const SUBSCRIPTIONS_CATCH_UP_MAX: u64 = 200;

// What must hold between them: a node without peers is gone within 5 s, rooms that answer their last commands included.
const _: () = assert!(
    DRAIN_NOTICE.as_millis() + DRAIN_WITHOUT_PEERS.as_millis() + engine::limits::COMMAND_DEADLINE.as_millis() < 5_000
);
const _: () = assert!(JWKS_RETRY_AFTER_MS < JWKS_FRESH_FOR_MS && TOKEN_LEEWAY_S <= 5);
/// Bytes of a request to the server API: batches and broadcasts carry many messages. Twice a message where that is more.
pub const SERVER_API_BODY_BYTES_MAX: usize = 8 << 20;
/// Channels of a broadcast and commands of a parallel batch that are under way at once.
pub const SERVER_API_AT_ONCE: usize = 128;
/// Milliseconds for which the node remembers under which key a fact was published to a user's own channel.
pub const SERVER_API_REPEATS_KEPT_MS: i64 = 300_000;
/// Such keys that are remembered.
pub const SERVER_API_REPEATS_MAX: usize = 100_000;
const _: () = assert!(COMPATIBLE_PING_INTERVAL.as_secs() * 2 < COMPATIBLE_SILENCE_MAX.as_secs());
