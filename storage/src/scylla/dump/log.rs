//! Putting logs together: which bucket each loaded entry lies in, where buckets begin and end. Decided before anything is written.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;

use super::{
    LOADED, Result, patiently,
    writes::{Partition, Writes},
};
use crate::{
    Entry, RoomState, StoreError,
    bucket::{self, BucketHead},
    dump::{Command, DumpRecord},
    scylla::{
        append,
        client::Client,
        commands, index,
        options::CALL_STATEMENTS_AT_ONCE,
        rows::{HeadRow, NewEntryRow, signed},
        stamp::stamp,
    },
};

/// The term in which loaded buckets are numbered: no owner has it.
const TERM: u32 = 0;

/// The logs of one call.
#[derive(Default)]
pub(super) struct Logs(HashMap<RoomId, Log>);

/// A log as far as it is loaded.
struct Log {
    /// The seq of its end.
    end: u64,
    bucket: BucketHead,
    /// How long the room keeps its entries, in days.
    retention_days: Option<u32>,
    /// The time of its last entry, where this call has loaded that.
    last_ms: Option<i64>,
    /// The first entry of all, if it is in this call.
    first: Option<u64>,
    opened: Vec<BucketHead>,
    sealed: Vec<Sealed>,
    /// Where the call's entries lie, in their order.
    placed: Vec<(Entry, BucketHead)>,
    /// The numbers of buckets by their first seqs, of commands.
    found: BTreeMap<u64, u64>,
}

/// A bucket that is full.
struct Sealed {
    head: BucketHead,
    last_seq: u64,
    last_ms: Option<i64>,
}

fn refuse<T>(reason: String) -> Result<T> {
    Err(StoreError::Failed(reason).into())
}

impl Logs {
    /// Places the entries of a call. Refuses what does not follow what is there.
    pub(super) async fn place(client: &Client, records: &[DumpRecord]) -> Result<Self> {
        let mut logs = Self(Self::begun(client, records).await?);
        for record in records {
            match record {
                DumpRecord::Room(state) => logs.begin(state),
                DumpRecord::Entry(room, entry) => {
                    let Some(log) = logs.0.get_mut(room) else {
                        return refuse(format!("an entry of room {room}, which is not there"));
                    };
                    log.take_in(*room, entry)?;
                }
                _ => {}
            }
        }
        logs.read_ends(client).await?;
        logs.find_buckets(client, records).await?;
        Ok(logs)
    }

    /// The logs that were begun in earlier calls. One whose room is in this call is put together anew: the same comes of it.
    async fn begun(client: &Client, records: &[DumpRecord]) -> Result<HashMap<RoomId, Log>> {
        let (mut new, mut wanted) = (None, Vec::new());
        for record in records {
            match record {
                DumpRecord::Room(state) => new = Some(state.room.id),
                DumpRecord::Entry(room, _) | DumpRecord::Command(room, _)
                    if new != Some(*room) && wanted.last() != Some(room) =>
                {
                    wanted.push(*room);
                }
                _ => {}
            }
        }
        let found: Vec<Option<(RoomId, Log)>> = stream::iter(wanted)
            .map(|room| async move {
                let values = (room.key(),);
                let row = patiently(|| client.row::<HeadRow>(&client.statements.head, values)).await?;
                let Some(row) = row else { return Ok(None) };
                let head = row.head(protocol::Epoch::from_key(0))?;
                let log = Log::new(head.seq, head.bucket, row.retention_days()?);
                Ok::<_, super::Fault>(Some((room, log)))
            })
            .buffered(CALL_STATEMENTS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    fn begin(&mut self, state: &RoomState) {
        let log = Log::new(state.head.seq, BucketHead::default(), state.room.retention_days);
        self.0.insert(state.room.id, log);
    }

    /// Reads the times of last entries that earlier calls have loaded, of buckets that end now.
    async fn read_ends(&mut self, client: &Client) -> Result<()> {
        for (room, log) in &mut self.0 {
            for sealed in log.sealed.iter_mut().filter(|sealed| sealed.last_ms.is_none()) {
                let points = vec![signed(sealed.last_seq)];
                let values = (room.key(), signed(sealed.head.bucket), points);
                let statement = &client.statements.entry_times;
                let found = patiently(|| client.row::<(i64, i64)>(statement, &values)).await?;
                sealed.last_ms = found.map(|(_, time_ms)| time_ms);
            }
        }
        Ok(())
    }

    /// Finds the buckets of commands whose entries were loaded in earlier calls.
    async fn find_buckets(&mut self, client: &Client, records: &[DumpRecord]) -> Result<()> {
        for record in records {
            let DumpRecord::Command(room, command) = record else {
                continue;
            };
            let Some(log) = self.0.get_mut(room) else {
                return refuse(format!("a command of room {room}, which is not there"));
            };
            if log.bucket_of(command.seq).is_some() {
                continue;
            }
            let Some(bucket) = patiently(|| index::bucket_at(client, *room, command.seq)).await? else {
                return refuse(format!(
                    "room {room}: a command of entry {}, which is not there",
                    command.seq
                ));
            };
            log.found.insert(bucket.first_seq, bucket.number);
            // Its end, so that the next command of it need not be looked for.
            let behind = bucket.last_seq.map_or(u64::MAX, |last| last + 1);
            log.found.entry(behind).or_default();
        }
        Ok(())
    }

    /// Writes the entries and the index of buckets.
    pub(super) fn write<'a>(self, client: &'a Client, writes: &mut Writes<'a>) -> Vec<(RoomId, BucketHead)> {
        let mut ends = Vec::new();
        for (room, log) in self.0 {
            if !log.placed.is_empty() {
                ends.push((room, log.bucket));
            }
            log.write(client, room, writes);
        }
        ends
    }

    /// Writes the record of a command beside its entry.
    pub(super) fn write_command<'a>(
        &self,
        client: &'a Client,
        room: RoomId,
        command: &Command,
        writes: &mut Writes<'a>,
    ) {
        let Some(number) = self.0.get(&room).and_then(|log| log.bucket_of(command.seq)) else {
            return;
        };
        let record = (
            commands::key(&command.sender, command.command_id),
            command.sender.as_str().to_owned(),
            command.time_ms,
            command.command_id,
            signed(command.seq),
        );
        let values = append::command_values(room, number, record, stamp(command.seq));
        let write = (&client.statements.insert_command, values);
        writes.together(Partition::Log(room, number), 0, [write]);
    }
}

impl Log {
    fn new(end: u64, bucket: BucketHead, retention_days: Option<u32>) -> Self {
        let mut found = BTreeMap::new();
        if bucket.bucket != 0 {
            found.insert(bucket.first_seq, bucket.bucket);
        }
        Self {
            end,
            bucket,
            retention_days,
            last_ms: None,
            first: None,
            opened: Vec::new(),
            sealed: Vec::new(),
            placed: Vec::new(),
            found,
        }
    }

    fn take_in(&mut self, room: RoomId, entry: &Entry) -> Result<()> {
        let is_first = self.bucket.bucket == 0;
        let next = if is_first {
            entry.seq
        } else {
            self.bucket.first_seq + u64::from(self.bucket.rows)
        };
        if entry.seq < next {
            return Ok(());
        }
        if entry.seq > next {
            return refuse(format!("room {room}: entry {} where {next} belongs", entry.seq));
        }
        if entry.seq > self.end {
            return refuse(format!("room {room}: entry {} behind the end {}", entry.seq, self.end));
        }
        let bucket = self.bucket.within(self.retention_days, entry.time_ms);
        let place = bucket.place(TERM, entry.seq, entry.time_ms, entry.body.len());
        if place.opens {
            if !is_first {
                self.sealed.push(Sealed {
                    head: self.bucket,
                    last_seq: entry.seq - 1,
                    last_ms: self.last_ms,
                });
            }
            self.opened.push(place.head);
            self.found.insert(place.head.first_seq, place.head.bucket);
        }
        if is_first {
            self.first = Some(entry.seq);
        }
        (self.bucket, self.last_ms) = (place.head, Some(entry.time_ms));
        self.placed.push((entry.clone(), place.head));
        Ok(())
    }

    fn bucket_of(&self, seq: u64) -> Option<u64> {
        let (_, number) = self.found.range(..=seq).next_back()?;
        (*number != 0).then_some(*number)
    }

    fn write<'a>(self, client: &'a Client, room: RoomId, writes: &mut Writes<'a>) {
        let statements = &client.statements;
        if let Some(first) = self.first {
            // Newer than the room's own row, which says that there is nothing to read.
            let values = (LOADED + 1, signed(first), room.key());
            writes.alone(&statements.load_log_first, Box::new(values));
        }
        for opened in &self.opened {
            write_opened(client, room, opened, self.first == Some(opened.first_seq), writes);
        }
        for sealed in &self.sealed {
            write_sealed(client, room, sealed, writes);
        }
        for (entry, head) in self.placed {
            let bytes = entry.body.len();
            // Each row is acknowledged by itself before anybody reads it.
            let row = NewEntryRow::new(room, &entry, &head, entry.seq, None);
            let write = (&statements.insert_entry, Box::new(row) as _);
            writes.together(Partition::Log(room, head.bucket), bytes, [write]);
        }
    }
}

fn write_opened<'a>(client: &'a Client, room: RoomId, head: &BucketHead, is_first: bool, writes: &mut Writes<'a>) {
    let statements = &client.statements;
    let (group, first_seq) = (signed(bucket::group(head.first_seq)), signed(head.first_seq));
    let values = (room.key(), group, first_seq, signed(head.bucket), head.first_ms, LOADED);
    writes.alone(&statements.load_bucket, Box::new(values));
    let values = (room.key(), group, head.first_ms, first_seq);
    writes.alone(&statements.insert_bucket_time, Box::new(values));
    if is_first || bucket::group(head.first_seq) != bucket::group(head.first_seq - 1) {
        let values = (room.key(), head.first_ms, group);
        writes.alone(&statements.insert_group, Box::new(values));
    }
}

fn write_sealed<'a>(client: &'a Client, room: RoomId, sealed: &Sealed, writes: &mut Writes<'a>) {
    let head = &sealed.head;
    let values = (
        LOADED,
        signed(sealed.last_seq),
        sealed.last_ms.unwrap_or(head.first_ms),
        i32::try_from(head.rows).unwrap_or(i32::MAX),
        signed(head.bytes),
        room.key(),
        signed(bucket::group(head.first_seq)),
        signed(head.first_seq),
    );
    writes.alone(&client.statements.load_bucket_end, Box::new(values));
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::EntryKind;

    fn entry(seq: u64) -> Entry {
        Entry {
            seq,
            number: seq,
            kind: EntryKind::Message,
            sender: None,
            actor: None,
            client: None,
            time_ms: seq.cast_signed(),
            created_ms: 0,
            command_id: uuid::Uuid::nil(),
            reply_to: 0,
            target: 0,
            version: 0,
            deleted: false,
            body: Bytes::from_static(b"{}"),
        }
    }

    #[test]
    fn buckets_end_where_the_next_begins_and_commands_find_theirs() {
        let room = RoomId::from_key(7);
        let rows = u64::from(bucket::ROWS_MAX);
        let mut log = Log::new(2 * rows, BucketHead::default(), None);
        // A log whose beginning was purged.
        for seq in 11..=rows + 11 {
            log.take_in(room, &entry(seq)).expect("it follows");
        }
        assert_eq!(log.first, Some(11));
        assert_eq!(
            log.opened.iter().map(|head| head.first_seq).collect::<Vec<_>>(),
            [11, rows + 11]
        );
        let sealed = &log.sealed[0];
        let end = rows + 10;
        assert_eq!((sealed.last_seq, sealed.last_ms), (end, Some(end.cast_signed())));
        assert_eq!(
            (log.bucket_of(10), log.bucket_of(end), log.bucket_of(end + 1)),
            (None, Some(1), Some(2))
        );
    }

    #[test]
    fn what_is_there_is_passed_over_and_a_hole_is_refused() {
        let room = RoomId::from_key(7);
        let mut log = Log::new(9, BucketHead::default(), None);
        for seq in [1, 2, 1, 2, 3] {
            log.take_in(room, &entry(seq)).expect("it follows");
        }
        assert_eq!(log.placed.len(), 3);
        assert!(log.take_in(room, &entry(5)).is_err());
        for seq in 4..=9 {
            log.take_in(room, &entry(seq)).expect("it follows");
        }
        assert!(log.take_in(room, &entry(10)).is_err());
    }
}
