//! Reading rooms, each whole: the room, its log, its commands, members, marks. Several small rooms are read at the same time.
//!
//! A room's members are read together with the end of its log and kept until their turn comes: who leaves while a long log is read was
//! there at the end. Only an export that goes on in the middle of a room finds them as they are then.

use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;
use scylla::response::PagingState;
use uuid::Uuid;

use super::{Fault, Result, Source, malformed, picture::Picture};
use crate::{
    EntryRange, Mark, Member, Order, Select, StoreError,
    dump::{Command, Cursor, DumpRecord, Filling, Page, PageLimit},
    scylla::{
        commands, index,
        index::Bucket,
        log, members,
        options::{DUMP_MEMBERS_MAX, DUMP_ROOM_BYTES, DUMP_ROOM_RECORDS, DUMP_ROOMS_AT_ONCE, PAGE_ROWS_MAX},
        rows::{self, MarkRow, signed, unsigned},
        settle,
    },
};

/// What of a room comes next. The numbers stand in cursors, which live as long as one export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    /// The room itself.
    Room = 0,
    Entries = 1,
    Commands = 2,
    Members = 3,
    Marks = 4,
}

/// A place among the records of a room, whose picture ends with a log from `first` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    room: RoomId,
    first: u64,
    end: u64,
    /// The number of the entry at the end.
    number: u64,
    part: Part,
    /// The last entry's or command's seq.
    seq: u64,
    /// The last member's or mark's user.
    user: String,
    /// Where the last command lies.
    key: i64,
}

impl Place {
    fn beginning(room: RoomId) -> Self {
        Self {
            room,
            first: 0,
            end: 0,
            number: 0,
            part: Part::Room,
            seq: 0,
            user: String::new(),
            key: 0,
        }
    }

    fn of(cursor: &Cursor) -> Result<Self> {
        let (words, rest) = cursor.0.as_chunks::<8>();
        let [room, first, end, number, part, seq, key] = *words.first_chunk::<7>().ok_or_else(malformed)?;
        let parts = [Part::Room, Part::Entries, Part::Commands, Part::Members, Part::Marks];
        let part = parts
            .into_iter()
            .find(|known| *known as u64 == u64::from_be_bytes(part))
            .ok_or_else(malformed)?;
        let user = [words[7..].as_flattened(), rest].concat();
        Ok(Self {
            room: RoomId::from_key(i64::from_be_bytes(room)),
            first: u64::from_be_bytes(first),
            end: u64::from_be_bytes(end),
            number: u64::from_be_bytes(number),
            part,
            seq: u64::from_be_bytes(seq),
            key: i64::from_be_bytes(key),
            user: String::from_utf8(user).map_err(|_| malformed())?,
        })
    }

    fn cursor(&self) -> Vec<u8> {
        let words = [
            self.room.key().cast_unsigned(),
            self.first,
            self.end,
            self.number,
            self.part as u64,
            self.seq,
            self.key.cast_unsigned(),
        ];
        let words = words.map(u64::to_be_bytes);
        [words.as_flattened(), self.user.as_bytes()].concat()
    }

    /// The place behind a record of the same room.
    fn behind(&self, record: &DumpRecord) -> Self {
        let mut place = Self {
            seq: 0,
            key: 0,
            user: String::new(),
            ..self.clone()
        };
        match record {
            DumpRecord::Entry(_, entry) => (place.part, place.seq) = (Part::Entries, entry.seq),
            DumpRecord::Command(_, command) => {
                let key = commands::key(&command.sender, command.command_id);
                (place.part, place.seq, place.key) = (Part::Commands, command.seq, key);
            }
            DumpRecord::Member(_, member) => (place.part, place.user) = (Part::Members, member.user.to_string()),
            DumpRecord::Mark(_, user, _) => (place.part, place.user) = (Part::Marks, user.to_string()),
            _ => place.part = Part::Entries,
        }
        place
    }

    fn go_on(&mut self) {
        self.part = match self.part {
            Part::Room => Part::Entries,
            Part::Entries => Part::Commands,
            Part::Commands => Part::Members,
            Part::Members | Part::Marks => Part::Marks,
        };
        (self.seq, self.key) = (0, 0);
        self.user.clear();
    }
}

/// Members of the room that a page ended in, with the end of its log.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<(RoomId, u64, Vec<Member>)>>);

impl Source {
    fn keep_members(&self, place: &Place, members: Option<Vec<Member>>) {
        let kept = members.map(|members| (place.room, place.end, members));
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn kept_members(&self, place: &Place) -> Option<Vec<Member>> {
        let kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let kept = kept.filter(|(room, end, _)| (*room, *end) == (place.room, place.end));
        kept.map(|(.., members)| members)
    }
}

/// A page of rooms without what belongs to them.
pub(super) async fn heads(source: &Source, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
    let mut filling = Filling::new(limit);
    let mut last = after.map(Place::of).transpose()?.map(|place| place.room);
    loop {
        let next = source.rooms_behind(last, DUMP_ROOMS_AT_ONCE);
        if next.is_empty() {
            return Ok(filling.end(None));
        }
        let mut found = stream::iter(next.to_vec())
            .map(|room| settle::picture(&source.shared, RoomId::from_key(room)))
            .buffered(DUMP_ROOMS_AT_ONCE);
        for room in next {
            let picture = found.next().await.transpose()?.flatten();
            let room = RoomId::from_key(*room);
            last = Some(room);
            if let Some((known, _)) = picture {
                filling.push(DumpRecord::Room(known.state));
            }
            if filling.is_full() {
                return Ok(filling.end(Some(Place::beginning(room).cursor())));
            }
        }
    }
}

/// A page of whole rooms.
pub(super) async fn whole(source: &Source, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
    let mut page = Rooms {
        source,
        filling: Filling::new(limit),
    };
    let mut last = None;
    if let Some(cursor) = after {
        let place = Place::of(cursor)?;
        last = Some(place.room);
        let members = source.kept_members(&place);
        if let Some(place) = page.rest(place, members, limit).await? {
            return Ok(page.filling.end(Some(place.cursor())));
        }
    }
    let first = PageLimit {
        records: limit.records.min(DUMP_ROOM_RECORDS),
        bytes: limit.bytes.min(DUMP_ROOM_BYTES),
    };
    loop {
        let next = source.rooms_behind(last, DUMP_ROOMS_AT_ONCE);
        if next.is_empty() {
            return Ok(page.filling.end(None));
        }
        let begun: Vec<Reading> = stream::iter(next.to_vec())
            .map(|room| Reading::read(source, Place::beginning(RoomId::from_key(room)), None, first))
            .buffered(DUMP_ROOMS_AT_ONCE)
            .try_collect()
            .await?;
        for room in begun {
            last = Some(room.place.room);
            let rest = match page.take(room) {
                Taken::Whole => None,
                Taken::Rest(place, members) => page.rest(place, members, limit).await?,
                Taken::Full(place) => Some(place),
            };
            if let Some(place) = rest {
                return Ok(page.filling.end(Some(place.cursor())));
            }
        }
    }
}

/// How much of what was read of a room has come into the page.
enum Taken {
    /// The whole room.
    Whole,
    /// All that was read; more of the room follows, with these members.
    Rest(Place, Option<Vec<Member>>),
    /// As much as it holds, up to this place.
    Full(Place),
}

/// A page of whole rooms while it is filled.
struct Rooms<'a> {
    source: &'a Source,
    filling: Filling,
}

impl Rooms<'_> {
    /// Reads what is left of a room; gives the place where the page is full, if it becomes so.
    async fn rest(
        &mut self,
        mut place: Place,
        mut members: Option<Vec<Member>>,
        limit: PageLimit,
    ) -> Result<Option<Place>> {
        loop {
            let reading = Reading::read(self.source, place, members, limit).await?;
            match self.take(reading) {
                Taken::Whole => return Ok(None),
                Taken::Rest(behind, kept) => (place, members) = (behind, kept),
                Taken::Full(behind) => return Ok(Some(behind)),
            }
        }
    }

    fn take(&mut self, reading: Reading) -> Taken {
        let mut records = reading.records.into_iter().peekable();
        while let Some(record) = records.next() {
            let is_last = records.peek().is_none();
            let behind = reading.place.behind(&record);
            self.filling.push(record);
            if self.filling.is_full() && !(is_last && reading.is_whole) {
                self.source.keep_members(&behind, reading.members);
                return Taken::Full(behind);
            }
            if is_last && !reading.is_whole {
                return Taken::Rest(behind, reading.members);
            }
        }
        if self.filling.is_full() {
            // Behind the last record of a room nothing is left of it.
            let mut place = reading.place;
            place.part = Part::Marks;
            place.user = char::MAX.to_string();
            return Taken::Full(place);
        }
        Taken::Whole
    }
}

/// What is read of one room at a time.
struct Reading {
    place: Place,
    records: Vec<DumpRecord>,
    members: Option<Vec<Member>>,
    is_whole: bool,
}

impl Reading {
    /// Reads a room from a place on.
    async fn read(source: &Source, place: Place, mut members: Option<Vec<Member>>, limit: PageLimit) -> Result<Self> {
        let picture = if place.part == Part::Room {
            let begun = begin(source, place.room).await?;
            begun.map(|(picture, found)| {
                members = found;
                picture
            })
        } else {
            Picture::take(&source.shared, place.room, Some(place.end)).await?
        };
        let Some(picture) = picture else {
            return Ok(Self {
                place,
                records: Vec::new(),
                members: None,
                is_whole: true,
            });
        };
        let mut reader = Reader {
            source,
            picture,
            members,
            place,
            records: Vec::new(),
            bytes: 0,
            limit,
        };
        let is_whole = reader.read().await?;
        Ok(Self {
            place: reader.place,
            records: reader.records,
            members: reader.members,
            is_whole,
        })
    }
}

/// Tries until a room's members are as many as its log says.
const TRIES: usize = 5;

/// The picture of a room, and its members if they are not too many.
async fn begin(source: &Source, room: RoomId) -> Result<Option<(Picture, Option<Vec<Member>>)>> {
    let client = &source.shared.client;
    for tries_left in (0..TRIES).rev() {
        let Some(picture) = Picture::take(&source.shared, room, None).await? else {
            return Ok(None);
        };
        if picture.known.state.room.members_count > DUMP_MEMBERS_MAX {
            return Ok(Some((picture, None)));
        }
        let found = members::list(client, room, None, DUMP_MEMBERS_MAX as usize).await?;
        let members = picture.members(found, "", None);
        // Somebody came or went in between.
        if tries_left == 0 || members.len() as u64 == picture.known.state.room.members_count {
            return Ok(Some((picture, Some(members))));
        }
    }
    Ok(None)
}

/// A room while it is read.
struct Reader<'a> {
    source: &'a Source,
    picture: Picture,
    members: Option<Vec<Member>>,
    place: Place,
    records: Vec<DumpRecord>,
    bytes: usize,
    limit: PageLimit,
}

impl Reader<'_> {
    /// Reads until the limit; whether that was all of the room.
    async fn read(&mut self) -> Result<bool> {
        let state = &self.picture.known.state;
        let first = self.picture.known.log_first;
        if self.place.part == Part::Room {
            (self.place.first, self.place.end, self.place.number) = (first, state.head.seq, state.head.number);
            let record = DumpRecord::Room(state.clone());
            self.push(record);
            self.place.go_on();
        } else if first != self.place.first && self.place.part == Part::Entries {
            return Err(broken_off(self.place.room));
        }
        while !self.is_full() {
            match self.place.part {
                Part::Room | Part::Entries => self.entries().await?,
                Part::Commands => self.commands().await?,
                Part::Members => self.members().await?,
                Part::Marks => {
                    self.marks().await?;
                    return Ok(!self.is_full());
                }
            }
            if !self.is_full() {
                self.place.go_on();
            }
        }
        Ok(false)
    }

    fn push(&mut self, record: DumpRecord) {
        self.bytes += record.cost_bytes();
        self.records.push(record);
    }

    fn is_full(&self) -> bool {
        self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes
    }

    fn missing(&self) -> usize {
        self.limit.records - self.records.len()
    }

    async fn entries(&mut self) -> Result<()> {
        let (room, mut next) = (self.place.room, self.place.first.max(self.place.seq + 1));
        while next <= self.place.end && !self.is_full() {
            let range = EntryRange {
                first: next,
                last: self.place.end,
                order: Order::Ascending,
                limit: self.missing(),
                bytes_max: self.limit.bytes - self.bytes,
                select: Select::Everything,
            };
            let found = log::read_known(&self.source.shared, room, &self.picture.known, range).await?;
            if found.is_empty() {
                return Err(broken_off(room));
            }
            for entry in found {
                if entry.seq != next {
                    return Err(broken_off(room));
                }
                next += 1;
                let entry = self.picture.entry(&self.source.shared, room, entry).await?;
                self.push(DumpRecord::Entry(room, entry));
            }
        }
        Ok(())
    }

    /// From the newest bucket back to the first that holds nothing young enough.
    async fn commands(&mut self) -> Result<()> {
        let (client, room, since_ms) = (
            &self.source.shared.client,
            self.place.room,
            self.source.commands_since_ms,
        );
        let newest = if self.place.seq > 0 {
            self.place.seq
        } else {
            self.place.end
        };
        if newest < self.place.first || self.picture.known.state.head.time_ms <= since_ms {
            return Ok(());
        }
        let mut below = self.place.key;
        let mut bucket = log::bucket_of(&self.source.shared, room, &self.picture.known, newest).await?;
        while let Some(at) = bucket {
            self.commands_in(&at, below).await?;
            if self.is_full() || at.first_ms <= since_ms || at.first_seq <= self.place.first.max(1) {
                return Ok(());
            }
            below = 0;
            let before = index::buckets_up_to(client, room, at.first_seq - 1).await?;
            bucket = before.into_iter().next();
        }
        Ok(())
    }

    async fn commands_in(&mut self, bucket: &Bucket, below: i64) -> Result<()> {
        let client = &self.source.shared.client;
        let values = (self.place.room.key(), signed(bucket.number), below);
        let last = bucket.last_seq.unwrap_or(u64::MAX).min(self.place.end);
        let mut from = PagingState::start();
        loop {
            let statement = &client.statements.commands_below;
            let page = client
                .page::<(i64, String, i64, Uuid, i64)>(statement, values, PAGE_ROWS_MAX, from)
                .await?;
            for (_, sender, time_ms, command_id, target) in page.rows {
                let seq = unsigned(target)?;
                let is_there = bucket.first_seq.max(self.place.first) <= seq && seq <= last;
                if !is_there || time_ms <= self.source.commands_since_ms {
                    continue;
                }
                let command = Command {
                    sender: rows::user(&sender)?,
                    command_id,
                    seq,
                    time_ms,
                };
                self.push(DumpRecord::Command(self.place.room, command));
                if self.is_full() {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    async fn members(&mut self) -> Result<()> {
        let Some(all) = self.members.take() else {
            return self.stored_members().await;
        };
        let from = all.partition_point(|member| member.user.as_str() <= self.place.user.as_str());
        for member in &all[from..] {
            self.push(DumpRecord::Member(self.place.room, member.clone()));
            if self.is_full() {
                break;
            }
        }
        self.members = Some(all);
        Ok(())
    }

    async fn stored_members(&mut self) -> Result<()> {
        let (client, room) = (&self.source.shared.client, self.place.room);
        let mut after = self.place.user.clone();
        loop {
            let count = self.missing();
            let behind = (!after.is_empty()).then(|| rows::user(&after)).transpose()?;
            let found = members::list(client, room, behind.as_ref(), count).await?;
            let last = found.last().map(|member| member.user.to_string());
            let last = last.filter(|_| found.len() >= count);
            for member in self.picture.members(found, &after, last.as_deref()) {
                self.push(DumpRecord::Member(room, member));
                if self.is_full() {
                    return Ok(());
                }
            }
            match last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    async fn marks(&mut self) -> Result<()> {
        let (client, room) = (&self.source.shared.client, self.place.room);
        let mut after = self.place.user.clone();
        loop {
            let count = self.missing();
            let limit = i32::try_from(count).unwrap_or(i32::MAX);
            let values = (room.key(), after.as_str(), limit);
            let found = client
                .rows::<(String, Option<i64>, Option<i64>, Option<i64>)>(&client.statements.marks_after, values)
                .await?;
            let last = found.last().map(|(user, ..)| user.clone());
            let last = last.filter(|_| found.len() >= count);
            let mut marks: Vec<(String, Mark)> = Vec::with_capacity(found.len());
            for (user, read_seq, read_number, received_seq) in found {
                marks.push((user, MarkRow::new(read_seq, read_number, received_seq).mark()?));
            }
            let range = (after.as_str(), last.as_deref());
            for (user, mark) in self.picture.marks(marks, range, self.place.number)? {
                self.push(DumpRecord::Mark(room, user, mark));
                if self.is_full() {
                    return Ok(());
                }
            }
            match last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }
}

/// Part of a log was removed while it was read.
fn broken_off(room: RoomId) -> Fault {
    let reason =
        format!("room {room} was purged while it was being read: run the export again, it goes on where it was");
    StoreError::Failed(reason).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor_and_nonsense_is_none() {
        for user in ["", "alice", "a much longer name"] {
            let place = Place {
                room: RoomId::from_key(-7),
                first: 3,
                end: 1 << 40,
                number: 9,
                part: Part::Marks,
                seq: 4,
                user: user.to_owned(),
                key: -1,
            };
            let cursor = Cursor(place.cursor().into());
            assert_eq!(Place::of(&cursor).expect("a cursor"), place);
        }
        assert!(Place::of(&Cursor(vec![0; 55].into())).is_err());
        assert!(Place::of(&Cursor(vec![255; 56].into())).is_err());
    }
}
