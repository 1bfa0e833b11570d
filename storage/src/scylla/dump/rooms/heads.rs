//! A page of rooms alone, for whoever wants to know which there are before their logs come.

use futures_util::{StreamExt as _, stream};
use protocol::RoomId;

use super::{
    super::{Result, Source},
    place::Place,
};
use crate::{
    dump::{Cursor, DumpRecord, Filling, Page, PageLimit},
    scylla::{options::DUMP_ROOMS_AT_ONCE, settle},
};

/// A page of rooms without what belongs to them.
pub(in super::super) async fn heads(source: &Source, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
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
