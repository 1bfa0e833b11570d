//! Finding out where a log ends: read from its rows, never from what an earlier process has left in derived tables. What follows from
//! entries and was not written any more is written now. Called under the cell's lock, once per room and process, and after a doubt.

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
    options::{BATCH_ROWS_MAX, LAST_MESSAGE_ROWS_MAX},
    rows::{self, HeadRow, TailRow, signed, unsigned, wrong},
    stamp::stamp,
    take_over::warn_unless_removed,
};
use crate::{
    Entry, LogHead, LogStart, Room, RoomState,
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

/// What a new room's cell knows without asking.
pub(super) fn settle_new(cell: &Cell, owner: &mut Owner, state: RoomState) {
    owner.is_settled = true;
    owner.commands = commands::none_yet();
    cell.set_known(Some(Known { state, last: None }));
}
