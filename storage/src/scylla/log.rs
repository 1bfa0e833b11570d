//! Reading the rooms' logs. A range walks the buckets that it touches; what the index knows of them says how many are read at once, and
//! what has been read of the index stays in memory.

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};
use scylla::response::PagingState;
use uuid::Uuid;

use super::{
    ScyllaStore, Shared, append,
    cells::Known,
    client::Client,
    commands,
    failure::{Fault, Result},
    index::{self, Bucket},
    options::{BUCKETS_AT_ONCE, LOG_PAGE_ROWS_MAX},
    rows::{EntryRow, signed, unsigned},
    settle,
    statements::Statement,
};
use crate::{
    AppendBatch, AppendError, Entry, EntryRange, LogHead, LogRepository, Order, Permit, RoomState, Select, StoreError,
};

/// Room, bucket, first and last seq.
type Range = (i64, i64, i64, i64);

/// Points of a bucket whose times one statement reads.
const PROBES: u64 = 64;

#[async_trait]
impl LogRepository for ScyllaStore {
    async fn open_log(&self, room: RoomId, permit: &Permit) -> Result<Option<RoomState>, StoreError> {
        let (shared, permit) = (self.shared(), permit.clone());
        self.spawn(async move {
            let cell = shared.cells.get(room);
            // Behind every append that was handed over earlier.
            let mut owner = cell.owner.lock().await;
            if !permit.is_valid() {
                return Err(Fault::Refused(StoreError::Failed(AppendError::Fenced.to_string())));
            }
            let known = settle::settled(&shared, &cell, &mut owner).await?;
            Ok(known.map(|known| known.state))
        })
        .await
    }

    async fn append(&self, batch: AppendBatch) -> Result<LogHead, AppendError> {
        if batch.entries.is_empty() {
            return Ok(batch.head);
        }
        let Some(waiting) = self.waiting(append::cost(&batch)) else {
            return Err(AppendError::Busy);
        };
        let work = append::append(self.shared(), batch);
        let ended = self.runtime().spawn(async move {
            let _waiting = waiting;
            work.await
        });
        ended
            .await
            .unwrap_or_else(|error| Err(AppendError::Unknown(format!("the append broke off: {error}"))))
    }

    async fn entries(&self, room: RoomId, range: EntryRange) -> Result<Vec<Entry>, StoreError> {
        Ok(read_range(&self.shared(), room, range).await?)
    }

    async fn entry(&self, room: RoomId, seq: u64) -> Result<Option<Entry>, StoreError> {
        Ok(entry_at(&self.shared(), room, seq).await?)
    }

    async fn seq_at(&self, room: RoomId, time_ms: i64) -> Result<u64, StoreError> {
        Ok(seq_at(&self.shared(), room, time_ms).await?)
    }

    async fn find_command(
        &self,
        room: RoomId,
        sender: &UserId,
        command_id: Uuid,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        let shared = self.shared();
        let cell = shared.cells.get(room);
        let mut owner = cell.owner.lock().await;
        let Some(known) = settle::settled(&shared, &cell, &mut owner).await? else {
            return Ok(None);
        };
        let wanted = [(sender.clone(), command_id, now_ms)];
        let found = commands::find(&shared.client, room, &known, &mut owner.commands, &wanted).await?;
        Ok(found.get(&0).copied())
    }
}

/// Rows of a range, at most `rows_max`, in one page.
pub(super) async fn page_of(
    client: &Client,
    statement: &Statement,
    range: Range,
    rows_max: usize,
) -> Result<Vec<Entry>> {
    let rows_max = i32::try_from(rows_max).unwrap_or(i32::MAX);
    let page = client
        .page::<EntryRow>(statement, range, rows_max, PagingState::start())
        .await?;
    page.rows.into_iter().map(EntryRow::entry).collect()
}

/// All rows of a range.
pub(super) async fn all_of(client: &Client, statement: &Statement, range: Range) -> Result<Vec<Entry>> {
    let rows = client.rows::<EntryRow>(statement, range).await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

/// The bucket that holds a seq.
pub(super) async fn bucket_of(shared: &Shared, room: RoomId, known: &Known, seq: u64) -> Result<Option<Bucket>> {
    if seq < known.log_first() || seq > known.state.head.seq {
        return Ok(None);
    }
    if let Some(bucket) = remembered(shared, room, known, seq) {
        return Ok(Some(bucket));
    }
    let found = index::buckets_up_to(&shared.client, room, seq).await?;
    shared.sealed.keep(room, &found);
    Ok(found.into_iter().next())
}

/// The bucket of an entry, for whoever works on the log's end: entries of the batch that is being appended lie behind the end that is
/// known.
pub(super) async fn bucket_of_entry(shared: &Shared, room: RoomId, seq: u64) -> Result<Option<Bucket>> {
    let known = shared.cells.get(room).known();
    if let Some(known) = known.filter(|known| seq <= known.state.head.seq) {
        return bucket_of(shared, room, &known, seq).await;
    }
    index::bucket_at(&shared.client, room, seq).await
}

/// The bucket that holds a seq of the log, if memory knows: it is the newest, or the index told of it before.
fn remembered(shared: &Shared, room: RoomId, known: &Known, seq: u64) -> Option<Bucket> {
    let head = &known.state.head;
    if head.bucket.bucket != 0 && seq >= head.bucket.first_seq {
        return Some(newest(known));
    }
    shared.sealed.holding(room, seq)
}

fn newest(known: &Known) -> Bucket {
    let head = &known.state.head;
    Bucket {
        first_seq: head.bucket.first_seq,
        number: head.bucket.bucket,
        first_ms: head.bucket.first_ms,
        last_seq: Some(head.seq),
        rows: u32::try_from(head.seq + 1 - head.bucket.first_seq).ok(),
        former: None,
    }
}

/// The entry at a seq.
pub(super) async fn entry_at(shared: &Shared, room: RoomId, seq: u64) -> Result<Option<Entry>> {
    let Some(known) = settle::known(shared, room).await? else {
        return Ok(None);
    };
    let client = &shared.client;
    let Some(bucket) = bucket_of(shared, room, &known, seq).await? else {
        return Ok(None);
    };
    let values = (room.key(), signed(bucket.number), signed(seq));
    let found = client.row::<EntryRow>(&client.statements.entry, values).await?;
    found.map(EntryRow::entry).transpose()
}

/// What of a range has been read so far.
struct Page {
    range: EntryRange,
    entries: Vec<Entry>,
    bytes: usize,
}

impl Page {
    /// Takes an entry; false: it does not fit any more.
    fn take(&mut self, entry: Entry) -> bool {
        let is_over = self.bytes + entry.body.len() > self.range.bytes_max;
        if self.is_full() || (is_over && !self.entries.is_empty()) {
            return false;
        }
        self.bytes += entry.body.len();
        self.entries.push(entry);
        true
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.range.limit
    }

    fn missing(&self) -> usize {
        self.range.limit - self.entries.len()
    }
}

async fn read_range(shared: &Shared, room: RoomId, range: EntryRange) -> Result<Vec<Entry>> {
    let Some(known) = settle::known(shared, room).await? else {
        return Ok(Vec::new());
    };
    read_known(shared, room, &known, range).await
}

/// A range of a log whose end is known.
pub(super) async fn read_known(
    shared: &Shared,
    room: RoomId,
    known: &Known,
    mut range: EntryRange,
) -> Result<Vec<Entry>> {
    range.first = range.first.max(known.log_first());
    range.last = range.last.min(known.state.head.seq);
    if range.limit == 0 || range.first > range.last {
        return Ok(Vec::new());
    }
    let mut walk = Walk {
        shared,
        client: &shared.client,
        room,
        known,
        page: Page {
            range,
            entries: Vec::new(),
            bytes: 0,
        },
    };
    walk.read().await?;
    Ok(walk.page.entries)
}

/// Rows in these buckets, as far as it is known; many where it is not.
fn rows_of(buckets: &[Bucket]) -> usize {
    let rows = |bucket: &Bucket| bucket.rows.map_or(usize::MAX >> 1, |rows| rows as usize);
    buckets.iter().map(rows).fold(0, usize::saturating_add)
}

/// A range on its way through its buckets.
struct Walk<'a> {
    shared: &'a Shared,
    client: &'a Client,
    room: RoomId,
    known: &'a Known,
    page: Page,
}

impl Walk<'_> {
    async fn read(&mut self) -> Result<()> {
        let range = self.page.range;
        let mut next = match range.order {
            Order::Ascending => range.first,
            Order::Descending => range.last,
        };
        loop {
            let (mut buckets, unknown) = self.remembered(next);
            if let Some(seq) = unknown.filter(|_| rows_of(&buckets) < self.page.missing()) {
                buckets.extend(self.look_up(seq).await?);
            }
            let Some(last) = buckets.last().copied() else {
                return Ok(());
            };
            if !self.read_buckets(&buckets).await? {
                return Ok(());
            }
            match self.behind(&last) {
                Some(seq) => next = seq,
                None => return Ok(()),
            }
        }
    }

    /// Where the range goes on behind a bucket, in its order; None: it ends there.
    fn behind(&self, bucket: &Bucket) -> Option<u64> {
        let range = &self.page.range;
        match range.order {
            Order::Descending => (bucket.first_seq > range.first).then(|| bucket.first_seq - 1),
            Order::Ascending => {
                let next = bucket.last_seq.unwrap_or(bucket.first_seq) + 1;
                (next <= range.last).then_some(next)
            }
        }
    }

    /// The buckets from the one that holds a seq on, in the range's order, as far as memory knows them and the page may need them; and the
    /// seq that it knows none for.
    fn remembered(&self, seq: u64) -> (Vec<Bucket>, Option<u64>) {
        let mut buckets = Vec::new();
        let mut next = Some(seq);
        while let Some(seq) = next.filter(|_| buckets.len() < BUCKETS_AT_ONCE) {
            let Some(bucket) = remembered(self.shared, self.room, self.known, seq) else {
                return (buckets, Some(seq));
            };
            buckets.push(bucket);
            next = self.behind(&bucket);
        }
        (buckets, None)
    }

    /// The buckets from the one that holds a seq on, in the range's order, as the index has them; of one group, so there may be more.
    async fn look_up(&self, seq: u64) -> Result<Vec<Bucket>> {
        let range = &self.page.range;
        if range.order == Order::Descending {
            let found = self.kept(index::buckets_up_to(self.client, self.room, seq).await?);
            let is_wanted = |bucket: &Bucket| bucket.last_seq.is_none_or(|last| last >= range.first);
            return Ok(found.into_iter().take_while(is_wanted).collect());
        }
        // Where the log begins, and behind a bucket, another one begins: those behind it come with it.
        if seq == self.known.log_first() || seq > range.first {
            let found = self.kept(index::buckets_from(self.client, self.room, seq).await?);
            if found.first().is_some_and(|first| first.first_seq == seq) {
                let is_wanted = |bucket: &Bucket| bucket.first_seq <= range.last;
                return Ok(found.into_iter().take_while(is_wanted).collect());
            }
        }
        let found = self.kept(index::buckets_up_to(self.client, self.room, seq).await?);
        Ok(found.into_iter().take(1).collect())
    }

    /// Remembers what the index told. The newest bucket is not sealed; its end is the log's.
    fn kept(&self, found: Vec<Bucket>) -> Vec<Bucket> {
        self.shared.sealed.keep(self.room, &found);
        let is_newest = |bucket: &Bucket| bucket.number == self.known.state.head.bucket.bucket;
        let with_end = |bucket| if is_newest(&bucket) { newest(self.known) } else { bucket };
        found.into_iter().map(with_end).collect()
    }

    /// Reads buckets in order, as many at once as the page seems to need; false: the page is full.
    async fn read_buckets(&mut self, buckets: &[Bucket]) -> Result<bool> {
        let mut rest = buckets;
        while !rest.is_empty() {
            let count = self.needed(rest);
            let (now, later) = rest.split_at(count);
            rest = later;
            let missing = self.page.missing();
            let this = &*self;
            let firsts: Vec<(Vec<Entry>, Option<PagingState>)> = stream::iter(now.to_vec())
                .map(|bucket| async move { this.read_page(&bucket, missing, PagingState::start()).await })
                .buffered(BUCKETS_AT_ONCE)
                .try_collect()
                .await?;
            for (bucket, (entries, next)) in now.iter().zip(firsts) {
                if !self.take_bucket(bucket, entries, next).await? {
                    return Ok(false);
                }
            }
        }
        Ok(!self.page.is_full())
    }

    /// How many of these buckets the page needs at least.
    fn needed(&self, buckets: &[Bucket]) -> usize {
        let most = buckets.len().min(BUCKETS_AT_ONCE);
        let is_enough = |count: &usize| rows_of(&buckets[..*count]) >= self.page.missing();
        (1..most).find(is_enough).unwrap_or(most)
    }

    /// Takes a bucket's entries, its first page being there already; false: the page is full.
    async fn take_bucket(
        &mut self,
        bucket: &Bucket,
        mut entries: Vec<Entry>,
        mut next: Option<PagingState>,
    ) -> Result<bool> {
        loop {
            for entry in entries {
                if !self.page.take(entry) {
                    return Ok(false);
                }
            }
            if self.page.is_full() {
                return Ok(false);
            }
            let Some(from) = next else { return Ok(true) };
            (entries, next) = self.read_page(bucket, self.page.missing(), from).await?;
        }
    }

    async fn read_page(
        &self,
        bucket: &Bucket,
        rows_max: usize,
        from: PagingState,
    ) -> Result<(Vec<Entry>, Option<PagingState>)> {
        let (statements, range) = (&self.client.statements, &self.page.range);
        let statement = match (range.select, range.order) {
            (Select::Everything, Order::Ascending) => &statements.entries_up,
            (Select::Everything, Order::Descending) => &statements.entries_down,
            (Select::Messages, Order::Ascending) => &statements.messages_up,
            (Select::Messages, Order::Descending) => &statements.messages_down,
        };
        let last = bucket.last_seq.map_or(range.last, |end| end.min(range.last));
        let values = (
            self.room.key(),
            signed(bucket.number),
            signed(range.first),
            signed(last),
        );
        let rows_max = i32::try_from(rows_max.min(LOG_PAGE_ROWS_MAX)).unwrap_or(i32::MAX);
        let page = self.client.page::<EntryRow>(statement, values, rows_max, from).await?;
        let entries = page.rows.into_iter().map(EntryRow::entry).collect::<Result<_>>()?;
        Ok((entries, page.next))
    }
}

/// The first seq at or after a time; one behind the end if there is none.
async fn seq_at(shared: &Shared, room: RoomId, time_ms: i64) -> Result<u64> {
    let Some(known) = settle::known(shared, room).await? else {
        return Ok(1);
    };
    let (client, head) = (&shared.client, &known.state.head);
    if head.seq < known.log_first() || head.time_ms < time_ms {
        return Ok(head.seq + 1);
    }
    // The last bucket that begins before the time is the only one that can hold the border.
    let readable = (known.log_first(), head.seq);
    let before = index::first_seq_before(client, room, time_ms, readable).await?;
    let Some(first) = before.filter(|first| *first >= known.log_first()) else {
        return Ok(known.log_first());
    };
    let Some(bucket) = bucket_of(shared, room, &known, first).await? else {
        return Err(Fault::Broken(format!("room {room}: no bucket holds {first}")));
    };
    let last = match bucket.last_seq {
        Some(last) => last,
        None => head.seq,
    };
    seq_in_bucket(client, room, &bucket, last, time_ms).await
}

/// The first seq at or after a time within a bucket, or the one behind it: times never fall, and each statement reads the times of many
/// points, so that three find one of fifty thousand.
async fn seq_in_bucket(client: &Client, room: RoomId, bucket: &Bucket, last: u64, time_ms: i64) -> Result<u64> {
    let (mut low, mut high) = (bucket.first_seq, last + 1);
    while low < high {
        let step = ((high - low) / PROBES).max(1);
        let points: Vec<i64> = (0..PROBES)
            .map(|at| low + at * step)
            .take_while(|seq| *seq < high)
            .map(signed)
            .collect();
        let values = (room.key(), signed(bucket.number), points);
        let mut times = client
            .rows::<(i64, i64)>(&client.statements.entry_times, values)
            .await?;
        times.sort_unstable();
        if times.is_empty() {
            return Err(Fault::Broken(format!("room {room}: entries behind {low} are missing")));
        }
        for (seq, found_ms) in times {
            let seq = unsigned(seq)?;
            if found_ms >= time_ms {
                high = seq;
                break;
            }
            low = seq + 1;
        }
    }
    Ok(low)
}
