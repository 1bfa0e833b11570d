//! A page of whole rooms, one after the other: small ones are read at the same time, the rest of a large one by itself.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;

use super::{
    super::{Result, Source},
    place::{Part, Place},
    reading::Reading,
};
use crate::{
    Member,
    dump::{Cursor, Filling, Page, PageLimit},
    scylla::options::{DUMP_ROOM_BYTES, DUMP_ROOM_RECORDS, DUMP_ROOMS_AT_ONCE},
};

/// A page of whole rooms.
pub(in super::super) async fn whole(source: &Source, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
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
