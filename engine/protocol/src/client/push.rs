//! What the server says unasked.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::reply::ConnectResult;
use crate::{Disconnect, Unsubscribe, payload::Payload};

/// One message of the server that answers nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Push {
    /// The channel's name; empty when the whole connection is meant.
    pub channel: Arc<str>,
    /// What happened.
    pub event: Event,
}

/// Every kind of push.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An entry of the channel's log, or a frame beside the log.
    Publication(Publication),
    /// Somebody came.
    Join(ClientInfo),
    /// Somebody left.
    Leave(ClientInfo),
    /// The server ended the subscription.
    Unsubscribe(UnsubscribePush),
    /// A message to the connection, outside of channels.
    Message(Payload),
    /// The server began a server-side subscription.
    Subscribe(SubscribePush),
    /// The connection is open, said unasked.
    Connect(Box<ConnectResult>),
    /// The server is about to close the connection.
    Disconnect(DisconnectPush),
    /// The connection token was renewed by the server.
    Refresh(RefreshPush),
}

/// One entry of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Its place. A frame beside the log carries the place of the last entry before it; 0 = a channel without places.
    pub offset: u64,
    /// What was published.
    pub data: Payload,
    /// Who published, when a client did.
    pub info: Option<ClientInfo>,
    /// Tags of the publisher.
    pub tags: BTreeMap<String, String>,
}

impl Publication {
    /// An entry without publisher and tags.
    pub const fn new(offset: u64, data: Payload) -> Self {
        Self {
            offset,
            data,
            info: None,
            tags: BTreeMap::new(),
        }
    }
}

/// A connection as others see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The user's id; empty for the anonymous user.
    pub user: String,
    /// The connection's id.
    pub client: String,
    /// Application data about the connection.
    pub conn_info: Option<Payload>,
    /// Application data about the subscription.
    pub chan_info: Option<Payload>,
}

/// The end of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubscribePush {
    /// Why; from 2500 on SDKs subscribe again by themselves.
    pub code: u32,
    /// The same in words.
    pub reason: Cow<'static, str>,
}

impl From<Unsubscribe> for UnsubscribePush {
    fn from(why: Unsubscribe) -> Self {
        Self {
            code: why.number().into(),
            reason: why.reason().into(),
        }
    }
}

/// A server-side subscription that began while the connection was open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubscribePush {
    /// Whether what is missed while away can be recovered.
    pub recoverable: bool,
    /// The log's epoch.
    pub epoch: String,
    /// The log's end.
    pub offset: u64,
    /// Whether the place in the log is watched.
    pub positioned: bool,
    /// Application data.
    pub data: Option<Payload>,
}

/// The end of the connection, for transports that have no close code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisconnectPush {
    /// Why; 3500 to 3999 and 4500 to 4999 tell SDKs not to come back.
    pub code: u32,
    /// The same in words.
    pub reason: Cow<'static, str>,
}

impl From<Disconnect> for DisconnectPush {
    fn from(why: Disconnect) -> Self {
        Self {
            code: why.number().into(),
            reason: why.reason().into(),
        }
    }
}

/// A connection token that the server renewed by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefreshPush {
    /// Whether the token expires.
    pub expires: bool,
    /// Seconds until then.
    pub ttl: u32,
}
