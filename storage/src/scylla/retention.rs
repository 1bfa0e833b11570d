//! Dropping the past of logs that do not keep everything: as a purge does it (`purge.rs`), up to a border of buckets, under the same epoch.
//!
//! First the log's beginning moves, by one conditional statement, while the room's cell is held; from then on nobody reads what lies before
//! it. Then the buckets are removed as partitions, while the room goes on. Which rooms there are stands in a table of their own, stamped like
//! everything that follows from entries.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use protocol::RoomId;

use super::{
    ScyllaStore, Shared,
    cells::Known,
    client::Client,
    failure::{Fault, Result},
    index, log,
    options::REMOVAL_PATIENCE,
    purge,
    rows::{signed, wrong},
    settle::{self, KIND_PARTS},
    stamp::stamp,
};
use crate::{AppendError, DroppedPast, LogStart, Permit, RetainedRoom, RetentionRepository, StoreError};

#[async_trait]
impl RetentionRepository for ScyllaStore {
    async fn retained_rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<RetainedRoom>, StoreError> {
        Ok(list(&self.shared().client, after, limit).await?)
    }

    async fn drop_before(&self, room: RoomId, permit: &Permit, before_ms: i64) -> Result<DroppedPast, StoreError> {
        let (shared, permit) = (self.shared(), permit.clone());
        self.spawn(async move { drop_before(&shared, room, &permit, before_ms).await })
            .await
    }
}

fn part(room: RoomId) -> i8 {
    room.key().rem_euclid(i64::from(KIND_PARTS)) as i8
}

/// The values of a room's row among those that do not keep everything, as the entry at `seq` makes it.
pub(super) fn values(room: RoomId, days: u32, seq: u64) -> (i8, i64, i32, i64) {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    (part(room), room.key(), days, stamp(seq))
}

/// Files a room under those that do not keep everything, or takes it out; by the entry at `seq`.
pub(super) async fn write(client: &Client, room: RoomId, days: Option<u32>, seq: u64) -> Result<()> {
    let statements = &client.statements;
    match days {
        Some(days) => {
            client
                .write(&statements.insert_retention, values(room, days, seq))
                .await
        }
        None => {
            let values = (stamp(seq), part(room), room.key());
            client.write(&statements.delete_retention, values).await
        }
    }
}

async fn list(client: &Client, after: Option<RoomId>, limit: usize) -> Result<Vec<RetainedRoom>> {
    let after = after.map_or(i64::MIN, RoomId::key);
    let limit_once = i32::try_from(limit).unwrap_or(i32::MAX);
    let parts =
        (0..KIND_PARTS).map(|part| client.rows::<(i64, i32)>(&client.statements.retentions, (part, after, limit_once)));
    let mut found: Vec<(i64, i32)> = try_join_all(parts).await?.into_iter().flatten().collect();
    found.sort_unstable();
    found.truncate(limit);
    let room = |(room, days)| {
        Ok(RetainedRoom {
            room: RoomId::from_key(room),
            retention_days: u32::try_from(days).map_err(|_| wrong("a number of days"))?,
        })
    };
    found.into_iter().map(room).collect()
}

async fn drop_before(shared: &Arc<Shared>, room: RoomId, permit: &Permit, before_ms: i64) -> Result<DroppedPast> {
    let dropped = move_start(shared, room, permit, before_ms).await?;
    // Whoever looks at many rooms is slowed down by what they have to remove, and whoever changes a setting does not wait for years of it.
    let removal = purge::remove_behind(shared, room, dropped.start.seq);
    let _ = tokio::time::timeout(REMOVAL_PATIENCE, removal).await;
    Ok(dropped)
}

/// Moves the beginning of a log behind the buckets that are older as a whole.
async fn move_start(shared: &Shared, room: RoomId, permit: &Permit, before_ms: i64) -> Result<DroppedPast> {
    let cell = shared.cells.get(room);
    let mut owner = cell.owner.lock().await;
    if !permit.is_valid() {
        return Err(Fault::Refused(StoreError::Failed(AppendError::Fenced.to_string())));
    }
    shared.check_lease()?;
    let mut known = settle::settled(shared, &cell, &mut owner)
        .await?
        .ok_or(StoreError::NotFound)?;
    let from = known.log_first();
    let first = first_kept(shared, room, &known, before_ms).await?;
    if first > from {
        let start = LogStart {
            seq: first,
            number: number_at(shared, room, &known, first - 1).await?,
        };
        let epoch = known.state.head.epoch;
        purge::begin_at(shared, &cell, &mut owner, &mut known, start, epoch).await?;
    }
    Ok(DroppedPast {
        start: known.state.start,
        entries: first.saturating_sub(from),
    })
}

/// The first seq behind the buckets whose entries are all older.
async fn first_kept(shared: &Shared, room: RoomId, known: &Known, before_ms: i64) -> Result<u64> {
    let (client, head, first) = (&shared.client, &known.state.head, known.log_first());
    if head.seq < first {
        return Ok(first);
    }
    if head.time_ms < before_ms {
        return Ok(head.seq + 1);
    }
    // All buckets before the last one that begins before the time are older as a whole; whether that one is, its last entry tells.
    let border = index::first_seq_before(client, room, before_ms, (first, head.seq)).await?;
    let Some(border) = border.filter(|border| *border >= first) else {
        return Ok(first);
    };
    let Some(bucket) = log::bucket_of(shared, room, known, border).await? else {
        return Err(Fault::Broken(format!("room {room}: no bucket holds {border}")));
    };
    let last = bucket.last_seq.unwrap_or(head.seq);
    let points = (room.key(), signed(bucket.number), vec![signed(last)]);
    let time = client.row::<(i64, i64)>(&client.statements.entry_times, points).await?;
    let is_older = time.is_some_and(|(_, last_ms)| last_ms < before_ms);
    Ok(if is_older { last + 1 } else { bucket.first_seq })
}

/// How many numbered entries there are up to a seq of the log.
async fn number_at(shared: &Shared, room: RoomId, known: &Known, seq: u64) -> Result<u64> {
    if seq == known.state.head.seq {
        return Ok(known.state.head.number);
    }
    let found = log::entry_at(shared, room, seq).await?;
    let found = found.ok_or_else(|| Fault::Broken(format!("room {room}: entry {seq} is missing")))?;
    Ok(found.number)
}
