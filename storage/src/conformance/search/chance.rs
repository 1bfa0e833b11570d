//! A search over rooms of every pace against reading all rows: chance says what is said, edited, deleted, indexed and looked for.

use std::{cmp::Reverse, sync::Arc};

use protocol::RoomId;

use super::{close, edits, found, request, said};
use crate::{
    Entry, EntryKind, Store,
    conformance::kit::{START_MS, TestRoom},
    generator::Random,
    search::{Document, Position, Request},
};

const SEED: u64 = 20_240_531;
const ROOMS: u64 = 24;
const STEPS: u64 = 600;
const SEARCHES: u64 = 60;
/// The first is said most often, and most often looked for.
const WORDS: [&str; 8] = [
    "anchor", "beacon", "cobalt", "dynamo", "ember", "falcon", "granite", "harbour",
];

fn words(random: &mut Random, count: u64) -> String {
    let words: Vec<&str> = (0..count)
        .map(|_| WORDS[random.zipf(WORDS.len() as u64) as usize - 1])
        .collect();
    words.join(" ")
}

/// One thing that happens in a room: mostly a few messages.
async fn happens(room: &mut TestRoom, random: &mut Random) {
    let earlier = 1 + random.below(room.head.seq.max(1));
    let is_message = async |room: &TestRoom| {
        let entry = room.at(earlier).await;
        entry.kind == EntryKind::Message && !entry.deleted
    };
    match random.below(20) {
        0 => close(room).await,
        1 if room.head.seq > 0 && is_message(room).await => {
            let delete = room.delete("alice", earlier);
            room.append(vec![delete]).await;
        }
        2 | 3 if room.head.seq > 0 && is_message(room).await => {
            edits(room, "alice", earlier, &words(random, 2)).await;
        }
        _ => {
            let ahead = 0..1 + random.below(4);
            let batch = ahead.map(|ahead| said(room, ahead, "alice", &words(random, 1 + ahead % 3), &[]));
            let batch = batch.collect();
            room.append(batch).await;
        }
    }
}

/// Places of all messages that have these words and lie within these times, newest first: by reading everything.
async fn expected(rooms: &[TestRoom], text: &str, asked: &Request) -> Vec<Position> {
    let mut places = Vec::new();
    for room in rooms {
        let is_wanted = |entry: &Entry| {
            let content = Document::of_body(&entry.body).content;
            let said: Vec<&str> = content.split(' ').collect();
            entry.kind == EntryKind::Message
                && !entry.deleted
                && text.split(' ').all(|word| said.contains(&word))
                && asked.after_ms.is_none_or(|after| entry.time_ms >= after)
                && asked.before_ms.is_none_or(|before| entry.time_ms < before)
        };
        let everything = room.everything().await;
        places.extend(
            everything
                .iter()
                .filter(|entry| is_wanted(entry))
                .map(|entry| Position {
                    time_ms: entry.time_ms,
                    room: room.id,
                    seq: entry.seq,
                }),
        );
    }
    places.sort_by_key(|place| Reverse(*place));
    places
}

async fn all_pages(store: &Arc<dyn Store>, asked: &Request) -> Vec<Position> {
    let (mut seen, mut asked) = (Vec::new(), asked.clone());
    loop {
        let page = found(store, "alice", &asked).await;
        assert!(page.hits.len() <= asked.limit);
        seen.extend(page.hits.iter().map(|hit| hit.position()));
        asked.behind = page.next;
        if asked.behind.is_none() {
            return seen;
        }
    }
}

/// Whatever chance does: a search finds, page by page and in order, what reading everything finds.
pub async fn what_reading_everything_finds_is_found(store: Arc<dyn Store>) {
    let mut random = Random::new(SEED);
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(TestRoom::group(&store, &["alice"]).await);
    }
    let mut now_ms = START_MS;
    for _ in 0..STEPS {
        // Some rooms are busy, and some are silent for nearly all of the time.
        let room = &mut rooms[random.zipf(ROOMS) as usize - 1];
        now_ms += random.zipf(100_000) as i64;
        room.now_ms = now_ms;
        happens(room, &mut random).await;
    }
    for number in 0..SEARCHES {
        let text = words(&mut random, 1 + number % 2);
        let mut some_time_ms = |probability| {
            let time_ms = START_MS + random.below((now_ms - START_MS) as u64) as i64;
            random.happens(probability).then_some(time_ms)
        };
        let (after_ms, before_ms) = (some_time_ms(0.3), some_time_ms(0.3));
        let limit = 1 + random.below(20) as usize;
        let asked = Request {
            after_ms,
            before_ms,
            limit,
            ..request(&text)
        };
        let (seen, expected) = (all_pages(&store, &asked).await, expected(&rooms, &text, &asked).await);
        assert_eq!(seen, expected, "seed {SEED}, search {number}: {text}, {asked:?}");
    }
    let busiest: RoomId = rooms[0].id;
    let state = store.search_state(busiest).await.expect("a state");
    assert!(!state.segments.is_empty(), "a part of it was indexed");
}
