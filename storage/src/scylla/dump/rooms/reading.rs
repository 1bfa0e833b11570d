//! A room from its beginning or from a place in it on, as far as a page goes: its picture first, then what belongs to that.

use protocol::RoomId;

use super::{
    super::{Result, Source, picture::Picture},
    place::{Part, Place},
    reader::Reader,
};
use crate::{
    Member,
    dump::{DumpRecord, PageLimit},
    scylla::{members, options::DUMP_MEMBERS_MAX},
};

/// What is read of one room at a time.
pub(super) struct Reading {
    pub(super) place: Place,
    pub(super) records: Vec<DumpRecord>,
    pub(super) members: Option<Vec<Member>>,
    pub(super) is_whole: bool,
}

impl Reading {
    /// Reads a room from a place on.
    pub(super) async fn read(
        source: &Source,
        place: Place,
        mut members: Option<Vec<Member>>,
        limit: PageLimit,
    ) -> Result<Self> {
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
