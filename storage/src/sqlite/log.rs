//! Reading the rooms' logs. A range walks the buckets that it touches, so that it never looks at more than it gives.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{
    SqliteStore, commands,
    epoch::Salt,
    failure::Fault,
    rows::{self, signed},
};
use crate::{
    AppendBatch, AppendError, Entry, EntryRange, LogHead, LogRepository, Order, Permit, RoomState, Select, StoreError,
};

#[async_trait]
impl LogRepository for SqliteStore {
    async fn open_log(&self, room: RoomId, permit: &Permit) -> Result<Option<RoomState>, StoreError> {
        let permit = permit.clone();
        // Through the writer: what was handed over earlier comes before.
        self.write(move |context| {
            fence(&permit)?;
            Ok(room_state(context.connection, room, context.salt)?)
        })
        .await
    }

    async fn append(&self, batch: AppendBatch) -> Result<LogHead, AppendError> {
        if batch.entries.is_empty() {
            return Ok(batch.head);
        }
        self.append_batch(batch).await
    }

    async fn entries(&self, room: RoomId, range: EntryRange) -> Result<Vec<Entry>, StoreError> {
        self.read(move |context| Ok(read_range(context.connection, room.key(), &range)?))
            .await
    }

    async fn entry(&self, room: RoomId, seq: u64) -> Result<Option<Entry>, StoreError> {
        self.read(move |context| Ok(entry_at(context.connection, room.key(), seq)?))
            .await
    }

    async fn seq_at(&self, room: RoomId, time_ms: i64) -> Result<u64, StoreError> {
        self.read(move |context| Ok(seq_at(context.connection, room.key(), time_ms)?))
            .await
    }

    async fn find_command(
        &self,
        room: RoomId,
        sender: &UserId,
        command_id: Uuid,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        let sender = sender.clone();
        self.read(move |context| {
            let found = commands::find_command(context.connection, room.key(), &sender, command_id, now_ms)?;
            Ok(found)
        })
        .await
    }
}

/// Refuses what a deposed incarnation asks for.
pub(super) fn fence(permit: &Permit) -> Result<(), Fault> {
    if permit.is_valid() {
        return Ok(());
    }
    Err(StoreError::Failed(AppendError::Fenced.to_string()).into())
}

/// A room and its log's end.
pub(super) fn room_state(connection: &Connection, room: RoomId, salt: &Salt) -> rusqlite::Result<Option<RoomState>> {
    let query = format!(
        "SELECT {} FROM rooms r JOIN heads h ON h.room = r.room WHERE r.room = ?1",
        rows::ROOM_STATE
    );
    connection
        .prepare_cached(&query)?
        .query_row([room.key()], |row| rows::room_state(row, salt))
        .optional()
}

/// The entry at a seq.
pub(super) fn entry_at(connection: &Connection, room: i64, seq: u64) -> rusqlite::Result<Option<Entry>> {
    let query = format!(
        "SELECT {} FROM entries WHERE room = ?1 AND seq = ?2 AND bucket = (SELECT bucket FROM buckets_by_seq \
         WHERE room = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1)",
        rows::ENTRY
    );
    connection
        .prepare_cached(&query)?
        .query_row(params![room, signed(seq)], rows::entry)
        .optional()
}

/// What of a range has been read so far.
struct Page<'a> {
    range: &'a EntryRange,
    entries: Vec<Entry>,
    bytes: usize,
}

impl Page<'_> {
    /// Takes an entry; false: it does not fit any more.
    fn take(&mut self, entry: Entry) -> bool {
        let is_over = self.bytes + entry.body.len() > self.range.bytes_max;
        if self.entries.len() >= self.range.limit || (is_over && !self.entries.is_empty()) {
            return false;
        }
        self.bytes += entry.body.len();
        self.entries.push(entry);
        true
    }
}

fn read_range(connection: &Connection, room: i64, range: &EntryRange) -> rusqlite::Result<Vec<Entry>> {
    let mut page = Page {
        range,
        entries: Vec::new(),
        bytes: 0,
    };
    if range.limit == 0 || range.first > range.last {
        return Ok(page.entries);
    }
    let mut statement = range_statement(connection, range)?;
    let mut next = first_bucket(connection, room, range)?;
    while let Some((first_seq, bucket)) = next {
        if !read_bucket(&mut statement, room, bucket, &mut page)? || page.entries.len() >= range.limit {
            break;
        }
        next = next_bucket(connection, room, range, first_seq)?;
    }
    Ok(page.entries)
}

fn range_statement<'a>(connection: &'a Connection, range: &EntryRange) -> rusqlite::Result<CachedStatement<'a>> {
    let (index, kind) = match range.select {
        Select::Everything => ("", ""),
        Select::Messages => ("INDEXED BY messages", "AND kind = 1"),
    };
    let order = match range.order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    connection.prepare_cached(&format!(
        "SELECT {} FROM entries {index} WHERE room = ?1 AND bucket = ?2 AND seq BETWEEN ?3 AND ?4 {kind} \
         ORDER BY seq {order}",
        rows::ENTRY
    ))
}

/// Reads one bucket's part of the range; false: the page is full.
fn read_bucket(
    statement: &mut CachedStatement<'_>,
    room: i64,
    bucket: i64,
    page: &mut Page<'_>,
) -> rusqlite::Result<bool> {
    let (first, last) = (signed(page.range.first), signed(page.range.last));
    let mut found = statement.query(params![room, bucket, first, last])?;
    while let Some(row) = found.next()? {
        if !page.take(rows::entry(row)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// First seq and number of a bucket.
pub(super) type Bucket = (i64, i64);

/// The bucket that a query finds by a seq or a time.
pub(super) fn bucket(connection: &Connection, query: &str, room: i64, at: i64) -> rusqlite::Result<Option<Bucket>> {
    connection
        .prepare_cached(query)?
        .query_row([room, at], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) const HOLDING: &str =
    "SELECT first_seq, bucket FROM buckets_by_seq WHERE room = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1";
const BEFORE: &str =
    "SELECT first_seq, bucket FROM buckets_by_seq WHERE room = ?1 AND first_seq < ?2 ORDER BY first_seq DESC LIMIT 1";
pub(super) const BEHIND: &str =
    "SELECT first_seq, bucket FROM buckets_by_seq WHERE room = ?1 AND first_seq > ?2 ORDER BY first_seq LIMIT 1";

fn first_bucket(connection: &Connection, room: i64, range: &EntryRange) -> rusqlite::Result<Option<Bucket>> {
    let wanted = match range.order {
        Order::Ascending => signed(range.first),
        Order::Descending => signed(range.last),
    };
    let holding = bucket(connection, HOLDING, room, wanted)?;
    if holding.is_some() || range.order == Order::Descending {
        return Ok(holding);
    }
    // The range begins before the oldest entry that is left.
    let oldest = bucket(connection, BEHIND, room, wanted)?;
    Ok(oldest.filter(|(first_seq, _)| *first_seq <= signed(range.last)))
}

fn next_bucket(
    connection: &Connection,
    room: i64,
    range: &EntryRange,
    first_seq: i64,
) -> rusqlite::Result<Option<Bucket>> {
    match range.order {
        Order::Ascending => {
            let next = bucket(connection, BEHIND, room, first_seq)?;
            Ok(next.filter(|(first_seq, _)| *first_seq <= signed(range.last)))
        }
        Order::Descending if first_seq <= signed(range.first) => Ok(None),
        Order::Descending => bucket(connection, BEFORE, room, first_seq),
    }
}

/// The last bucket that begins before a time.
pub(super) fn bucket_before(connection: &Connection, room: i64, time_ms: i64) -> rusqlite::Result<Option<Bucket>> {
    let query = "SELECT first_seq, bucket FROM buckets_by_time WHERE room = ?1 AND first_ms < ?2 \
                 ORDER BY first_ms DESC, bucket DESC LIMIT 1";
    bucket(connection, query, room, time_ms)
}

/// The first seq at or after a time; one behind the end if there is none.
fn seq_at(connection: &Connection, room: i64, time_ms: i64) -> rusqlite::Result<u64> {
    // The last bucket that begins before the time is the only one that can hold the border; when all of it is older,
    // the
    // border is the first row of the next bucket.
    let before = bucket_before(connection, room, time_ms)?;
    let behind = before.map_or(0, |(first_seq, _)| first_seq);
    if let Some((first_seq, bucket)) = before
        && let Some(seq) = seq_in_bucket(connection, room, bucket, first_seq, time_ms)?
    {
        return Ok(seq);
    }
    if let Some((first_seq, _)) = bucket(connection, BEHIND, room, behind)? {
        return Ok(first_seq.unsigned_abs());
    }
    let end: Option<u64> = connection
        .prepare_cached("SELECT seq FROM heads WHERE room = ?1")?
        .query_row([room], |row| rows::unsigned(row, 0))
        .optional()?;
    Ok(end.unwrap_or(0) + 1)
}

/// The first seq at or after a time within a bucket: times never fall, so halving finds it.
fn seq_in_bucket(
    connection: &Connection,
    room: i64,
    bucket: i64,
    first_seq: i64,
    time_ms: i64,
) -> rusqlite::Result<Option<u64>> {
    let last_seq: Option<i64> = connection
        .prepare_cached("SELECT seq FROM entries WHERE room = ?1 AND bucket = ?2 ORDER BY seq DESC LIMIT 1")?
        .query_row([room, bucket], |row| row.get(0))
        .optional()?;
    let Some(last_seq) = last_seq else {
        return Ok(None);
    };
    let mut time_of =
        connection.prepare_cached("SELECT time_ms FROM entries WHERE room = ?1 AND bucket = ?2 AND seq = ?3")?;
    let (mut low, mut high) = (first_seq, last_seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: i64 = time_of.query_row([room, bucket, middle], |row| row.get(0))?;
        if found < time_ms {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok((low <= last_seq).then_some(low.unsigned_abs()))
}
