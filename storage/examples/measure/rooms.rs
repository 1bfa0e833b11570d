//! Somebody who is in 500 rooms whose sizes follow Zipf's law, as an office's do: what is searched in them, and their list.
//!
//! The rooms are filled through the store's own append and indexed by the indexer. The open ends of the newest rooms stay unindexed, as they
//! do in a running node.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use protocol::{RoomId, UserId};
use serde_json::{Value, json};
use storage::{
    Mark, NewEntry, Store,
    generator::Shape,
    search::{Backlog, Indexer, SearchMetrics},
};
use tokio::task::JoinSet;

use crate::{
    Outcome, SEED, chats,
    progress::Progress,
    room::{Room, Said, start_ms},
    search,
    target::Target,
};

/// How many rooms.
pub const ROOMS: u64 = 500;
/// Rooms that are filled, or indexed, at the same time.
const AT_ONCE: usize = 8;
/// Entries that stay unindexed in each of the largest rooms.
const OPEN_ENTRIES: u64 = 300;
const OPEN_ROOMS: usize = 10;

/// How many entries the rooms have, the largest first.
pub fn sizes(entries: u64) -> Vec<u64> {
    let harmonic: f64 = (1..=ROOMS).map(|rank| 1.0 / rank as f64).sum();
    let size = |rank: u64| (entries as f64 / harmonic / rank as f64) as u64;
    (1..=ROOMS).map(|rank| size(rank).max(1)).collect()
}

/// What is said in the room of a rank, from 1.
pub fn said(rank: u64, entries: u64) -> Said {
    let shape = if rank.is_multiple_of(10) {
        Shape::Event
    } else {
        Shape::Office
    };
    Said {
        seed: SEED + rank,
        shape,
        entries,
    }
}

/// What everybody who fills a room shares.
struct Filling {
    store: Arc<dyn Store>,
    who: UserId,
    progress: Progress,
    body_bytes: AtomicU64,
}

impl Filling {
    /// Fills one room; somebody has read half of every second one. Gives it with its last seq.
    async fn room(&self, rank: u64, entries: u64) -> Outcome<(RoomId, u64)> {
        let (store, who) = (&self.store, &self.who);
        let mut room = Room::create(store, format!("room {rank}"), std::slice::from_ref(who), start_ms()).await?;
        let count = |new: &mut NewEntry| {
            self.body_bytes
                .fetch_add(new.entry.body.len() as u64, Ordering::Relaxed);
        };
        room.fill(store, said(rank, entries), &self.progress, count).await?;
        if rank.is_multiple_of(2) {
            let mark = Mark {
                read_seq: room.head.seq.div_ceil(2),
                read_number: room.head.number.div_ceil(2),
                received_seq: room.head.seq,
            };
            store.advance_mark(room.id, who, mark).await?;
        }
        Ok((room.id, room.head.seq))
    }

    /// All rooms, the largest first.
    async fn rooms(self: &Arc<Self>, entries: u64) -> Outcome<Vec<(RoomId, u64)>> {
        let (mut filling, mut rooms) = (JoinSet::new(), Vec::new());
        for (rank, size) in (1..).zip(sizes(entries)) {
            if filling.len() >= AT_ONCE {
                rooms.extend(filling.join_next().await.transpose()?.transpose()?);
            }
            let own = Arc::clone(self);
            filling.spawn(async move { own.room(rank, size).await });
        }
        while let Some(room) = filling.join_next().await {
            rooms.push(room??);
        }
        rooms.sort_by_key(|(_, entries)| std::cmp::Reverse(*entries));
        Ok(rooms)
    }
}

/// Indexes all rooms; gives the bytes of the index.
async fn index(store: &Arc<dyn Store>, rooms: &[(RoomId, u64)], progress: &Progress) -> Outcome<u64> {
    let indexer = Indexer::new(
        Arc::clone(store),
        Arc::<Backlog>::default(),
        SearchMetrics::unregistered(),
        || i64::MAX / 2,
    );
    let mut bytes = 0;
    for (place, (room, last)) in rooms.iter().enumerate() {
        let open = if place < OPEN_ROOMS { OPEN_ENTRIES } else { 0 };
        indexer.index_room(*room, last.saturating_sub(open)).await?;
        progress.advance(*last);
        let state = store.search_state(*room).await?;
        bytes += state.segments.iter().map(|segment| segment.bytes).sum::<u64>();
    }
    Ok(bytes)
}

/// Fills the rooms, searches in them, and lists them.
pub async fn measure(target: &Target, entries: u64, samples: u64) -> Outcome<Value> {
    let who: UserId = "searcher".parse()?;
    let opened = target.open()?;
    let filling = Arc::new(Filling {
        store: Arc::clone(&opened.store),
        who: who.clone(),
        progress: Progress::new("entries of 500 rooms", entries),
        body_bytes: AtomicU64::new(0),
    });
    let rooms = filling.rooms(entries).await?;
    let (fill_seconds, text_bytes) = (filling.progress.seconds(), filling.body_bytes.load(Ordering::Relaxed));
    drop(filling);
    let file_bytes = target.file().map(std::fs::metadata).transpose()?.map(|file| file.len());
    let indexing = Progress::new("indexed entries", entries);
    let index_bytes = index(&opened.store, &rooms, &indexing).await?;
    let index_seconds = indexing.seconds();
    let searches = search::measure(&opened, &who, samples).await?;
    opened.close();
    let chats = chats::measure(target, &who, samples).await?;
    Ok(json!({
        "entries": entries, "fill_seconds": fill_seconds, "file_bytes": file_bytes, "text_bytes": text_bytes, "index_bytes": index_bytes,
        "index_seconds": index_seconds, "searches": searches, "chats": chats,
    }))
}
