//! Dropping the past of logs that do not keep everything. The border is one of buckets, as on CQL: their rows in the index go in one
//! transaction with the log's new beginning, and without them no read finds an entry. The entries themselves are removed in slices by the
//! background lane (`chores.rs`), so no append waits for them.

use async_trait::async_trait;
use protocol::RoomId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    SqliteStore,
    failure::Fault,
    job::Context,
    log::{self, BEHIND, Bucket, bucket, fence, room_state},
    rows::signed,
};
use crate::{DroppedPast, LogHead, LogStart, Permit, RetainedRoom, RetentionRepository, StoreError};

#[async_trait]
impl RetentionRepository for SqliteStore {
    async fn retained_rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<RetainedRoom>, StoreError> {
        self.read(move |context| {
            let mut statement = context.connection.prepare_cached(
                "SELECT room, retention_days FROM rooms WHERE retention_days IS NOT NULL AND room > ?1 ORDER BY room LIMIT ?2",
            )?;
            let after = after.map_or(i64::MIN, RoomId::key);
            let found = statement.query_map(params![after, signed(limit as u64)], |row| {
                Ok(RetainedRoom {
                    room: RoomId::from_key(row.get(0)?),
                    retention_days: row.get(1)?,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn drop_before(&self, room: RoomId, permit: &Permit, before_ms: i64) -> Result<DroppedPast, StoreError> {
        let permit = permit.clone();
        self.write(move |context| {
            fence(&permit)?;
            drop_before(context, room, before_ms)
        })
        .await
    }
}

fn drop_before(context: &Context<'_>, room: RoomId, before_ms: i64) -> Result<DroppedPast, Fault> {
    let (connection, key) = (context.connection, room.key());
    let state = room_state(connection, room, context.salt)?.ok_or(StoreError::NotFound)?;
    let first = first_kept(connection, key, &state.head, before_ms)?.unwrap_or(state.start.seq);
    if first <= state.start.seq {
        return Ok(DroppedPast {
            start: state.start,
            entries: 0,
        });
    }
    let last_dropped = log::entry_at(connection, key, first - 1)?;
    let start = LogStart {
        seq: first,
        number: last_dropped.map_or(state.start.number, |entry| entry.number),
    };
    let Some((_, last_bucket)) = bucket(connection, log::HOLDING, key, signed(first - 1))? else {
        return Err(StoreError::Failed(format!("room {room}: no bucket holds {}", first - 1)).into());
    };
    take_out_of_reach(connection, key, &start, last_bucket)?;
    if first > state.head.seq {
        // The newest bucket is gone: the next entry opens another one.
        connection
            .prepare_cached("UPDATE heads SET bucket_rows = ?2 WHERE room = ?1")?
            .execute(params![key, state.head.bucket.closed().rows])?;
    }
    context.signals.log_was_purged();
    Ok(DroppedPast {
        start,
        entries: first - state.start.seq,
    })
}

/// The first seq behind the buckets whose entries are all older; None: there are none.
fn first_kept(connection: &Connection, room: i64, head: &LogHead, before_ms: i64) -> rusqlite::Result<Option<u64>> {
    // All buckets before the last one that begins before the time are older as a whole; whether that one is, its last entry tells.
    let Some((first_seq, number)) = log::bucket_before(connection, room, before_ms)? else {
        return Ok(None);
    };
    if head.time_ms < before_ms {
        return Ok(Some(head.seq + 1));
    }
    let last_ms: Option<i64> = connection
        .prepare_cached("SELECT time_ms FROM entries WHERE room = ?1 AND bucket = ?2 ORDER BY seq DESC LIMIT 1")?
        .query_row([room, number], |row| row.get(0))
        .optional()?;
    let is_older = last_ms.is_some_and(|last_ms| last_ms < before_ms);
    let next: Option<Bucket> = if is_older {
        bucket(connection, BEHIND, room, first_seq)?
    } else {
        None
    };
    Ok(Some(next.map_or(first_seq, |(next, _)| next).unsigned_abs()))
}

/// Moves a log's beginning and removes the index of what lies before it.
fn take_out_of_reach(connection: &Connection, room: i64, start: &LogStart, last_bucket: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO purges (room, last_bucket) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([room, last_bucket])?;
    for table in ["buckets_by_seq", "buckets_by_time"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE room = ?1 AND first_seq < ?2"))?
            .execute(params![room, signed(start.seq)])?;
    }
    connection
        .prepare_cached(
            "UPDATE heads SET first_seq = ?2, first_number = ?3, \
             message_seq = CASE WHEN message_seq < ?2 THEN 0 ELSE message_seq END WHERE room = ?1",
        )?
        .execute(params![room, signed(start.seq), signed(start.number)])?;
    Ok(())
}
