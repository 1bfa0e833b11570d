//! The index of buckets: finding the bucket of a seq or of a date, opening and sealing. One read finds any seq; a date takes one more
//! in rooms of more than one group. Only here are buckets opened and sealed, each by one conditional statement.
//!
//! Nobody writes into a bucket before its opening has been acknowledged, so whoever reads entries finds it by a plain read. Whoever works
//! on the end of a log has to know what became of statements without an answer, and reads serially ([`bucket_at`], [`last_bucket`],
//! [`buckets_behind`]).

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;

use super::{
    client::Client,
    failure::{Fault, Result},
    options::{BUCKETS_PER_READ, CALL_STATEMENTS_AT_ONCE, GROUP_BUCKETS_PER_READ},
    rows::{signed, unsigned},
};
use crate::bucket::{self, BucketHead};

/// A row of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) first_seq: u64,
    pub(super) number: u64,
    pub(super) first_ms: i64,
    /// The last seq, once it is sealed; rows beyond are nobody's.
    pub(super) last_seq: Option<u64>,
    /// Rows in it, once it is sealed.
    pub(super) rows: Option<u32>,
    /// The bucket that it was copied from, until that is removed.
    pub(super) former: Option<u64>,
}

type Row = (i64, i64, i64, Option<i64>, Option<i32>, Option<i64>);

fn bucket(row: Row) -> Result<Bucket> {
    let (first_seq, number, first_ms, last_seq, rows, former) = row;
    Ok(Bucket {
        first_seq: unsigned(first_seq)?,
        number: unsigned(number)?,
        first_ms,
        last_seq: last_seq.map(unsigned).transpose()?,
        rows: rows.and_then(|rows| u32::try_from(rows).ok()),
        former: former.filter(|former| *former != 0).map(unsigned).transpose()?,
    })
}

fn group_key(seq: u64) -> i64 {
    signed(bucket::group(seq))
}

/// The buckets up to the one that a seq of the log lies in, newest first; of one group, so they may be less than there are.
pub(super) async fn buckets_up_to(client: &Client, room: RoomId, seq: u64) -> Result<Vec<Bucket>> {
    up_to(client, room, seq, BUCKETS_PER_READ).await
}

async fn up_to(client: &Client, room: RoomId, seq: u64, limit: i32) -> Result<Vec<Bucket>> {
    let values = (room.key(), group_key(seq), signed(seq), limit);
    let found = client
        .acknowledged_rows::<Row>(&client.statements.buckets_up_to, values)
        .await?;
    found.into_iter().map(bucket).collect()
}

/// The buckets of a log's readable part from `first` to `last` that may hold entries of this time or younger, oldest first; all groups are
/// read at once.
pub(super) async fn buckets_since(
    client: &Client,
    room: RoomId,
    (first, last): (u64, u64),
    time_ms: i64,
) -> Result<Vec<Bucket>> {
    let (mut oldest, newest) = (bucket::group(first), bucket::group(last));
    if oldest != newest {
        let before = group_before(client, room, time_ms).await?;
        oldest = before.map_or(oldest, |group| oldest.max(group.cast_unsigned()));
    }
    let groups: Vec<Vec<Bucket>> = stream::iter(oldest..=newest)
        .map(|group| {
            let part = (
                first.max(group * bucket::GROUP_SEQS),
                last.min((group + 1) * bucket::GROUP_SEQS - 1),
            );
            since_in_group(client, room, part, time_ms)
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(groups.into_iter().flatten().collect())
}

/// The same within one group.
async fn since_in_group(client: &Client, room: RoomId, (first, last): (u64, u64), time_ms: i64) -> Result<Vec<Bucket>> {
    let mut found: Vec<Bucket> = Vec::new();
    let mut behind = Some(last);
    while let Some(seq) = behind {
        let before = up_to(client, room, seq, GROUP_BUCKETS_PER_READ).await?;
        let Some(oldest) = before.last() else { break };
        let is_wanted = oldest.first_seq > first && oldest.first_ms >= time_ms;
        behind = is_wanted.then(|| oldest.first_seq - 1);
        found.extend(before);
    }
    found.retain(|bucket| bucket.first_seq >= first);
    found.reverse();
    Ok(found)
}

/// The last group that begins before a time.
async fn group_before(client: &Client, room: RoomId, time_ms: i64) -> Result<Option<i64>> {
    let values = (room.key(), time_ms);
    let found = client
        .row::<(i64,)>(&client.statements.group_before_time, values)
        .await?;
    Ok(found.map(|(group,)| group))
}

/// The buckets that begin at `seq` or behind it, oldest first; of the group of `seq`.
pub(super) async fn buckets_from(client: &Client, room: RoomId, seq: u64) -> Result<Vec<Bucket>> {
    let values = (room.key(), group_key(seq), signed(seq), BUCKETS_PER_READ);
    let found = client
        .acknowledged_rows::<Row>(&client.statements.buckets_from, values)
        .await?;
    found.into_iter().map(bucket).collect()
}

/// The bucket that a seq lies in, or would lie in if it were there: the last one of its group that begins at or before it.
pub(super) async fn bucket_at(client: &Client, room: RoomId, seq: u64) -> Result<Option<Bucket>> {
    let values = (room.key(), group_key(seq), signed(seq));
    let found = client.row::<Row>(&client.statements.bucket_at, values).await?;
    found.map(bucket).transpose()
}

/// The last bucket of the group that a seq belongs to.
pub(super) async fn last_bucket(client: &Client, room: RoomId, seq: u64) -> Result<Option<Bucket>> {
    let values = (room.key(), group_key(seq), i64::MAX);
    let found = client.row::<Row>(&client.statements.bucket_at, values).await?;
    found.map(bucket).transpose()
}

/// What [`buckets_from`] gives, for certain.
pub(super) async fn buckets_behind(client: &Client, room: RoomId, seq: u64) -> Result<Vec<Bucket>> {
    let values = (room.key(), group_key(seq), signed(seq), BUCKETS_PER_READ);
    let found = client.rows::<Row>(&client.statements.buckets_from, values).await?;
    found.into_iter().map(bucket).collect()
}

/// The first seq of the last bucket that begins before a time, of a log whose readable part reaches from `first` to `last`.
pub(super) async fn first_seq_before(
    client: &Client,
    room: RoomId,
    time_ms: i64,
    (first, last): (u64, u64),
) -> Result<Option<u64>> {
    let group = if bucket::group(first) == bucket::group(last) {
        Some(group_key(last))
    } else {
        group_before(client, room, time_ms).await?
    };
    let Some(group) = group else { return Ok(None) };
    let values = (room.key(), group, time_ms);
    let found = client
        .row::<(i64,)>(&client.statements.bucket_before_time, values)
        .await?;
    found.map(|(first_seq,)| unsigned(first_seq)).transpose()
}

/// How opening a bucket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// It is there and ours.
    Ours,
    /// Somebody else has opened a bucket at this seq, and may have written into it.
    Theirs(Bucket),
}

/// Opens a bucket, before its first row is written. An empty bucket is harmless.
pub(super) async fn open(client: &Client, room: RoomId, new: &BucketHead) -> Result<Opened> {
    let values = (
        room.key(),
        group_key(new.first_seq),
        signed(new.first_seq),
        signed(new.bucket),
        new.first_ms,
    );
    let opened = match client.condition(&client.statements.open_bucket, values).await {
        Ok(true) => Opened::Ours,
        Ok(false) | Err(Fault::Unknown(_)) => owner_of(client, room, new).await?,
        Err(fault) => return Err(fault),
    };
    if opened == Opened::Ours {
        write_times(client, room, new.first_seq, new.first_ms).await?;
    }
    Ok(opened)
}

/// Whose the bucket is that begins at this seq, after an answer that does not say.
async fn owner_of(client: &Client, room: RoomId, new: &BucketHead) -> Result<Opened> {
    match bucket_at(client, room, new.first_seq).await? {
        Some(found) if found.first_seq == new.first_seq && found.number == new.bucket => Ok(Opened::Ours),
        Some(found) if found.first_seq == new.first_seq => Ok(Opened::Theirs(found)),
        _ => Err(Fault::Unavailable("a bucket could not be opened yet".to_owned())),
    }
}

/// Writes when a bucket begins; before its first row, so that a date finds it. Repeated when a log is taken over.
pub(super) async fn write_times(client: &Client, room: RoomId, first_seq: u64, first_ms: i64) -> Result<()> {
    let group = group_key(first_seq);
    let values = (room.key(), group, first_ms, signed(first_seq));
    client.write(&client.statements.insert_bucket_time, values).await?;
    if first_seq == 1 || bucket::group(first_seq) != bucket::group(first_seq - 1) {
        client
            .write(&client.statements.insert_group, (room.key(), first_ms, group))
            .await?;
    }
    Ok(())
}

/// Makes an empty bucket that an earlier owner opened and came to write nothing into the next one of ours. It begins when our first entry
/// says: the earlier one's may have had a later time, under which no date may find it. False: it is not what it was.
pub(super) async fn adopt_empty(client: &Client, room: RoomId, found: &Bucket, new: &BucketHead) -> Result<bool> {
    if found.first_ms != new.first_ms {
        let time = (
            room.key(),
            group_key(found.first_seq),
            found.first_ms,
            signed(found.first_seq),
        );
        client.write(&client.statements.delete_bucket_time, time).await?;
    }
    let is_adopted = adopt(client, room, found, (new.bucket, new.first_ms)).await?;
    if is_adopted {
        write_times(client, room, new.first_seq, new.first_ms).await?;
    }
    Ok(is_adopted)
}

/// Removes the bucket that another one was copied from; then nothing of it is left.
pub(super) async fn remove_former(client: &Client, room: RoomId, first_seq: u64, former: u64) -> Result<()> {
    let statements = &client.statements;
    client
        .write(&statements.delete_bucket, (room.key(), signed(former)))
        .await?;
    let values = (room.key(), group_key(first_seq), signed(first_seq), signed(former));
    // Not applied: it has been taken over once more, and has another former one now.
    client.condition(&statements.forget_former, values).await.map(drop)
}

/// Seals a bucket at its end: whatever its former owner still writes there is nobody's. False: it was sealed before, or is another's.
pub(super) async fn seal(
    client: &Client,
    room: RoomId,
    full: &BucketHead,
    last_seq: u64,
    last_ms: i64,
) -> Result<bool> {
    let rows = i32::try_from(full.rows).unwrap_or(i32::MAX);
    let values = (
        signed(last_seq),
        last_ms,
        rows,
        signed(full.bytes),
        room.key(),
        group_key(full.first_seq),
        signed(full.first_seq),
        signed(full.bucket),
    );
    match client.condition(&client.statements.seal_bucket, values).await {
        Ok(true) => Ok(true),
        Ok(false) | Err(Fault::Unknown(_)) => {
            let found = bucket_at(client, room, full.first_seq).await?;
            let is_ours = |found: Bucket| found.first_seq == full.first_seq && found.number == full.bucket;
            match found.filter(|found| is_ours(*found)) {
                Some(found) if found.last_seq == Some(last_seq) => Ok(true),
                Some(found) if found.last_seq.is_none() => {
                    Err(Fault::Unavailable("a bucket could not be sealed yet".to_owned()))
                }
                _ => Ok(false),
            }
        }
        Err(fault) => Err(fault),
    }
}

/// Makes a bucket that is not sealed another owner's: from here on its rows are read where `to` says, and it begins at `first_ms`. False:
/// it was sealed, or is not what it was.
pub(super) async fn adopt(client: &Client, room: RoomId, from: &Bucket, (to, first_ms): (u64, i64)) -> Result<bool> {
    let values = (
        signed(to),
        first_ms,
        signed(from.number),
        room.key(),
        group_key(from.first_seq),
        signed(from.first_seq),
        signed(from.number),
    );
    match client.condition(&client.statements.adopt_bucket, values).await {
        Ok(true) => Ok(true),
        Ok(false) | Err(Fault::Unknown(_)) => match bucket_at(client, room, from.first_seq).await? {
            Some(found) if found.number == to => Ok(true),
            Some(found) if found.number == from.number && found.last_seq.is_none() => {
                Err(Fault::Unavailable("a bucket could not be taken over yet".to_owned()))
            }
            _ => Ok(false),
        },
        Err(fault) => Err(fault),
    }
}
