//! Whether a page of a room costs the same however many entries the room has.
//!
//! One store has a very large room and a small one. Their pages are read in turn at random, as a client that opens a room, scrolls, follows a
//! link or goes to a date makes the store do. A file's newest pages are also read from the disk: each time from a store that was just
//! opened, with nothing of its file in the kernel's cache.

use std::{fs::File, path::Path, sync::Arc, time::Instant};

use protocol::RoomId;
use rustix::fs::{Advice, fadvise};
use serde_json::{Value, json};
use storage::{
    Entry, EntryRange, Order, Select, Store,
    generator::{Random, Shape},
};

use crate::{
    Outcome, SEED,
    progress::Progress,
    room::{Room, Said, start_ms},
    target::Target,
    times::Times,
};

const SMALL_ENTRIES: u64 = 10_000;
const PAGE: usize = 50;
/// How far somebody scrolls: one page alone would lie within a bucket of one room, and across two of the other.
const SCROLLED_PAGES: u64 = 50;
/// Reads of each kind and room before those that count.
const WARM_READS: u64 = 200;
const COLD_READS: u64 = 120;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Newest,
    Next,
    Around,
    Date,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Newest, Self::Next, Self::Around, Self::Date];

    const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest page",
            Self::Next => "next page",
            Self::Around => "page around a random message",
            Self::Date => "jump to a date",
        }
    }
}

/// A room to read in.
#[derive(Clone, Copy)]
struct Place {
    room: RoomId,
    /// The last seq.
    last: u64,
    /// Times of the first entry and of the last one.
    times_ms: (i64, i64),
}

impl Place {
    async fn read(&self, store: &dyn Store, kind: Kind, random: &mut Random) -> Outcome<()> {
        match kind {
            Kind::Newest => {
                let state = store.room(self.room).await?.ok_or("the room is gone")?;
                self.older(store, state.head.seq, PAGE).await?;
            }
            Kind::Next => {
                let behind = PAGE as u64 * (1 + random.below(SCROLLED_PAGES));
                self.older(store, self.last - behind, PAGE).await?;
            }
            Kind::Around => {
                let seq = PAGE as u64 + random.below(self.last - 2 * PAGE as u64);
                store.entry(self.room, seq).await?.ok_or("the entry is gone")?;
                self.older(store, seq, PAGE / 2 + 1).await?;
                self.newer(store, seq + 1, PAGE / 2).await?;
            }
            Kind::Date => {
                let (first_ms, last_ms) = self.times_ms;
                let time_ms = first_ms + random.below((last_ms - first_ms) as u64) as i64;
                let seq = store.seq_at(self.room, time_ms).await?;
                // The last few dates have no whole page behind them.
                self.newer(store, seq.min(self.last - 2 * PAGE as u64), PAGE).await?;
            }
        }
        Ok(())
    }

    async fn older(&self, store: &dyn Store, last: u64, limit: usize) -> Outcome<Vec<Entry>> {
        self.messages(store, (1, last), limit, Order::Descending).await
    }

    async fn newer(&self, store: &dyn Store, first: u64, limit: usize) -> Outcome<Vec<Entry>> {
        self.messages(store, (first, i64::MAX as u64), limit, Order::Ascending)
            .await
    }

    /// A page, and one message more, which says whether there is another page.
    async fn messages(
        &self,
        store: &dyn Store,
        (first, last): (u64, u64),
        limit: usize,
        order: Order,
    ) -> Outcome<Vec<Entry>> {
        let range = EntryRange {
            first,
            last,
            limit: limit + 1,
            bytes_max: 1 << 20,
            order,
            select: Select::Messages,
        };
        let page = store.entries(self.room, range).await?;
        if page.len() <= limit / 2 {
            return Err(format!("a page of {} messages behind {first} up to {last}", page.len()).into());
        }
        Ok(page)
    }
}

async fn fill(store: &Arc<dyn Store>, name: &str, entries: u64, progress: &Progress) -> Outcome<Place> {
    let start_ms = start_ms();
    let mut room = Room::create(store, name.to_owned(), &[], start_ms).await?;
    let said = Said {
        seed: SEED,
        shape: Shape::Event,
        entries,
    };
    room.fill(store, said, progress, |_| {}).await?;
    Ok(Place {
        room: room.id,
        last: room.head.seq,
        times_ms: (start_ms, room.head.time_ms),
    })
}

/// Every kind in both rooms so many times, in an order that chance gives.
fn turns(samples: u64, random: &mut Random) -> Vec<(Kind, usize)> {
    let kinds = Kind::ALL.into_iter().flat_map(|kind| [(kind, 0), (kind, 1)]);
    let mut turns: Vec<_> = kinds.flat_map(|turn| (0..samples).map(move |_| turn)).collect();
    for place in (1..turns.len()).rev() {
        turns.swap(place, random.below(place as u64 + 1) as usize);
    }
    turns
}

async fn warm(store: &dyn Store, places: [Place; 2], samples: u64) -> Outcome<Value> {
    let mut random = Random::new(SEED);
    for (kind, room) in turns(WARM_READS.min(samples), &mut random) {
        places[room].read(store, kind, &mut random).await?;
    }
    let mut times: [[Times; 2]; 4] = Default::default();
    for (kind, room) in turns(samples, &mut random) {
        let begun = Instant::now();
        places[room].read(store, kind, &mut random).await?;
        times[kind as usize][room].add_since(begun);
    }
    let kinds = Kind::ALL.into_iter().zip(times);
    let json = kinds
        .map(|(kind, [large, small])| json!({ "what": kind.name(), "large": large.json(), "small": small.json() }));
    Ok(json.collect())
}

/// The newest pages from the disk.
async fn cold(target: &Target, path: &Path, places: [Place; 2]) -> Outcome<Value> {
    let (mut times, mut random) = ([Times::default(), Times::default()], Random::new(SEED));
    let file = File::open(path)?;
    // Pages that wait in the kernel would not be dropped.
    file.sync_all()?;
    for _ in 0..COLD_READS {
        fadvise(&file, 0, None, Advice::DontNeed)?;
        let opened = target.open()?;
        let room = random.below(2) as usize;
        let begun = Instant::now();
        places[room].read(&*opened.store, Kind::Newest, &mut random).await?;
        times[room].add_since(begun);
        opened.close();
    }
    let [large, small] = times;
    Ok(json!({ "large": large.json(), "small": small.json() }))
}

/// Fills both rooms and reads in them.
pub async fn measure(target: &Target, entries: u64, samples: u64) -> Outcome<Value> {
    let opened = target.open()?;
    let progress = Progress::new("entries of the two rooms", entries + SMALL_ENTRIES);
    let places = [
        fill(&opened.store, "the large room", entries, &progress).await?,
        fill(&opened.store, "the small room", SMALL_ENTRIES, &progress).await?,
    ];
    let fill_seconds = progress.seconds();
    let pages = warm(&*opened.store, places, samples).await?;
    opened.close();
    let (mut from_disk, mut file_bytes) = (Value::Null, None);
    if let Some(path) = target.file() {
        from_disk = cold(target, path, places).await?;
        file_bytes = Some(path.metadata()?.len());
    }
    Ok(json!({
        "entries": [entries, SMALL_ENTRIES], "fill_seconds": fill_seconds, "file_bytes": file_bytes,
        "pages": pages, "from_disk": from_disk,
    }))
}
