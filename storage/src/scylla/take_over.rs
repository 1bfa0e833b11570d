//! Taking over the bucket that a former owner of a log was writing into: a small one is copied into one of ours, a large one is sealed.
//! Called by appends, before the first one to a log that somebody else wrote, and after a doubtful one of our own.

use std::{collections::HashMap, sync::Arc};

use protocol::RoomId;

use super::{
    Shared,
    append::{command_values, write_rows},
    cells::{Cell, Known, Owner},
    client::Client,
    commands::{self, Record},
    failure::Result,
    index::{self, Bucket},
    log,
    options::{ADOPTED_BYTES_MAX, ADOPTED_ROWS_MAX, BATCH_BYTES_MAX, BATCH_ROWS_MAX, REMOVAL_DELAY},
    rows::{NewEntryRow, TailRow, signed},
    stamp::stamp,
};
use crate::{
    StoreError,
    bucket::{self, BucketHead},
};

/// Makes sure that the bucket to append to is ours alone: one of another term, or one with a doubtful write, is taken over if it is small
/// and sealed if not, at about `now_ms`. False: somebody else has the log.
pub(super) async fn take_over(
    shared: &Arc<Shared>,
    cell: &Cell,
    owner: &mut Owner,
    known: &mut Known,
    now_ms: i64,
) -> Result<bool> {
    let log_first = known.log_first();
    let head = &mut known.state.head;
    let is_ours = bucket::term(head.bucket.bucket) == shared.term() && !owner.is_doubtful;
    if head.bucket.bucket == 0 || head.bucket.first_seq < log_first || is_ours {
        owner.is_doubtful = false;
        return Ok(true);
    }
    let found = index::bucket_at(&shared.client, cell.room, head.bucket.first_seq).await?;
    let Some(found) = found.filter(|found| found.number == head.bucket.bucket) else {
        return Ok(false);
    };
    if found.last_seq == Some(head.seq) {
        head.bucket = head.bucket.closed();
        owner.is_doubtful = false;
        return Ok(true);
    }
    index::write_times(&shared.client, cell.room, found.first_seq, found.first_ms).await?;
    if let Some(former) = found.former {
        index::remove_former(&shared.client, cell.room, found.first_seq, former).await?;
    }
    let is_small = head.bucket.rows <= ADOPTED_ROWS_MAX && head.bucket.bytes <= ADOPTED_BYTES_MAX;
    let is_taken = if is_small {
        let number = bucket::number(shared.term(), bucket::ordinal(head.bucket.bucket) + 1);
        let number = number.max(owner.doubtful_bucket + 1);
        let records = copy(&shared.client, cell.room, &found, number, head.seq).await?;
        let is_taken = index::adopt(&shared.client, cell.room, &found, (number, found.first_ms)).await?;
        if is_taken {
            head.bucket.bucket = number;
            owner.commands.taken_over(found.number, number, records);
            remove_later(shared, cell.room, found.first_seq, found.number);
        }
        is_taken
    } else {
        rewrite_last_batch(&shared.client, cell.room, &found, head.seq).await?;
        let is_sealed = index::seal(&shared.client, cell.room, &head.bucket, head.seq, head.time_ms).await?;
        if is_sealed {
            let sealed = (&head.bucket, head.seq);
            commands::leave_filter(&shared.client, cell.room, &mut owner.commands, sealed, now_ms).await;
        }
        head.bucket = head.bucket.closed();
        is_sealed
    };
    owner.is_doubtful &= !is_taken;
    cell.set_known(Some(known.clone()));
    Ok(is_taken)
}

/// Removes a bucket that has been taken over by another one, when those who still look at it have come to an end.
fn remove_later(shared: &Arc<Shared>, room: RoomId, first_seq: u64, bucket: u64) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(REMOVAL_DELAY).await;
        let removed = index::remove_former(&shared.client, room, first_seq, bucket).await;
        warn_unless_removed(room, bucket, removed);
    });
}

pub(super) fn warn_unless_removed(room: RoomId, bucket: u64, removed: Result<()>) {
    if let Err(fault) = removed {
        let error = StoreError::from(fault);
        tracing::warn!(%room, bucket, %error, "a bucket that nobody reads could not be removed");
    }
}

/// Copies a bucket's rows, as they are, up to the end of the log. Gives its commands: entry's seq and time by key.
async fn copy(client: &Client, room: RoomId, from: &Bucket, to: u64, last: u64) -> Result<HashMap<i64, (u64, i64)>> {
    let unsure = rewrite(client, room, from, (from.first_seq, last), to).await?;
    let values = (room.key(), signed(from.number));
    let mut records: Vec<Record> = client.rows(&client.statements.all_commands, values).await?;
    records.retain(|(.., target)| *target <= signed(last));
    let known = records
        .iter()
        .chain(&unsure)
        .map(|(key, _, time_ms, _, target)| (*key, (target.unsigned_abs(), *time_ms)));
    let known = known.collect();
    // Those of the last batch have been written with its entries.
    records.retain(|(key, ..)| unsure.iter().all(|(unsure, ..)| unsure != key));
    let rows = records.into_iter().map(|record| {
        let written = stamp(record.4.unsigned_abs());
        let values = command_values(room, to, record, written);
        (&client.statements.insert_command, values)
    });
    client.batch(rows.collect()).await?;
    Ok(known)
}

/// Writes the last batch of a bucket again, so that it is on a majority of replicas for certain before the bucket is sealed behind it.
async fn rewrite_last_batch(client: &Client, room: RoomId, bucket: &Bucket, last: u64) -> Result<()> {
    let values = (room.key(), signed(bucket.number), signed(last), signed(last));
    let tail = client.row::<TailRow>(&client.statements.entry_tails, values).await?;
    let first = tail.map_or(last, |tail| tail.batch_first.unsigned_abs());
    let range = (first.max(bucket.first_seq), last);
    rewrite(client, room, bucket, range, bucket.number).await?;
    Ok(())
}

/// Writes rows of a bucket again, here or into another one, in mutations that the servers take: edits may have made them larger than they
/// were. The last batch gets its records from its entries, and they are given back: it may be on a minority of replicas, and where its
/// entries were read from one of those, the records beside them need not have been. An id that the engine made gets a record too; nobody
/// asks for it.
async fn rewrite(
    client: &Client,
    room: RoomId,
    from: &Bucket,
    (first, last): (u64, u64),
    to: u64,
) -> Result<Vec<Record>> {
    let range = (room.key(), signed(from.number), signed(first), signed(last));
    let entries = log::all_of(client, &client.statements.entries_up, range).await?;
    let tails = client.rows::<TailRow>(&client.statements.entry_tails, range).await?;
    let last_batch = tails.last().map_or(last, |tail| tail.batch_first.unsigned_abs());
    let (mut rows, mut bytes, mut records) = (Vec::new(), 0, Vec::new());
    for (entry, tail) in entries.iter().zip(tails) {
        if rows.len() >= BATCH_ROWS_MAX || (bytes > 0 && bytes + entry.body.len() > BATCH_BYTES_MAX) {
            write_rows(client, std::mem::take(&mut rows)).await?;
            bytes = 0;
        }
        let head = BucketHead {
            bucket: to,
            first_seq: from.first_seq,
            first_ms: from.first_ms,
            rows: tail.bucket_rows.unsigned_abs(),
            bytes: tail.bucket_bytes.unsigned_abs(),
        };
        bytes += entry.body.len();
        let record = (entry.seq >= last_batch).then(|| commands::record(entry));
        records.extend(record.clone());
        let command = record.map(|record| command_values(room, to, record, stamp(entry.seq)));
        let row = NewEntryRow::new(room, entry, &head, tail.batch_first.unsigned_abs(), tail.effects);
        rows.push((row, command));
    }
    write_rows(client, rows).await?;
    Ok(records)
}
