//! What a client asks for.

use std::collections::BTreeMap;

use crate::payload::{Payload, PayloadError};

/// A value that came with a command. A refused value fails its command alone (107), never the connection.
pub type Data = Result<Payload, PayloadError>;

/// What one message of a client is.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A request.
    Command(Command),
    /// The empty message that answers a ping of the server.
    Pong,
}

/// One request of a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The client's number for matching the reply. 0 only for [`Request::Send`], which has no reply.
    pub id: u32,
    /// What is asked for.
    pub request: Request,
}

/// Every kind of request, as in <https://centrifugal.dev/docs/transports/client_protocol>.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The first command of every connection.
    Connect(ConnectRequest),
    /// Begins to follow a channel.
    Subscribe(SubscribeRequest),
    /// Ends following a channel.
    Unsubscribe(UnsubscribeRequest),
    /// Posts into a channel.
    Publish(PublishRequest),
    /// Asks who is in a channel.
    Presence(PresenceRequest),
    /// Asks how many are in a channel.
    PresenceStats(PresenceStatsRequest),
    /// Reads a channel's log.
    History(HistoryRequest),
    /// Asks for a sign of life.
    Ping,
    /// A message that nobody answers.
    Send(SendRequest),
    /// Calls a method by name.
    Rpc(RpcRequest),
    /// Brings a new connection token.
    Refresh(RefreshRequest),
    /// Brings a new subscription token.
    SubRefresh(SubRefreshRequest),
}

/// The first command of every connection.
#[derive(Clone, Default, PartialEq)]
pub struct ConnectRequest {
    /// Connection token; empty = none.
    pub token: String,
    /// Application data.
    pub data: Option<Data>,
    /// Places of server-side subscriptions to recover from, by channel.
    pub subs: BTreeMap<String, SubscribeRequest>,
    /// Name of the client's library.
    pub name: String,
    /// Version of the client's library.
    pub version: String,
}

/// Begins to follow a channel; within [`ConnectRequest::subs`] only the place to recover from counts.
#[derive(Clone, Default, PartialEq)]
pub struct SubscribeRequest {
    /// The channel's name.
    pub channel: String,
    /// Subscription token; empty = none.
    pub token: String,
    /// Whether to recover from `epoch` and `offset`.
    pub recover: bool,
    /// The log's epoch as the client knows it; empty = none.
    pub epoch: String,
    /// The last offset that the client has.
    pub offset: u64,
    /// Application data.
    pub data: Option<Data>,
    /// Asks that the place in the log be watched.
    pub positioned: bool,
    /// Asks that recovery be possible.
    pub recoverable: bool,
    /// Asks for join and leave pushes.
    pub join_leave: bool,
    /// Whether a server-side filter by tags was asked for; what it says is not kept.
    pub filtered: bool,
    /// Features asked for, as bits: 1 numeric channels in pushes, 2 an error (112) in place of `recovered: false`.
    pub flag: i64,
    /// Kind of subscription: 0 = a log. No other kind is known here.
    pub kind: i32,
}

/// Ends following a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnsubscribeRequest {
    /// The channel's name.
    pub channel: String,
}

/// Posts into a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishRequest {
    /// The channel's name.
    pub channel: String,
    /// What to post; [`PayloadError::Malformed`] when there is nothing.
    pub data: Data,
    /// Kind of channel: 0 = a log. No other kind is known here.
    pub kind: i32,
}

/// Asks who is in a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceRequest {
    /// The channel's name.
    pub channel: String,
}

/// Asks how many are in a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceStatsRequest {
    /// The channel's name.
    pub channel: String,
}

/// Reads a channel's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// The channel's name.
    pub channel: String,
    /// At most so many entries; 0 = only the current place, below 0 = as many as the server allows.
    pub limit: i32,
    /// The place to read from, itself excluded.
    pub since: Option<StreamPosition>,
    /// Newest first.
    pub reverse: bool,
}

/// A place in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamPosition {
    /// The entry's offset.
    pub offset: u64,
    /// The log's epoch.
    pub epoch: String,
}

/// A message that nobody answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRequest {
    /// Application data; [`PayloadError::Malformed`] when there is nothing.
    pub data: Data,
}

/// Calls a method by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RpcRequest {
    /// The method, e.g. `message.send`.
    pub method: String,
    /// Its parameters.
    pub data: Option<Data>,
}

/// Brings a new connection token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RefreshRequest {
    /// The token.
    pub token: String,
}

/// Brings a new subscription token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SubRefreshRequest {
    /// The channel's name.
    pub channel: String,
    /// The token.
    pub token: String,
    /// Kind of refresh: 0 = a token. No other kind is known here.
    pub kind: i32,
}
