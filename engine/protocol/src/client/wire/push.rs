//! Pushes, and what they share with replies, on the wire.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    Connect, Data, Expiry, SubscribeResult,
    lenient::{message, nullable, raw},
};

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Push {
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
    #[prost(message, optional, tag = "4")]
    #[serde(rename = "pub", deserialize_with = "message")]
    pub(in super::super) publication: Option<Publication>,
    #[prost(message, optional, tag = "5")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) join: Option<Membership>,
    #[prost(message, optional, tag = "6")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) leave: Option<Membership>,
    #[prost(message, optional, tag = "7")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) unsubscribe: Option<Unsubscribe>,
    #[prost(message, optional, tag = "8")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) message: Option<Data>,
    #[prost(message, optional, tag = "9")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) subscribe: Option<Subscribe>,
    #[prost(message, optional, boxed, tag = "10")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) connect: Option<Box<ConnectPush>>,
    #[prost(message, optional, tag = "11")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) disconnect: Option<Disconnect>,
    #[prost(message, optional, tag = "12")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) refresh: Option<Expiry>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct ClientInfo {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) user: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) client: String,
    #[prost(bytes = "bytes", optional, tag = "3")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) conn_info: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) chan_info: Option<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Publication {
    #[prost(bytes = "bytes", optional, tag = "4")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(message, optional, tag = "5")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) info: Option<ClientInfo>,
    #[prost(uint64, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
    #[prost(btree_map = "string, string", tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) tags: BTreeMap<String, String>,
}

/// `join` and `leave`.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Membership {
    #[prost(message, optional, tag = "1")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) info: Option<ClientInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Unsubscribe {
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) code: u32,
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) reason: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Disconnect {
    #[prost(uint32, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) code: u32,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) reason: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Subscribe {
    #[prost(bool, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) recoverable: bool,
    #[prost(string, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) epoch: String,
    #[prost(uint64, tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
    #[prost(bool, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) positioned: bool,
    #[prost(bytes = "bytes", optional, tag = "7")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
}

/// The fields of [`Connect`] under the numbers of the push.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct ConnectPush {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) client: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) version: String,
    #[prost(bytes = "bytes", optional, tag = "3")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(btree_map = "string, message", tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) subs: BTreeMap<String, SubscribeResult>,
    #[prost(bool, tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) expires: bool,
    #[prost(uint32, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ttl: u32,
    #[prost(uint32, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ping: u32,
    #[prost(bool, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) pong: bool,
    #[prost(string, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) session: String,
    #[prost(string, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) node: String,
    #[prost(int64, tag = "11")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) time: i64,
}

impl From<Connect> for ConnectPush {
    fn from(connect: Connect) -> Self {
        Self {
            client: connect.client,
            version: connect.version,
            data: connect.data,
            subs: connect.subs,
            expires: connect.expires,
            ttl: connect.ttl,
            ping: connect.ping,
            pong: connect.pong,
            session: connect.session,
            node: connect.node,
            time: connect.time,
        }
    }
}

impl From<ConnectPush> for Connect {
    fn from(push: ConnectPush) -> Self {
        Self {
            client: push.client,
            version: push.version,
            expires: push.expires,
            ttl: push.ttl,
            data: push.data,
            subs: push.subs,
            ping: push.ping,
            pong: push.pong,
            session: push.session,
            node: push.node,
            time: push.time,
        }
    }
}
