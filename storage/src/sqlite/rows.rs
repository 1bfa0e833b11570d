//! Rows of SQLite as rows of the contract. Conversions by hand, checked: a value that no version of Plenum writes is an
//! error, never a guess.

use bytes::Bytes;
use protocol::{RoomId, UserId};
use rusqlite::{Error, Row, types::Type};
use uuid::Uuid;

use super::epoch::Salt;
use crate::{Entry, EntryKind, LogHead, LogStart, Mark, Member, Role, Room, RoomKind, RoomState, bucket::BucketHead};

/// The columns that [`entry`] reads, in its order.
pub(super) const ENTRY: &str = "seq, number, kind, sender, actor, client, time_ms, created_ms, command_id, reply_to, \
                                target, version, deleted, body";
/// The columns that [`room_state`] reads, of `rooms r` and `heads h`.
pub(super) const ROOM_STATE: &str = "r.room, r.kind, r.name, r.initiator, r.created_ms, r.deleted, r.members_count, \
                                     r.retention_days, h.first_seq, h.first_number, h.epoch, h.seq, h.number, h.time_ms, h.message_seq, h.bucket, \
                                     h.bucket_first_seq, h.bucket_first_ms, h.bucket_rows, h.bucket_bytes";
/// How many columns [`ROOM_STATE`] has.
pub(super) const ROOM_STATE_WIDTH: usize = 20;
/// The columns that [`member`] reads, of `members m`.
pub(super) const MEMBER: &str = "m.user, m.role, m.joined_seq, m.joined_number, m.joined_ms, m.muted_until_ms";

fn wrong(column: usize, what: &str) -> Error {
    Error::FromSqlConversionFailure(column, Type::Null, format!("not {what}").into())
}

/// A count or seq: never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| wrong(column, "a count"))
}

/// A number for a column; seqs, numbers and sizes stay far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A user id's text; the anonymous user is the empty text.
pub(super) fn user(row: &Row<'_>, column: usize) -> rusqlite::Result<UserId> {
    parse_user(row.get_ref(column)?.as_str()?).ok_or_else(|| wrong(column, "a user id"))
}

fn parse_user(text: &str) -> Option<UserId> {
    if text.is_empty() {
        return Some(UserId::anonymous());
    }
    text.parse().ok()
}

pub(super) fn optional_user(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UserId>> {
    match row.get_ref(column)?.as_str_or_null()? {
        None => Ok(None),
        Some(text) => parse_user(text).map(Some).ok_or_else(|| wrong(column, "a user id")),
    }
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(row.get_ref(column)?.as_blob()?).map_err(|_| wrong(column, "a UUID"))
}

fn optional_uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    match row.get_ref(column)?.as_blob_or_null()? {
        None => Ok(None),
        Some(bytes) => Uuid::from_slice(bytes).map(Some).map_err(|_| wrong(column, "a UUID")),
    }
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    row.get_ref(column)?
        .as_blob()?
        .try_into()
        .map_err(|_| wrong(column, "a SHA-256"))
}

pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}

/// A stored number that stands for one of a closed list.
pub(super) fn closed<T>(
    row: &Row<'_>,
    column: usize,
    known: impl Fn(u8) -> Option<T>,
    what: &str,
) -> rusqlite::Result<T> {
    known(row.get::<_, u8>(column)?).ok_or_else(|| wrong(column, what))
}

fn room_kind(number: u8) -> Option<RoomKind> {
    [RoomKind::Direct, RoomKind::Group, RoomKind::Channel]
        .into_iter()
        .find(|kind| *kind as u8 == number)
}

fn role(number: u8) -> Option<Role> {
    [Role::Member, Role::Moderator, Role::Owner]
        .into_iter()
        .find(|role| *role as u8 == number)
}

/// A row of [`ENTRY`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: unsigned(row, 0)?,
        number: unsigned(row, 1)?,
        kind: closed(row, 2, EntryKind::from_number, "a kind of entry")?,
        sender: optional_user(row, 3)?,
        actor: optional_user(row, 4)?,
        client: optional_uuid(row, 5)?,
        time_ms: row.get(6)?,
        created_ms: row.get(7)?,
        command_id: uuid(row, 8)?,
        reply_to: unsigned(row, 9)?,
        target: unsigned(row, 10)?,
        version: unsigned(row, 11)?,
        deleted: row.get(12)?,
        body: bytes(row, 13)?,
    })
}

/// The first columns of [`ROOM_STATE`].
pub(super) fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    Ok(Room {
        id: RoomId::from_key(row.get(0)?),
        kind: closed(row, 1, room_kind, "a kind of room")?,
        name: row.get(2)?,
        initiator: optional_user(row, 3)?,
        created_ms: row.get(4)?,
        deleted: row.get(5)?,
        members_count: unsigned(row, 6)?,
        retention_days: row.get(7)?,
    })
}

/// A log's end, its epoch being in the column `at`.
pub(super) fn head(row: &Row<'_>, at: usize, salt: &Salt) -> rusqlite::Result<LogHead> {
    Ok(LogHead {
        epoch: salt.out(row.get(at)?),
        seq: unsigned(row, at + 1)?,
        number: unsigned(row, at + 2)?,
        time_ms: row.get(at + 3)?,
        message_seq: unsigned(row, at + 4)?,
        bucket: BucketHead {
            bucket: unsigned(row, at + 5)?,
            first_seq: unsigned(row, at + 6)?,
            first_ms: row.get(at + 7)?,
            rows: row.get(at + 8)?,
            bytes: unsigned(row, at + 9)?,
        },
    })
}

/// A row of [`ROOM_STATE`].
pub(super) fn room_state(row: &Row<'_>, salt: &Salt) -> rusqlite::Result<RoomState> {
    Ok(RoomState {
        room: room(row)?,
        start: LogStart {
            seq: unsigned(row, 8)?,
            number: unsigned(row, 9)?,
        },
        head: head(row, 10, salt)?,
    })
}

/// A row of [`MEMBER`] that begins in the column `at`.
pub(super) fn member(row: &Row<'_>, at: usize) -> rusqlite::Result<Member> {
    Ok(Member {
        user: user(row, at)?,
        role: closed(row, at + 1, role, "a role")?,
        joined_seq: unsigned(row, at + 2)?,
        joined_number: unsigned(row, at + 3)?,
        joined_ms: row.get(at + 4)?,
        muted_until_ms: row.get(at + 5)?,
    })
}

/// `read_seq, read_number, received_seq` from the column `at`.
pub(super) fn mark(row: &Row<'_>, at: usize) -> rusqlite::Result<Mark> {
    Ok(Mark {
        read_seq: unsigned(row, at)?,
        read_number: unsigned(row, at + 1)?,
        received_seq: unsigned(row, at + 2)?,
    })
}
