//! Finding out where a log ends: read from its rows, never from what an earlier process has left in derived tables. What follows from
//! entries and was not written any more is written now. Called under the cell's lock, once per room and process, and after a doubt.

use std::{collections::HashMap, sync::Arc};

use protocol::RoomId;
use scylla::serialize::row::SerializeRow;

use super::{
    Shared,
    cells::{Cell, Known, Owner},
    client::Client,
    commands,
    effects::{self, Changes},
    failure::{Fault, Result},
    index::{self, Bucket},
    log,
    options::{
        ADOPTED_BYTES_MAX, ADOPTED_ROWS_MAX, BATCH_BYTES_MAX, BATCH_ROWS_MAX, LAST_MESSAGE_ROWS_MAX, REMOVAL_DELAY,
    },
    rows::{self, HeadRow, NewEntryRow, TailRow, signed, unsigned, wrong},
    stamp::stamp,
};
use crate::{
    Entry, LogHead, LogStart, Room, RoomState, StoreError,
    bucket::{self, BucketHead},
};

/// Parts of the list of a kind's rooms.
pub(super) const KIND_PARTS: i8 = 16;

/// A room's own row: kind, name, initiator, time of creation, epoch, first readable seq, first members, the number before that seq.
pub(super) type RoomRow = (i8, String, Option<String>, i64, i64, i64, Option<Vec<u8>>, Option<i64>);

/// The room as it is now; None: there is no such room. Read from memory where the room is known.
pub(super) async fn known(shared: &Shared, room: RoomId) -> Result<Option<Known>> {
    let cell = shared.cells.get(room);
    if let Some(known) = cell.known() {
        return Ok(Some(known));
    }
    let mut owner = cell.owner.lock().await;
    settled(shared, &cell, &mut owner).await
}

/// The same, for whoever holds the cell.
pub(super) async fn settled(shared: &Shared, cell: &Cell, owner: &mut Owner) -> Result<Option<Known>> {
    if owner.is_settled
        && let Some(known) = cell.known()
    {
        return Ok(Some(known));
    }
    let Some(loaded) = load(shared, cell.room).await? else {
        return Ok(None);
    };
    if shared.lease.is_some() {
        if !loaded.missing.is_empty() {
            write_missing(shared, cell, &loaded).await?;
        }
        if let Some((first_seq, former)) = loaded.former {
            // Its owner ended before it came to remove it. That it could not be removed now does no harm; the next one does.
            let removed = index::remove_former(&shared.client, cell.room, first_seq, former).await;
            warn_unless_removed(cell.room, former, removed);
        }
        owner.is_settled = true;
        owner.commands.forget();
        cell.set_known(Some(loaded.known.clone()));
    }
    Ok(Some(loaded.known))
}

/// The room as it is now, with its newest entries whose consequences may not all be written yet: none in the process that owns the logs.
/// Beside a node nothing is written.
pub(super) async fn picture(shared: &Shared, room: RoomId) -> Result<Option<(Known, Vec<(Entry, Changes)>)>> {
    if shared.lease.is_some() {
        let known = known(shared, room).await?;
        return Ok(known.map(|known| (known, Vec::new())));
    }
    let loaded = load(shared, room).await?;
    Ok(loaded.map(|loaded| (loaded.known, loaded.missing)))
}

/// What reading a room gave.
struct Loaded {
    known: Known,
    /// Entries behind the head as it was stored, with what follows from them.
    missing: Vec<(Entry, Changes)>,
    /// The newest bucket's first seq, and the bucket that it was copied from and that is still there.
    former: Option<(u64, u64)>,
}

async fn load(shared: &Shared, room: RoomId) -> Result<Option<Loaded>> {
    let client = &shared.client;
    let key = (room.key(),);
    let (row, head) = futures_util::future::join(
        client.row::<RoomRow>(&client.statements.room, key),
        client.row::<HeadRow>(&client.statements.head, key),
    )
    .await;
    let Some(row) = row? else { return Ok(None) };
    let mut known = base(shared, room, &row, head?.as_ref())?;
    if known.is_new && shared.lease.is_some() {
        create_derived(shared, room, &row).await?;
    }
    let (missing, last) = read_missing(client, room, &mut known.known).await?;
    if missing.is_empty() {
        if known.known.state.head.bucket.first_seq >= known.known.log_first() {
            correct_bucket(client, room, &mut known.known.state.head.bucket, last).await?;
        }
    } else {
        // It is another one now, or may be changed by what is still to be done.
        known.known.last = None;
    }
    if known.known.state.head.bucket.first_seq < known.known.log_first() {
        known.known.state.head.bucket = known.known.state.head.bucket.closed();
    }
    if known.known.state.head.message_seq < known.known.log_first() {
        known.known.state.head.message_seq = 0;
    }
    let former = last.and_then(|last| Some((last.first_seq, last.former?)));
    Ok(Some(Loaded {
        known: known.known,
        missing,
        former,
    }))
}

struct Base {
    known: Known,
    /// Its creation did not come to an end.
    is_new: bool,
}

fn base(shared: &Shared, room: RoomId, row: &RoomRow, head: Option<&HeadRow>) -> Result<Base> {
    let (kind, name, initiator, created_ms, epoch, log_first, members, first_number) = row;
    let epoch = shared.salt.out(*epoch);
    let first_members = first_members(members.as_deref())?;
    let mut state = RoomState {
        room: Room {
            id: room,
            kind: rows::room_kind(*kind)?,
            name: name.clone(),
            initiator: rows::optional_user(initiator.as_deref())?,
            created_ms: *created_ms,
            deleted: false,
            members_count: first_members.len() as u64,
            retention_days: None,
        },
        start: LogStart {
            seq: unsigned(*log_first)?.max(1),
            number: first_number.map_or(Ok(0), unsigned)?,
        },
        head: empty_head(epoch),
    };
    if let Some(head) = head {
        state.head = head.head(epoch)?;
        state.room.name.clone_from(&head.name);
        state.room.deleted = head.deleted;
        state.room.members_count = unsigned(head.members_count)?;
        state.room.retention_days = head.retention_days()?;
    }
    Ok(Base {
        known: Known { state, last: None },
        is_new: head.is_none(),
    })
}

/// The end of a log without entries.
pub(super) fn empty_head(epoch: protocol::Epoch) -> LogHead {
    LogHead {
        epoch,
        seq: 0,
        number: 0,
        time_ms: 0,
        message_seq: 0,
        bucket: BucketHead::default(),
    }
}

/// The first members as a room's row carries them.
pub(super) fn first_members(stored: Option<&[u8]>) -> Result<Vec<(String, u8)>> {
    let Some(stored) = stored else { return Ok(Vec::new()) };
    rmp_serde::from_slice(stored).map_err(|_| wrong("a list of members"))
}

/// Writes what follows from a room's creation.
pub(super) async fn create_derived(shared: &Shared, room: RoomId, row: &RoomRow) -> Result<()> {
    let client = &shared.client;
    let base = base(shared, room, row, None)?;
    for (user, role) in first_members(row.6.as_deref())? {
        effects::insert_member(client, room, &user, role, (0, 0, row.3)).await?;
    }
    let part = room.key().rem_euclid(i64::from(KIND_PARTS)) as i8;
    client
        .write(&client.statements.insert_room_by_kind, (row.0, part, room.key()))
        .await?;
    write_head(client, &base.known.state).await
}

/// Writes a head's row.
pub(super) async fn write_head(client: &Client, state: &RoomState) -> Result<()> {
    let values = head_values(state, stamp(state.head.seq));
    client.write(&client.statements.write_head, values).await
}

/// The values of a head's row.
pub(super) fn head_values(state: &RoomState, written: i64) -> impl SerializeRow + Send + Sync + use<> {
    let (room, head) = (&state.room, &state.head);
    let bucket = &head.bucket;
    (
        room.id.key(),
        signed(head.seq),
        signed(head.number),
        head.time_ms,
        signed(head.message_seq),
        signed(bucket.bucket),
        signed(bucket.first_seq),
        bucket.first_ms,
        i32::try_from(bucket.rows).unwrap_or(i32::MAX),
        signed(bucket.bytes),
        room.name.clone(),
        room.deleted,
        signed(room.members_count),
        rows::retention(room.retention_days),
        written,
    )
}

/// What the stored head calls its bucket may be out of date: an owner that died right after it had taken the bucket over left the head as
/// it was. The index knows. `last` is the newest bucket, which mostly is the one.
async fn correct_bucket(client: &Client, room: RoomId, head: &mut BucketHead, last: Option<Bucket>) -> Result<()> {
    if head.bucket == 0 {
        return Ok(());
    }
    let found = match last {
        Some(last) if last.first_seq == head.first_seq => Some(last),
        _ => index::bucket_at(client, room, head.first_seq).await?,
    };
    if let Some(found) = found.filter(|found| found.first_seq == head.first_seq) {
        head.bucket = found.number;
    }
    Ok(())
}

/// Reads the entries behind the stored head, bucket by bucket, and takes them into the state. Gives them, and the newest bucket.
async fn read_missing(
    client: &Client,
    room: RoomId,
    known: &mut Known,
) -> Result<(Vec<(Entry, Changes)>, Option<Bucket>)> {
    let mut missing = Vec::new();
    let mut newest = None;
    loop {
        let next = (known.state.head.seq + 1).max(known.log_first());
        let Some(last) = last_bucket(client, room, next, known).await? else {
            break;
        };
        newest = Some(last);
        let before = known.state.head.seq;
        // Buckets between the head's and the last one, if it lags that far behind.
        for bucket in buckets_to(client, room, next, &last).await? {
            read_bucket(client, room, &bucket, known, &mut missing).await?;
        }
        let is_next_group = bucket::group(known.state.head.seq + 1) != bucket::group(next);
        if known.state.head.seq == before || !is_next_group {
            break;
        }
    }
    Ok((missing, newest))
}

/// The last bucket that holds or could hold `next`.
async fn last_bucket(client: &Client, room: RoomId, next: u64, known: &Known) -> Result<Option<Bucket>> {
    let found = index::last_bucket(client, room, next).await?;
    Ok(found.filter(|bucket| bucket.first_seq >= known.log_first()))
}

/// The buckets from the one that would hold `next` to `last`, oldest first.
async fn buckets_to(client: &Client, room: RoomId, next: u64, last: &Bucket) -> Result<Vec<Bucket>> {
    if last.first_seq <= next {
        return Ok(vec![*last]);
    }
    let mut buckets: Vec<Bucket> = index::bucket_at(client, room, next).await?.into_iter().collect();
    let mut from = buckets.last().map_or(next, |bucket| bucket.first_seq + 1);
    while from <= last.first_seq {
        let more = index::buckets_behind(client, room, from).await?;
        let Some(newest) = more.last() else { break };
        from = newest.first_seq + 1;
        buckets.extend(more);
    }
    Ok(buckets)
}

/// Where to read from so that the newest message before the head comes along, if it is not far: whoever opens a room shows it.
fn with_last_message(known: &Known, bucket: &Bucket) -> Option<u64> {
    let head = &known.state.head;
    let is_near = head.message_seq >= bucket.first_seq.max(known.log_first())
        && head.seq - head.message_seq <= LAST_MESSAGE_ROWS_MAX;
    (is_near && head.message_seq > 0 && head.seq >= head.message_seq).then_some(head.message_seq)
}

/// Takes in what a bucket holds behind the head.
async fn read_bucket(
    client: &Client,
    room: RoomId,
    bucket: &Bucket,
    known: &mut Known,
    missing: &mut Vec<(Entry, Changes)>,
) -> Result<()> {
    let last = bucket.last_seq.unwrap_or(i64::MAX as u64);
    loop {
        let first = (known.state.head.seq + 1).max(bucket.first_seq);
        if first > last {
            return Ok(());
        }
        let from = with_last_message(known, bucket).unwrap_or(first);
        let range = (room.key(), signed(bucket.number), signed(from), signed(last));
        let mut page = log::page_of(client, &client.statements.entries_up, range, BATCH_ROWS_MAX).await?;
        let old = page.partition_point(|entry| entry.seq < first);
        known.last = page
            .drain(..old)
            .next()
            .filter(|entry| entry.seq == known.state.head.message_seq);
        let Some(newest) = page.last().map(|entry| entry.seq) else {
            return Ok(());
        };
        let range = (room.key(), signed(bucket.number), signed(first), signed(newest));
        let tails = client.rows::<TailRow>(&client.statements.entry_tails, range).await?;
        if tails.len() != page.len() {
            return Err(Fault::Unavailable("a log moved while it was being opened".to_owned()));
        }
        for (entry, tail) in page.into_iter().zip(tails) {
            if known.state.head.seq >= known.log_first() && entry.seq != known.state.head.seq + 1 {
                return Err(Fault::Broken(format!(
                    "room {room}: entry {} is missing",
                    known.state.head.seq + 1
                )));
            }
            let changes = effects::decode(tail.effects.as_deref())?;
            effects::fold(&mut known.state, &entry, &changes);
            known.state.head.bucket = BucketHead {
                bucket: bucket.number,
                first_seq: bucket.first_seq,
                first_ms: bucket.first_ms,
                rows: u32::try_from(tail.bucket_rows).map_err(|_| wrong("a count"))?,
                bytes: unsigned(tail.bucket_bytes)?,
            };
            missing.push((entry, changes));
        }
    }
}

/// Does what follows from entries that a former owner did not come to do.
async fn write_missing(shared: &Shared, cell: &Cell, loaded: &Loaded) -> Result<()> {
    for (entry, changes) in &loaded.missing {
        effects::apply(shared, cell.room, entry, changes).await?;
        for (user, mark) in effects::marks(changes)? {
            let mut behind = cell.behind();
            let stored = behind.marks.entry(user).or_default();
            *stored = stored.advanced(mark);
        }
    }
    cell.behind().head = true;
    Ok(())
}

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

fn warn_unless_removed(room: RoomId, bucket: u64, removed: Result<()>) {
    if let Err(fault) = removed {
        let error = StoreError::from(fault);
        tracing::warn!(%room, bucket, %error, "a bucket that nobody reads could not be removed");
    }
}

/// Copies a bucket's rows, as they are, up to the end of the log. Gives its commands: entry's seq and time by key.
async fn copy(client: &Client, room: RoomId, from: &Bucket, to: u64, last: u64) -> Result<HashMap<i64, (u64, i64)>> {
    rewrite(client, room, from, (from.first_seq, last), to).await?;
    let values = (room.key(), signed(from.number));
    let mut records = client
        .rows::<(i64, String, i64, uuid::Uuid, i64)>(&client.statements.all_commands, values)
        .await?;
    records.retain(|(.., target)| *target <= signed(last));
    let known = records
        .iter()
        .map(|(key, _, time_ms, _, target)| (*key, (target.unsigned_abs(), *time_ms)));
    let known = known.collect();
    let rows = records.into_iter().map(|(key, sender, time_ms, command_id, target)| {
        let written = stamp(target.unsigned_abs());
        let values = super::append::command_values(room, to, (key, sender, time_ms, command_id, target), written);
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
    rewrite(client, room, bucket, (first.max(bucket.first_seq), last), bucket.number).await
}

/// Writes rows of a bucket again, here or into another one, in mutations that the servers take: edits may have made them larger than they
/// were.
async fn rewrite(client: &Client, room: RoomId, from: &Bucket, (first, last): (u64, u64), to: u64) -> Result<()> {
    let range = (room.key(), signed(from.number), signed(first), signed(last));
    let entries = log::all_of(client, &client.statements.entries_up, range).await?;
    let tails = client.rows::<TailRow>(&client.statements.entry_tails, range).await?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for (entry, tail) in entries.iter().zip(tails) {
        if rows.len() >= BATCH_ROWS_MAX || (bytes > 0 && bytes + entry.body.len() > BATCH_BYTES_MAX) {
            super::append::write_rows(client, std::mem::take(&mut rows)).await?;
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
        let row = NewEntryRow::new(room, entry, &head, tail.batch_first.unsigned_abs(), tail.effects);
        rows.push((row, None));
    }
    super::append::write_rows(client, rows).await
}

/// What a new room's cell knows without asking.
pub(super) fn settle_new(cell: &Cell, owner: &mut Owner, state: RoomState) {
    owner.is_settled = true;
    owner.commands = commands::none_yet();
    cell.set_known(Some(Known { state, last: None }));
}
