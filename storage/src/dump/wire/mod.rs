//! Records as they stand in files: what is stored, converted by hand from and to the rows of the traits.
//!
//! Each is an array in MessagePack (<https://github.com/msgpack/msgpack/blob/master/spec.md>), its fields in the order given
//! here. A field may be added at an end; anything else is another [`FORMAT`](crate::dump::FORMAT). The same bytes are what a record's
//! hash is of, therefore nothing stands in them that differs between two stores with the same content: no epoch, no bucket.

mod decode;
mod encode;

use serde::{Deserialize, Serialize};

pub(super) use self::{decode::decode, encode::encode};

/// Bytes are no record of this version.
#[derive(Debug, thiserror::Error)]
pub(in crate::dump) enum WireError {
    #[error("{0}")]
    Malformed(#[from] rmp_serde::decode::Error),
    #[error("not {0}")]
    Value(&'static str),
}

/// Byte strings, borrowed: serde alone would write them as arrays of numbers.
mod blob {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<&'a [u8], D::Error> {
        <&'a [u8]>::deserialize(from)
    }
}

/// A byte string.
#[derive(Serialize, Deserialize)]
struct Blob<'a>(#[serde(borrow, with = "blob")] &'a [u8]);

#[derive(Serialize, Deserialize)]
struct RoomWire<'a> {
    room: i64,
    kind: u8,
    name: &'a str,
    initiator: Option<&'a str>,
    created_ms: i64,
    deleted: bool,
    members_count: u64,
    seq: u64,
    number: u64,
    time_ms: i64,
    message_seq: u64,
}

#[derive(Serialize, Deserialize)]
struct EntryWire<'a> {
    room: i64,
    seq: u64,
    number: u64,
    kind: u8,
    sender: Option<&'a str>,
    actor: Option<&'a str>,
    #[serde(borrow)]
    client: Option<Blob<'a>>,
    time_ms: i64,
    created_ms: i64,
    command_id: Blob<'a>,
    reply_to: u64,
    target: u64,
    version: u64,
    deleted: bool,
    body: Blob<'a>,
}

#[derive(Serialize, Deserialize)]
struct CommandWire<'a> {
    room: i64,
    sender: &'a str,
    #[serde(borrow)]
    command_id: Blob<'a>,
    seq: u64,
    time_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct MemberWire<'a> {
    room: i64,
    user: &'a str,
    role: u8,
    joined_seq: u64,
    joined_number: u64,
    joined_ms: i64,
    muted_until_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct MarkWire<'a> {
    room: i64,
    user: &'a str,
    read_seq: u64,
    read_number: u64,
    received_seq: u64,
}

#[derive(Serialize, Deserialize)]
struct MetaWire<'a> {
    key: &'a str,
    #[serde(borrow)]
    value: Blob<'a>,
}

#[derive(Serialize, Deserialize)]
struct UserWire<'a> {
    user: &'a str,
    username: &'a str,
    password_hash: Option<&'a str>,
    origin: u8,
    role: u8,
    #[serde(borrow)]
    info: Blob<'a>,
    status: &'a str,
    created_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct LoginWire<'a> {
    #[serde(borrow)]
    session: Blob<'a>,
    user: &'a str,
    refresh_hash: Blob<'a>,
    created_ms: i64,
    refreshed_ms: i64,
    expires_ms: i64,
    agent: &'a str,
    replaced: Vec<(Blob<'a>, u64)>,
}

#[derive(Serialize, Deserialize)]
struct DirectPairWire<'a> {
    low: &'a str,
    high: &'a str,
    room: i64,
}

#[derive(Serialize, Deserialize)]
struct ChannelWire<'a> {
    name: &'a str,
    room: i64,
}

#[derive(Serialize, Deserialize)]
struct InvitationWire<'a> {
    room: i64,
    code: &'a str,
    created_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct UserLogWire<'a> {
    user: &'a str,
    seq: u64,
}

#[derive(Serialize, Deserialize)]
struct UserEntryWire<'a> {
    user: &'a str,
    seq: u64,
    time_ms: i64,
    #[serde(borrow)]
    body: Blob<'a>,
}
