//! How long searches take, and how large their index is.
//!
//! `cargo run --release -p storage --features sqlite,generator --example search_latency -- [--json] [folder] [messages]`
//!
//! One person is in 500 rooms whose sizes follow Zipf's law. The rooms are filled through the store's own append, indexed
//! by the indexer, and searched for words as they occur: the everyday ones, the rare ones, both together, phrases, names
//! of files, and words that nobody wrote. The open ends of the newest rooms stay unindexed, as they do in a running node.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod common;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use common::{Outcome, arguments};
use indicatif::{ProgressBar, ProgressStyle};
use protocol::{Epoch, RoomId, UserId};
use storage::{
    AppendBatch, LogHead, NewRoom, Permit, Role, RoomCreated, RoomKind, Store,
    generator::{Language, LogWriter, Random, Shape, VOCABULARY_WORDS, word},
    search::{Backlog, Indexer, Look, Query, Request, SearchMetrics, Tails, limits::ROOMS_MAX, search},
    sqlite::{Options, SqliteStore},
};

const SEED: u64 = 20_240_531;
const ROOMS: u64 = 500;
const BATCH: u64 = 2_000;
const QUERIES: u64 = 300;
const PAGE: usize = 50;
/// Entries that stay unindexed in each of the newest rooms.
const OPEN_ENTRIES: u64 = 300;
const OPEN_ROOMS: u64 = 10;
const START_MS: i64 = 1_600_000_000_000;

struct Line {
    what: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    hits: f64,
}

impl Line {
    fn text(&self) -> String {
        format!(
            "{:>28}: p50 {:>7.2} ms, p99 {:>7.2} ms, max {:>7.2} ms, {:>5.1} hits on average",
            self.what, self.p50_ms, self.p99_ms, self.max_ms, self.hits
        )
    }

    fn json(&self) -> String {
        format!(
            r#"{{"what":"{}","p50_ms":{},"p99_ms":{},"max_ms":{},"hits":{}}}"#,
            self.what, self.p50_ms, self.p99_ms, self.max_ms, self.hits
        )
    }
}

fn bar(length: u64, what: &'static str) -> Outcome<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:>10} {bar:40} {human_pos}/{human_len} {per_sec} {eta}")?;
    Ok(ProgressBar::new(length).with_style(style).with_message(what))
}

/// How many entries the rooms have, the largest first.
fn sizes(messages: u64) -> Vec<u64> {
    let harmonic: f64 = (1..=ROOMS).map(|rank| 1.0 / rank as f64).sum();
    let size = |rank: u64| (messages as f64 / harmonic / rank as f64) as u64;
    (1..=ROOMS).map(|rank| size(rank).max(1)).collect()
}

async fn fill_room(
    store: &Arc<dyn Store>,
    rank: u64,
    size: u64,
    who: &UserId,
    bar: &ProgressBar,
) -> Outcome<(RoomId, u64)> {
    let room = NewRoom {
        id: RoomId::generate(START_MS),
        kind: RoomKind::Group,
        name: format!("room {rank}"),
        initiator: None,
        members: vec![(who.clone(), Role::Member)],
        epoch: Epoch::generate(),
        now_ms: START_MS,
    };
    let (RoomCreated::New(state) | RoomCreated::Existing(state)) = store.create_room(room).await?;
    let permit = Permit::take_over(&Arc::<AtomicU64>::default());
    // All rooms end at about the same time, so their newest messages are mixed.
    let pause_ms = (100_000_000_000 / size as i64).max(1);
    let shape = if rank.is_multiple_of(10) {
        Shape::Event
    } else {
        Shape::Office
    };
    let mut writer = LogWriter::new(SEED + rank, shape, 50 + size / 100, pause_ms);
    let mut head: LogHead = LogHead {
        time_ms: START_MS,
        ..state.head
    };
    while head.seq < size {
        let entries = writer.entries(&head, BATCH.min(size - head.seq));
        let count = entries.len() as u64;
        let batch = AppendBatch {
            room: state.room.id,
            permit: permit.clone(),
            head: head.clone(),
            entries,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        head = store.append(batch).await?;
        bar.inc(count);
    }
    Ok((state.room.id, head.seq))
}

/// Two kinds of words, as they are typed.
struct Words(Random);

impl Words {
    fn language(&mut self) -> Language {
        if self.0.happens(0.7) {
            Language::Russian
        } else {
            Language::English
        }
    }

    /// One of the everyday words that say something.
    fn common(&mut self) -> String {
        let (language, rank) = (self.language(), 60 + self.0.below(90));
        word(language, rank, &mut self.0)
    }

    fn rare(&mut self) -> String {
        let (language, rank) = (self.language(), 1_000 + self.0.below(VOCABULARY_WORDS - 1_000));
        word(language, rank, &mut self.0)
    }

    fn query(&mut self, what: &str) -> String {
        match what {
            "one common word" => self.common(),
            "one rare word" => self.rare(),
            "two common words" => format!("{} {}", self.common(), self.common()),
            "a common and a rare word" => format!("{} {}", self.common(), self.rare()),
            "two rare words" => format!("{} {}", self.rare(), self.rare()),
            "a phrase of two words" => format!("\"{} {}\"", self.common(), self.common()),
            "a word that nobody wrote" => format!("qzx{}wv", self.0.number()),
            _ => self.common().chars().take(4).collect(),
        }
    }
}

async fn measure(store: &Arc<dyn Store>, who: &UserId, what: &'static str) -> Outcome<Line> {
    let (mut words, tails) = (Words(Random::new(SEED)), Tails::default());
    let (mut times, mut hits) = (Vec::new(), 0);
    for _ in 0..QUERIES {
        let request = Request {
            query: Query::parse(&words.query(what))?,
            look: if what == "the beginning of a file" {
                Look::FileNames
            } else {
                Look::Texts
            },
            author: None,
            after_ms: None,
            before_ms: None,
            behind: None,
            limit: PAGE,
        };
        let begun = Instant::now();
        let rooms = store.search_scope(who, ROOMS_MAX).await?;
        let found = search(&**store, &tails, &rooms, &request).await?;
        times.push(begun.elapsed());
        hits += found.hits.len();
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    Ok(Line {
        what,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: at(1.0),
        hits: hits as f64 / QUERIES as f64,
    })
}

async fn index(store: &Arc<dyn Store>, rooms: &[(RoomId, u64)]) -> Outcome<u64> {
    let indexer = Indexer::new(
        Arc::clone(store),
        Arc::<Backlog>::default(),
        SearchMetrics::unregistered(),
        || i64::MAX / 2,
    );
    let bar = bar(rooms.iter().map(|(_, seq)| seq).sum(), "index")?;
    let mut bytes = 0;
    for (number, (room, seq)) in rooms.iter().enumerate() {
        let open = if (number as u64) < OPEN_ROOMS { OPEN_ENTRIES } else { 0 };
        indexer.index_room(*room, seq.saturating_sub(open)).await?;
        bar.inc(*seq);
        let state = store.search_state(*room).await?;
        bytes += state.segments.iter().map(|segment| segment.bytes).sum::<u64>();
    }
    bar.finish();
    Ok(bytes)
}

async fn run(folder: &Path, messages: u64, as_json: bool) -> Outcome<()> {
    let path = folder.join(format!("search-{}.db", std::process::id()));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Options::default())?);
    let who: UserId = "searcher".parse()?;
    let progress = bar(messages, "append")?;
    let begun = Instant::now();
    let mut rooms = Vec::new();
    for (rank, size) in (1..).zip(sizes(messages)) {
        rooms.push(fill_room(&store, rank, size, &who, &progress).await?);
    }
    progress.finish();
    let fill_seconds = begun.elapsed().as_secs_f64();
    let log_bytes = std::fs::metadata(&path)?.len();
    let begun = Instant::now();
    let index_bytes = index(&store, &rooms).await?;
    let index_seconds = begun.elapsed().as_secs_f64();
    if !as_json {
        println!(
            "{messages} messages in {ROOMS} rooms: appended in {fill_seconds:.0} s, indexed in {index_seconds:.0} s"
        );
        println!(
            "log {log_bytes} bytes, index {index_bytes} bytes: {:.3} of it",
            index_bytes as f64 / log_bytes as f64
        );
    }
    let mut lines = Vec::new();
    for what in [
        "one common word",
        "one rare word",
        "two common words",
        "a common and a rare word",
        "two rare words",
        "a phrase of two words",
        "a word that nobody wrote",
        "the beginning of a file",
    ] {
        let line = measure(&store, &who, what).await?;
        if !as_json {
            println!("{}", line.text());
        }
        lines.push(line.json());
    }
    drop(store);
    for ending in ["", "-wal", "-shm"] {
        // Whatever is there of them.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    if as_json {
        println!(
            r#"{{"messages":{messages},"log_bytes":{log_bytes},"index_bytes":{index_bytes},"fill_seconds":{fill_seconds},"index_seconds":{index_seconds},"searches":[{}]}}"#,
            lines.join(",")
        );
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let (folder, messages, as_json) = arguments(1_000_000)?;
    run(&folder, messages, as_json).await
}
