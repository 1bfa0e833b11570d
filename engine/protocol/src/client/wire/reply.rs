//! Replies on the wire.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    ClientInfo, Empty, Publication, Push,
    lenient::{message, nullable, raw},
};

/// An answer with its id, or a push; an empty one is a ping.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Reply {
    #[prost(uint32, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) id: u32,
    #[prost(message, optional, tag = "2")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) error: Option<Error>,
    #[prost(message, optional, tag = "4")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) push: Option<Push>,
    #[prost(message, optional, boxed, tag = "5")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) connect: Option<Box<Connect>>,
    #[prost(message, optional, boxed, tag = "6")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) subscribe: Option<Box<SubscribeResult>>,
    #[prost(message, optional, tag = "7")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) unsubscribe: Option<Empty>,
    #[prost(message, optional, tag = "8")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) publish: Option<Empty>,
    #[prost(message, optional, tag = "9")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) presence: Option<PresenceResult>,
    #[prost(message, optional, tag = "10")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) presence_stats: Option<PresenceStatsResult>,
    #[prost(message, optional, tag = "11")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) history: Option<HistoryResult>,
    #[prost(message, optional, tag = "12")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) ping: Option<Empty>,
    #[prost(message, optional, tag = "13")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) rpc: Option<Data>,
    #[prost(message, optional, tag = "14")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) refresh: Option<RefreshResult>,
    #[prost(message, optional, tag = "15")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) sub_refresh: Option<Expiry>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Error {
    #[prost(uint32, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) code: u32,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) message: String,
    #[prost(bool, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) temporary: bool,
}

/// A message that is its data: `rpc` and `message`.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Data {
    #[prost(bytes = "bytes", optional, tag = "1")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
}

/// `sub_refresh` and the push `refresh`.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Expiry {
    #[prost(bool, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) expires: bool,
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ttl: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Connect {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) client: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) version: String,
    #[prost(bool, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) expires: bool,
    #[prost(uint32, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ttl: u32,
    #[prost(bytes = "bytes", optional, tag = "5")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(btree_map = "string, message", tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) subs: BTreeMap<String, SubscribeResult>,
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

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct SubscribeResult {
    #[prost(bool, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) expires: bool,
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ttl: u32,
    #[prost(bool, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) recoverable: bool,
    #[prost(string, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) epoch: String,
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) publications: Vec<Publication>,
    #[prost(bool, tag = "8")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) recovered: bool,
    #[prost(uint64, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
    #[prost(bool, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) positioned: bool,
    #[prost(bytes = "bytes", optional, tag = "11")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(bool, tag = "12")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) was_recovering: bool,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct PresenceResult {
    #[prost(btree_map = "string, message", tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) presence: BTreeMap<String, ClientInfo>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct PresenceStatsResult {
    #[prost(uint32, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) num_clients: u32,
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) num_users: u32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct HistoryResult {
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) publications: Vec<Publication>,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) epoch: String,
    #[prost(uint64, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct RefreshResult {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) client: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) version: String,
    #[prost(bool, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) expires: bool,
    #[prost(uint32, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) ttl: u32,
}
