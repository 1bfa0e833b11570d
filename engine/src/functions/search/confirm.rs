//! The last look before the answer: rows and rights as they are now, so that a deletion or a removal that happened while the index
//! was read is not overtaken.

use std::collections::{HashMap, HashSet};

use protocol::{Error, ErrorCode, RoomId};
use storage::{
    TopMarks, User,
    search::{Found, Hit, Look},
};

use super::{hits::SearchHit, wanted::Wanted};
use crate::{Caller, Channel, Engine, failure, functions::Answer, message::status};

impl Engine {
    /// The answer: what of the hits still is one.
    pub(super) async fn confirmed(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        people: &[User],
        found: Found,
        next: Option<String>,
    ) -> Result<Answer, Error> {
        let rooms: HashSet<RoomId> = found.hits.iter().map(|hit| hit.room).collect();
        let mut rereads: Vec<_> = rooms
            .iter()
            .map(|room| self.relays.reread(&Channel::of_room(*room)))
            .collect();
        loop {
            let hits = self.living(&found).await?;
            let marks = self.marks_of_readable(caller, &rooms).await?;
            let mut items: Vec<SearchHit<'_>> = people
                .iter()
                .map(|user| SearchHit::of_person(user, &wanted.query))
                .collect();
            for hit in &hits {
                if let Some(marks) = marks.get(&hit.room) {
                    add(&mut items, wanted, hit, marks);
                }
            }
            let answer = Answer::list(&items, next.clone())?;
            let mut is_good = true;
            for reread in &mut rereads {
                is_good &= reread.is_good()?;
            }
            if is_good {
                return Ok(answer);
            }
        }
    }

    /// The rows of the hits, read again.
    async fn living(&self, found: &Found) -> Result<Vec<Hit>, Error> {
        let places = found.hits.iter().map(|hit| (hit.room, hit.entry.seq)).collect();
        let rows = self.store.entries_at(places).await.map_err(failure::of_store)?;
        let pairs = found.hits.iter().zip(rows);
        Ok(pairs
            .filter_map(|(hit, row)| {
                Some(Hit {
                    room: hit.room,
                    entry: row?,
                })
            })
            .collect())
    }

    /// The marks of those rooms that the caller may read.
    async fn marks_of_readable(
        &self,
        caller: &Caller,
        rooms: &HashSet<RoomId>,
    ) -> Result<HashMap<RoomId, TopMarks>, Error> {
        let mut readable = HashMap::with_capacity(rooms.len());
        for room in rooms {
            match self.reader(caller, *room).await {
                Ok(_) => {
                    let marks = self.store.top_marks(*room).await.map_err(failure::of_store)?;
                    readable.insert(*room, marks);
                }
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(readable)
    }
}

fn add<'a>(items: &mut Vec<SearchHit<'a>>, wanted: &Wanted, hit: &'a Hit, marks: &TopMarks) {
    let is = |look| wanted.request(look, None, None).matches(&hit.entry);
    if wanted.texts && is(Look::Texts) {
        let status = status(&hit.entry, marks);
        items.push(SearchHit::of_message(hit.room, &hit.entry, status, &wanted.query));
    }
    if wanted.files && is(Look::FileNames) {
        items.extend(SearchHit::of_files(hit.room, &hit.entry, &wanted.query));
    }
}
