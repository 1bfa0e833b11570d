//! What the server answers to commands.

use std::{borrow::Cow, collections::BTreeMap};

use super::push::{ClientInfo, Publication};
use crate::{
    Error, ErrorCode,
    payload::{Payload, PayloadError},
};

/// The answer to one command.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The command's id.
    pub id: u32,
    /// What came of it.
    pub result: Result<CommandResult, ReplyError>,
}

impl Reply {
    /// The answer to a command that succeeded.
    pub const fn success(id: u32, result: CommandResult) -> Self {
        Self { id, result: Ok(result) }
    }

    /// The answer to a command that failed.
    pub fn failure(id: u32, error: impl Into<ReplyError>) -> Self {
        Self {
            id,
            result: Err(error.into()),
        }
    }
}

/// A failure on the wire. The server makes it from [`Error`]; a client may meet codes that this crate does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyError {
    /// The code's number.
    pub code: u32,
    /// Words for a person.
    pub message: Cow<'static, str>,
    /// Whether the same command may succeed later.
    pub temporary: bool,
}

impl From<ErrorCode> for ReplyError {
    fn from(code: ErrorCode) -> Self {
        Error::from(code).into()
    }
}

impl From<PayloadError> for ReplyError {
    fn from(error: PayloadError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for ReplyError {
    fn from(error: Error) -> Self {
        let usual = error.code.message();
        let message = error.message();
        Self {
            code: error.code.number(),
            temporary: error.code.is_temporary(),
            message: if message == usual {
                usual.into()
            } else {
                message.to_owned().into()
            },
        }
    }
}

/// What a command that succeeded gives.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandResult {
    /// The connection is open.
    Connect(ConnectResult),
    /// The channel is followed from here on.
    Subscribe(SubscribeResult),
    /// The channel is no longer followed.
    Unsubscribe,
    /// The entry is in the log.
    Publish,
    /// Who is in the channel, by connection.
    Presence(BTreeMap<String, ClientInfo>),
    /// How many are in the channel.
    PresenceStats(PresenceStatsResult),
    /// A page of the channel's log.
    History(HistoryResult),
    /// A sign of life.
    Ping,
    /// What the method returned, if anything.
    Rpc(Option<Payload>),
    /// The connection token is renewed.
    Refresh(RefreshResult),
    /// The subscription token is renewed.
    SubRefresh(SubRefreshResult),
}

/// An open connection. The push of the same name has the same fields.
#[derive(Clone, Default, PartialEq)]
pub struct ConnectResult {
    /// The connection's id.
    pub client: String,
    /// Name and version of the server.
    pub version: String,
    /// Whether the token expires.
    pub expires: bool,
    /// Seconds until then.
    pub ttl: u32,
    /// Application data.
    pub data: Option<Payload>,
    /// The server-side subscriptions, by channel.
    pub subs: BTreeMap<String, SubscribeResult>,
    /// Seconds between pings of the server; 0 = none are sent.
    pub ping: u32,
    /// Whether pings must be answered.
    pub pong: bool,
    /// Names the session in requests to `/emulation`.
    pub session: String,
    /// Names the node in requests to `/emulation`.
    pub node: String,
    /// The server's time in Unix milliseconds; 0 = not told.
    pub time: i64,
}

/// A channel that is followed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubscribeResult {
    /// Whether the token expires.
    pub expires: bool,
    /// Seconds until then.
    pub ttl: u32,
    /// Whether what is missed while away can be recovered.
    pub recoverable: bool,
    /// The log's epoch.
    pub epoch: String,
    /// What was missed, oldest first.
    pub publications: Vec<Publication>,
    /// Whether everything missed is in `publications` or follows as pushes.
    pub recovered: bool,
    /// The place in the log: of the client if `recovered`, else of the log's end.
    pub offset: u64,
    /// Whether the place in the log is watched.
    pub positioned: bool,
    /// Application data.
    pub data: Option<Payload>,
    /// Whether recovery was asked for.
    pub was_recovering: bool,
}

/// How many are in a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PresenceStatsResult {
    /// Connections.
    pub num_clients: u32,
    /// Different users.
    pub num_users: u32,
}

/// A page of a log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryResult {
    /// The entries, in the order that was asked for.
    pub publications: Vec<Publication>,
    /// The log's epoch.
    pub epoch: String,
    /// The log's end.
    pub offset: u64,
}

/// A renewed connection token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshResult {
    /// The connection's id.
    pub client: String,
    /// Name and version of the server.
    pub version: String,
    /// Whether the token expires.
    pub expires: bool,
    /// Seconds until then.
    pub ttl: u32,
}

/// A renewed subscription token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubRefreshResult {
    /// Whether the token expires.
    pub expires: bool,
    /// Seconds until then.
    pub ttl: u32,
}
