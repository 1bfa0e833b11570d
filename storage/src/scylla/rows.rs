//! Rows of the servers as rows of the contract. Conversions by hand, checked: a value that no version of Plenum writes is an error,
//! never a guess.

use bytes::Bytes;
use protocol::{RoomId, UserId};
use scylla::{DeserializeRow, SerializeRow, value::MaybeUnset};
use uuid::Uuid;

use super::{
    failure::{Fault, Result},
    stamp::stamp,
};
use crate::{Entry, EntryKind, LogHead, Mark, Member, Role, RoomKind, bucket::BucketHead};

pub(super) fn wrong(what: &str) -> Fault {
    Fault::Broken(format!("a stored value is not {what}"))
}

/// A number for a column; seqs, numbers and sizes stay far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or seq: never negative.
pub(super) fn unsigned(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| wrong("a count"))
}

/// A user id's text; the anonymous user is the empty text.
pub(super) fn user(text: &str) -> Result<UserId> {
    if text.is_empty() {
        return Ok(UserId::anonymous());
    }
    text.parse().map_err(|_| wrong("a user id"))
}

pub(super) fn optional_user(text: Option<&str>) -> Result<Option<UserId>> {
    text.map(user).transpose()
}

pub(super) fn room_kind(number: i8) -> Result<RoomKind> {
    [RoomKind::Direct, RoomKind::Group, RoomKind::Channel]
        .into_iter()
        .find(|kind| *kind as i8 == number)
        .ok_or_else(|| wrong("a kind of room"))
}

pub(super) fn role(number: i8) -> Result<Role> {
    [Role::Member, Role::Moderator, Role::Owner]
        .into_iter()
        .find(|role| *role as i8 == number)
        .ok_or_else(|| wrong("a role"))
}

/// An entry as it is read.
#[derive(Debug, DeserializeRow)]
pub(super) struct EntryRow {
    seq: i64,
    number: i64,
    kind: i8,
    sender: Option<String>,
    actor: Option<String>,
    client: Option<Uuid>,
    time_ms: i64,
    created_ms: i64,
    command_id: Uuid,
    reply_to: i64,
    target: i64,
    version: i64,
    deleted: bool,
    body: Option<Vec<u8>>,
}

impl EntryRow {
    pub(super) fn entry(self) -> Result<Entry> {
        let kind = u8::try_from(self.kind).ok().and_then(EntryKind::from_number);
        Ok(Entry {
            seq: unsigned(self.seq)?,
            number: unsigned(self.number)?,
            kind: kind.ok_or_else(|| wrong("a kind of entry"))?,
            sender: optional_user(self.sender.as_deref())?,
            actor: optional_user(self.actor.as_deref())?,
            client: self.client,
            time_ms: self.time_ms,
            created_ms: self.created_ms,
            command_id: self.command_id,
            reply_to: unsigned(self.reply_to)?,
            target: unsigned(self.target)?,
            version: unsigned(self.version)?,
            deleted: self.deleted,
            body: self.body.unwrap_or_default().into(),
        })
    }
}

/// What a log goes on with beside an entry, as it is read when a log is taken over.
#[derive(Debug, DeserializeRow)]
pub(super) struct TailRow {
    pub(super) bucket_rows: i32,
    pub(super) bucket_bytes: i64,
    pub(super) batch_first: i64,
    pub(super) effects: Option<Vec<u8>>,
}

/// An entry as it is written. What is absent is not written at all: a null would be a tombstone.
#[derive(Debug, SerializeRow)]
pub(super) struct NewEntryRow {
    room: i64,
    pub(super) bucket: i64,
    pub(super) seq: i64,
    number: i64,
    kind: i8,
    sender: MaybeUnset<String>,
    actor: MaybeUnset<String>,
    client: MaybeUnset<Uuid>,
    time_ms: i64,
    created_ms: i64,
    command_id: Uuid,
    reply_to: i64,
    target: i64,
    version: i64,
    deleted: bool,
    bucket_rows: i32,
    bucket_bytes: i64,
    pub(super) batch_first: i64,
    effects: MaybeUnset<Vec<u8>>,
    body: Bytes,
    stamp: i64,
}

impl NewEntryRow {
    /// The row of an entry in this bucket, which it has filled so far.
    pub(super) fn new(
        room: RoomId,
        entry: &Entry,
        bucket: &BucketHead,
        batch_first: u64,
        effects: Option<Vec<u8>>,
    ) -> Self {
        let text = |user: &Option<UserId>| MaybeUnset::from_option(user.as_ref().map(|user| user.as_str().to_owned()));
        Self {
            room: room.key(),
            bucket: signed(bucket.bucket),
            seq: signed(entry.seq),
            number: signed(entry.number),
            kind: entry.kind as i8,
            sender: text(&entry.sender),
            actor: text(&entry.actor),
            client: MaybeUnset::from_option(entry.client),
            time_ms: entry.time_ms,
            created_ms: entry.created_ms,
            command_id: entry.command_id,
            reply_to: signed(entry.reply_to),
            target: signed(entry.target),
            version: signed(entry.version),
            deleted: entry.deleted,
            bucket_rows: i32::try_from(bucket.rows).unwrap_or(i32::MAX),
            bucket_bytes: signed(bucket.bytes),
            batch_first: signed(batch_first),
            effects: MaybeUnset::from_option(effects),
            body: entry.body.clone(),
            stamp: stamp(entry.seq),
        }
    }
}

/// The end of a log as it is read. `name`, `deleted` and `members_count` belong to the room.
#[derive(Debug, DeserializeRow)]
pub(super) struct HeadRow {
    seq: i64,
    number: i64,
    time_ms: i64,
    message_seq: i64,
    bucket: i64,
    bucket_first_seq: i64,
    bucket_first_ms: i64,
    bucket_rows: i32,
    bucket_bytes: i64,
    pub(super) name: String,
    pub(super) deleted: bool,
    pub(super) members_count: i64,
    retention_days: Option<i32>,
}

/// How long a room keeps its entries, as a column: 0 for ever.
pub(super) fn retention(days: Option<u32>) -> i32 {
    days.map_or(0, |days| i32::try_from(days).unwrap_or(i32::MAX))
}

impl HeadRow {
    /// How long the room keeps its entries, in days.
    pub(super) fn retention_days(&self) -> Result<Option<u32>> {
        let days = u32::try_from(self.retention_days.unwrap_or_default()).map_err(|_| wrong("a number of days"))?;
        Ok((days > 0).then_some(days))
    }

    pub(super) fn head(&self, epoch: protocol::Epoch) -> Result<LogHead> {
        Ok(LogHead {
            epoch,
            seq: unsigned(self.seq)?,
            number: unsigned(self.number)?,
            time_ms: self.time_ms,
            message_seq: unsigned(self.message_seq)?,
            bucket: BucketHead {
                bucket: unsigned(self.bucket)?,
                first_seq: unsigned(self.bucket_first_seq)?,
                first_ms: self.bucket_first_ms,
                rows: u32::try_from(self.bucket_rows).map_err(|_| wrong("a count"))?,
                bytes: unsigned(self.bucket_bytes)?,
            },
        })
    }
}

/// A membership as it is read, behind the key that it is read by.
pub(super) type MembershipRow<K> = (K, Option<i8>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// The membership in a row. A row without a role is what a mute left of somebody who is gone.
pub(super) fn member<K>(row: &MembershipRow<K>, user: UserId) -> Result<Option<Member>> {
    let (_, number, joined_seq, joined_number, joined_ms, muted_until_ms) = row;
    let (Some(number), Some(joined_seq)) = (number, joined_seq) else {
        return Ok(None);
    };
    Ok(Some(Member {
        user,
        role: role(*number)?,
        joined_seq: unsigned(*joined_seq)?,
        joined_number: unsigned(joined_number.unwrap_or_default())?,
        joined_ms: joined_ms.unwrap_or_default(),
        muted_until_ms: muted_until_ms.unwrap_or_default(),
    }))
}

/// A mark as it is read; a column that was never written is 0.
#[derive(Debug, DeserializeRow)]
pub(super) struct MarkRow {
    read_seq: Option<i64>,
    read_number: Option<i64>,
    received_seq: Option<i64>,
}

impl MarkRow {
    pub(super) fn new(read_seq: Option<i64>, read_number: Option<i64>, received_seq: Option<i64>) -> Self {
        Self {
            read_seq,
            read_number,
            received_seq,
        }
    }

    pub(super) fn mark(&self) -> Result<Mark> {
        Ok(Mark {
            read_seq: unsigned(self.read_seq.unwrap_or_default())?,
            read_number: unsigned(self.read_number.unwrap_or_default())?,
            received_seq: unsigned(self.received_seq.unwrap_or_default())?,
        })
    }
}
