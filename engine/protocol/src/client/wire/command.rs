//! Requests on the wire.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    Empty,
    lenient::{message, nullable, raw},
};

/// A request with its id; the first field that is there counts.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Command {
    #[prost(uint32, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) id: u32,
    #[prost(message, optional, boxed, tag = "4")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) connect: Option<Box<ConnectRequest>>,
    #[prost(message, optional, boxed, tag = "5")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) subscribe: Option<Box<SubscribeRequest>>,
    #[prost(message, optional, tag = "6")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) unsubscribe: Option<ChannelRequest>,
    #[prost(message, optional, tag = "7")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) publish: Option<PublishRequest>,
    #[prost(message, optional, tag = "8")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) presence: Option<ChannelRequest>,
    #[prost(message, optional, tag = "9")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) presence_stats: Option<ChannelRequest>,
    #[prost(message, optional, tag = "10")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) history: Option<HistoryRequest>,
    #[prost(message, optional, tag = "11")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) ping: Option<Empty>,
    #[prost(message, optional, tag = "12")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) send: Option<SendRequest>,
    #[prost(message, optional, tag = "13")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) rpc: Option<RpcRequest>,
    #[prost(message, optional, tag = "14")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) refresh: Option<RefreshRequest>,
    #[prost(message, optional, tag = "15")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) sub_refresh: Option<SubRefreshRequest>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct ConnectRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) token: String,
    #[prost(bytes = "bytes", optional, tag = "2")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(btree_map = "string, message", tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) subs: BTreeMap<String, SubscribeRequest>,
    #[prost(string, tag = "4")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) name: String,
    #[prost(string, tag = "5")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) version: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct SubscribeRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) token: String,
    #[prost(bool, tag = "3")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) recover: bool,
    #[prost(string, tag = "6")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) epoch: String,
    #[prost(uint64, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
    #[prost(bytes = "bytes", optional, tag = "8")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(bool, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) positioned: bool,
    #[prost(bool, tag = "10")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) recoverable: bool,
    #[prost(bool, tag = "11")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) join_leave: bool,
    #[prost(message, optional, tag = "13")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) tf: Option<Empty>,
    #[prost(int64, tag = "14")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) flag: i64,
    #[prost(int32, tag = "15")]
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub(in super::super) kind: i32,
}

/// A request about a channel and nothing else: `unsubscribe`, `presence`, `presence_stats`.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct ChannelRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct PublishRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
    #[prost(bytes = "bytes", optional, tag = "2")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(int32, tag = "3")]
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub(in super::super) kind: i32,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct HistoryRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
    #[prost(int32, tag = "7")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) limit: i32,
    #[prost(message, optional, tag = "8")]
    #[serde(deserialize_with = "message")]
    pub(in super::super) since: Option<StreamPosition>,
    #[prost(bool, tag = "9")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) reverse: bool,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct StreamPosition {
    #[prost(uint64, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) offset: u64,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) epoch: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct SendRequest {
    #[prost(bytes = "bytes", optional, tag = "1")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct RpcRequest {
    #[prost(bytes = "bytes", optional, tag = "1")]
    #[serde(deserialize_with = "raw")]
    pub(in super::super) data: Option<Bytes>,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) method: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct RefreshRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) token: String,
}

#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct SubRefreshRequest {
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) channel: String,
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "nullable")]
    pub(in super::super) token: String,
    #[prost(int32, tag = "3")]
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub(in super::super) kind: i32,
}
