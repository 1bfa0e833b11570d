//! Every code a client can be answered with, in three tables: errors of one command, ends of one subscription, ends of the connection.
//!
//! The numbers and reasons are those of the Centrifugo client protocol
//! (<https://centrifugal.dev/docs/server/codes>); errors without a number there carry their HTTP status.

use std::{borrow::Cow, fmt};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $temporary:literal, $message:literal;)*) => {
        /// Why a command failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name),* }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the realtime socket and in the server API.
            pub const fn number(self) -> u32 { match self { $(Self::$name => $code),* } }

            /// The status of the same failure over HTTP.
            pub const fn http_status(self) -> u16 { match self { $(Self::$name => $status),* } }

            /// Whether the same command may succeed later; SDKs retry only then.
            pub const fn is_temporary(self) -> bool { match self { $(Self::$name => $temporary),* } }

            /// The words on the wire when nothing more exact can be said.
            pub const fn message(self) -> &'static str { match self { $(Self::$name => $message),* } }
        }
    };
}

error_codes! {
    /// Something failed inside; the cause is in the log, never in the answer.
    Internal = 100, 500, true, "internal server error";
    /// The store takes no more at the moment, or did not answer in time: try again with the same `client_msg_id`.
    Unavailable = 100, 503, true, "temporarily unavailable";
    /// No or bad token.
    Unauthorized = 101, 401, false, "unauthorized";
    /// The channel is not there, or not visible to this user.
    UnknownChannel = 102, 404, false, "unknown channel";
    /// Visible, but not allowed.
    PermissionDenied = 103, 403, false, "permission denied";
    /// No such rpc method.
    MethodNotFound = 104, 404, false, "method not found";
    /// This session is subscribed to the channel already.
    AlreadySubscribed = 105, 409, false, "already subscribed";
    /// A limit of the configuration would be exceeded.
    LimitExceeded = 106, 422, false, "limit exceeded";
    /// Malformed: sending it again does not help.
    BadRequest = 107, 400, false, "bad request";
    /// Not offered here, or not for a room of this size.
    NotAvailable = 108, 403, false, "not available";
    /// The token has expired: get a new one.
    TokenExpired = 109, 401, false, "token expired";
    /// The connection has expired.
    Expired = 110, 401, false, "expired";
    /// Slow down and try again.
    TooManyRequests = 111, 429, true, "too many requests";
    /// The place in the log can't be read from: wrong epoch or no longer kept.
    UnrecoverablePosition = 112, 410, false, "unrecoverable position";
    /// The named thing is not there, or not visible to this user.
    NotFound = 404, 404, false, "not found";
    /// It is there already, or has changed meanwhile.
    Conflict = 409, 409, false, "conflict";
    /// Larger than the limit.
    TooLarge = 413, 413, false, "too large";
    /// Well-formed, but not valid.
    Invalid = 422, 422, false, "invalid";
}

/// A failed command: the code, and words for a person where there are better ones than the code's own.
///
/// The words are shown to the client: they never contain secrets, paths or the text of an inner error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure.
    pub code: ErrorCode,
    message: Option<Cow<'static, str>>,
}

impl Error {
    /// The failure in exact words.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: Some(message.into()),
        }
    }

    /// The words shown to the client.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code.message())
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code.number(), self.message())
    }
}

impl std::error::Error for Error {}

macro_rules! end_codes {
    ($(#[$kind_doc:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)* }) => {
        $(#[$kind_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $kind { $($(#[$doc])* $name),* }

        impl $kind {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            pub const fn number(self) -> u16 { match self { $(Self::$name => $code),* } }

            /// The reason on the wire.
            pub const fn reason(self) -> &'static str { match self { $(Self::$name => $reason),* } }
        }
    };
}

end_codes! {
    /// Why a subscription was ended by the server. From 2500 on, SDKs subscribe again by themselves.
    Unsubscribe {
        /// Ended by the server: a removal from the room or the server API.
        Server = 2000, "server unsubscribe";
        /// The session fell out of the retained window.
        InsufficientState = 2500, "insufficient state";
        /// The subscription token expired.
        Expired = 2501, "subscription expired";
    }
}

end_codes! {
    /// Why the connection was closed by the server: the WebSocket close code. 3500 to 3999 and 4500 to 4999 tell SDKs not to come back.
    Disconnect {
        /// The other side closed properly; never sent.
        ConnectionClosed = 3000, "connection closed";
        /// The node is leaving: come back elsewhere.
        Shutdown = 3001, "shutdown";
        /// Something failed inside.
        ServerError = 3004, "internal server error";
        /// The connection token expired and was not refreshed.
        Expired = 3005, "connection expired";
        /// A subscription token expired and was not refreshed.
        SubscriptionExpired = 3006, "subscription expired";
        /// The client does not read what it is sent.
        Slow = 3008, "slow";
        /// Writing to the socket failed.
        WriteError = 3009, "write error";
        /// A server-side subscription fell out of the retained window.
        InsufficientState = 3010, "insufficient state";
        /// An operator asks the client to connect anew.
        ForceReconnect = 3011, "force reconnect";
        /// The client did not answer a ping.
        NoPong = 3012, "no pong";
        /// Too many connections or commands just now.
        TooManyRequests = 3013, "too many requests";
        /// The connection token is not valid.
        InvalidToken = 3500, "invalid token";
        /// The client broke the protocol.
        BadRequest = 3501, "bad request";
        /// Connected, but never sent a connect command.
        Stale = 3502, "stale";
        /// An operator ended the connection for good.
        ForceNoReconnect = 3503, "force disconnect";
        /// More connections than allowed.
        ConnectionLimit = 3504, "connection limit";
        /// More subscriptions than allowed.
        ChannelLimit = 3505, "channel limit";
        /// The encoding does not fit the transport.
        InappropriateProtocol = 3506, "inappropriate protocol";
        /// Not allowed to connect.
        PermissionDenied = 3507, "permission denied";
        /// Not offered here.
        NotAvailable = 3508, "not available";
        /// Too many failed commands on one connection.
        TooManyErrors = 3509, "too many errors";
    }
}
