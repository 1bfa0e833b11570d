//! Rooms: creating, finding, purging.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    SqliteStore,
    failure::Fault,
    job::Context,
    log::{fence, room_state},
    rows::{self, signed},
    search,
};
use crate::{
    LogHead, LogStart, NewRoom, Permit, Room, RoomCreated, RoomKind, RoomRepository, RoomState, StoreError,
    bucket::BucketHead,
};

const ROOM: &str = "room, kind, name, initiator, created_ms, deleted, members_count, retention_days";

#[async_trait]
impl RoomRepository for SqliteStore {
    async fn create_room(&self, room: NewRoom) -> Result<RoomCreated, StoreError> {
        self.write(move |context| create(context, &room)).await
    }

    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        self.read(move |context| Ok(room_state(context.connection, room, context.salt)?))
            .await
    }

    async fn channel(&self, name: &str) -> Result<Option<Room>, StoreError> {
        let name = name.to_owned();
        self.read(move |context| {
            let query = format!("SELECT {ROOM} FROM rooms WHERE room = (SELECT room FROM channels WHERE name = ?1)");
            let mut statement = context.connection.prepare_cached(&query)?;
            Ok(statement.query_row([name], rows::room).optional()?)
        })
        .await
    }

    async fn rooms(&self, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, StoreError> {
        self.read(move |context| {
            let query = format!("SELECT {ROOM} FROM rooms WHERE kind = ?1 AND room > ?2 ORDER BY room LIMIT ?3");
            let after = after.map_or(i64::MIN, RoomId::key);
            let mut statement = context.connection.prepare_cached(&query)?;
            let found = statement.query_map(params![kind as u8, after, signed(limit as u64)], rows::room)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn purge_log(&self, room: RoomId, permit: &Permit) -> Result<RoomState, StoreError> {
        let permit = permit.clone();
        self.write(move |context| {
            fence(&permit)?;
            purge(context, room)
        })
        .await
    }
}

fn create(context: &Context<'_>, new: &NewRoom) -> Result<RoomCreated, Fault> {
    if let Some(existing) = existing(context.connection, new)? {
        let state = room_state(context.connection, existing, context.salt)?.ok_or(StoreError::NotFound)?;
        return Ok(RoomCreated::Existing(state));
    }
    if room_state(context.connection, new.id, context.salt)?.is_some() {
        return Err(StoreError::Conflict.into());
    }
    let key = new.id.key();
    let count = add_first_members(context.connection, new)?;
    context
        .connection
        .prepare_cached(
            "INSERT INTO rooms (room, kind, name, initiator, created_ms, deleted, members_count) \
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
        )?
        .execute(params![
            key,
            new.kind as u8,
            new.name,
            new.initiator.as_ref().map(UserId::as_str),
            new.now_ms,
            signed(count),
        ])?;
    context
        .connection
        .prepare_cached("INSERT INTO heads VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)")?
        .execute(params![key, context.salt.stored(new.epoch)])?;
    claim_name(context.connection, new)?;
    Ok(RoomCreated::New(state_of(new, count)))
}

fn state_of(new: &NewRoom, members_count: u64) -> RoomState {
    RoomState {
        room: Room {
            id: new.id,
            kind: new.kind,
            name: new.name.clone(),
            initiator: new.initiator.clone(),
            created_ms: new.now_ms,
            deleted: false,
            members_count,
            retention_days: None,
        },
        start: LogStart::default(),
        head: LogHead {
            epoch: new.epoch,
            seq: 0,
            number: 0,
            time_ms: 0,
            message_seq: 0,
            bucket: BucketHead::default(),
        },
    }
}

/// The pair of a direct chat, the lesser id first. A chat with oneself is a pair of one.
fn pair(new: &NewRoom) -> Result<(&UserId, &UserId), StoreError> {
    let users: Vec<&UserId> = new.members.iter().map(|(user, _)| user).collect();
    match users.as_slice() {
        [only] => Ok((only, only)),
        [one, other] => Ok((one.min(other), one.max(other))),
        _ => Err(StoreError::Failed("a direct chat has two members".to_owned())),
    }
}

/// The room that holds the pair or the channel's name already.
fn existing(connection: &Connection, new: &NewRoom) -> Result<Option<RoomId>, Fault> {
    let key: Option<i64> = match new.kind {
        RoomKind::Group => None,
        RoomKind::Direct => {
            let (low, high) = pair(new)?;
            connection
                .prepare_cached(
                    "SELECT room FROM direct_rooms JOIN rooms USING (room) \
                     WHERE low = ?1 AND high = ?2 AND NOT deleted",
                )?
                .query_row([low.as_str(), high.as_str()], |row| row.get(0))
                .optional()?
        }
        RoomKind::Channel => connection
            .prepare_cached("SELECT room FROM channels WHERE name = ?1")?
            .query_row([&new.name], |row| row.get(0))
            .optional()?,
    };
    Ok(key.map(RoomId::from_key))
}

fn claim_name(connection: &Connection, new: &NewRoom) -> Result<(), Fault> {
    match new.kind {
        RoomKind::Group => {}
        RoomKind::Direct => {
            let (low, high) = pair(new)?;
            connection
                // A pair whose chat was deleted gets a new one.
                .prepare_cached(
                    "INSERT INTO direct_rooms (low, high, room) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (low, high) DO UPDATE SET room = excluded.room",
                )?
                .execute(params![low.as_str(), high.as_str(), new.id.key()])?;
        }
        RoomKind::Channel => {
            connection
                .prepare_cached("INSERT INTO channels (name, room) VALUES (?1, ?2)")?
                .execute(params![new.name, new.id.key()])?;
        }
    }
    Ok(())
}

/// Adds the first members; somebody who is named twice counts once, with the first role. Gives their number.
fn add_first_members(connection: &Connection, new: &NewRoom) -> Result<u64, Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO members (room, user, role, joined_seq, joined_number, joined_ms, muted_until_ms) \
         VALUES (?1, ?2, ?3, 0, 0, ?4, 0) ON CONFLICT (room, user) DO NOTHING",
    )?;
    let mut count = 0;
    for (user, role) in &new.members {
        count += insert.execute(params![new.id.key(), user.as_str(), *role as u8, new.now_ms])?;
    }
    Ok(count as u64)
}

/// Takes a log out of reach at once: without its index of buckets no read finds a row. The rows go in slices after
/// that.
fn purge(context: &Context<'_>, room: RoomId) -> Result<RoomState, Fault> {
    let (connection, key) = (context.connection, room.key());
    let mut state = room_state(connection, room, context.salt)?.ok_or(StoreError::NotFound)?;
    let epoch = protocol::Epoch::generate();
    let bucket = state.head.bucket.closed();
    connection
        .prepare_cached("INSERT INTO purges (room, last_bucket) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![key, signed(bucket.bucket)])?;
    for table in ["buckets_by_seq", "buckets_by_time"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE room = ?1"))?
            .execute([key])?;
    }
    connection
        .prepare_cached(
            "UPDATE heads SET epoch = ?2, message_seq = 0, bucket_rows = ?3, first_seq = seq + 1, first_number = number \
             WHERE room = ?1",
        )?
        .execute(params![key, context.salt.stored(epoch), bucket.rows])?;
    search::forget(connection, room)?;
    context.signals.log_was_purged();
    state.start = LogStart {
        seq: state.head.seq + 1,
        number: state.head.number,
    };
    state.head = LogHead {
        epoch,
        message_seq: 0,
        bucket,
        ..state.head
    };
    Ok(state)
}
