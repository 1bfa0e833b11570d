//! Whether the newest page of a room costs the same however many messages the room has.
//!
//! `cargo run --release -p storage --features sqlite --example newest_page -- [--json] [folder] [messages]`
//!
//! One store has a very large room and one with a thousand messages, both written through the store's own append. The
//! newest 50 messages of either are read in turn at random: with everything in memory, and each time from a store that
//! was just opened, with nothing of its file in the kernel's cache.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod common;

use std::{
    fs::File,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use common::{Outcome, arguments, create_room, message};
use protocol::{RoomId, UserId};
use rustix::fs::{Advice, fadvise};
use storage::{
    AppendBatch, EntryRange, LogHead, NewEntry, Order, Permit, Select, Store,
    sqlite::{Options, SqliteStore},
};

const SMALL_MESSAGES: u64 = 1_000;
/// Messages of one append.
const BATCH: u64 = 10_000;
const PAGE: usize = 50;
const WARM_READS: usize = 4_000;
const COLD_READS: usize = 120;

/// Medians and the like, in microseconds.
struct Times {
    p50_us: f64,
    p99_us: f64,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_nanos() as f64 / 1_000.0;
        Self {
            p50_us: at(0.5),
            p99_us: at(0.99),
        }
    }

    fn json(&self) -> String {
        format!(r#"{{"p50_us":{},"p99_us":{}}}"#, self.p50_us, self.p99_us)
    }
}

fn open(path: &Path) -> Outcome<Arc<dyn Store>> {
    Ok(Arc::new(SqliteStore::open(path, Options::default())?))
}

fn batch(room: RoomId, permit: &Permit, head: &LogHead, count: u64, sender: &UserId) -> AppendBatch {
    let entries = (1..=count).map(|ahead| NewEntry {
        entry: message(head, ahead, sender),
        // What repeats a command is dropped after seven days: old messages have none.
        is_repeatable: false,
        effects: Vec::new(),
    });
    AppendBatch {
        room,
        permit: permit.clone(),
        head: head.clone(),
        entries: entries.collect(),
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

/// A room with so many messages.
async fn fill(store: &Arc<dyn Store>, name: &str, messages: u64) -> Outcome<RoomId> {
    let (room, mut head) = create_room(store, name).await?;
    let permit = Permit::take_over(&Arc::<AtomicU64>::default());
    let sender: UserId = "somebody".parse()?;
    let mut told = 0;
    while head.seq < messages {
        let count = BATCH.min(messages - head.seq);
        head = store.append(batch(room, &permit, &head, count, &sender)).await?;
        if head.seq * 10 / messages > told {
            told = head.seq * 10 / messages;
            eprintln!("{name}: {} of {messages} messages", head.seq);
        }
    }
    Ok(room)
}

/// What a client that opens the room makes the store do: the log's end, and the page before it.
async fn read_page(store: &Arc<dyn Store>, room: RoomId) -> Outcome<Duration> {
    let begun = Instant::now();
    let state = store.room(room).await?.ok_or("the room is gone")?;
    let range = EntryRange {
        first: 1,
        last: state.head.seq,
        limit: PAGE,
        bytes_max: 1 << 20,
        order: Order::Descending,
        select: Select::Messages,
    };
    let page = store.entries(room, range).await?;
    let took = begun.elapsed();
    if page.len() != PAGE || page[0].seq != state.head.seq {
        return Err(format!("a page of {} messages", page.len()).into());
    }
    Ok(took)
}

/// Large or small, at random.
fn turn() -> Outcome<usize> {
    let random = getrandom::u32().map_err(|error| error.to_string())?;
    Ok((random & 1) as usize)
}

async fn warm(store: &Arc<dyn Store>, rooms: [RoomId; 2]) -> Outcome<[Times; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..WARM_READS {
        let room = turn()?;
        times[room].push(read_page(store, rooms[room]).await?);
    }
    Ok(times.map(Times::of))
}

async fn cold(path: &Path, rooms: [RoomId; 2]) -> Outcome<[Times; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    let file = File::open(path)?;
    for _ in 0..COLD_READS {
        fadvise(&file, 0, None, Advice::DontNeed)?;
        let store = open(path)?;
        let room = turn()?;
        times[room].push(read_page(&store, rooms[room]).await?);
    }
    if times.iter().any(Vec::is_empty) {
        return Err("one of the rooms was never read".into());
    }
    Ok(times.map(Times::of))
}

/// Pages that wait in the write-ahead log or in the kernel would not be dropped.
fn flush(path: &Path) -> Outcome<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

async fn run(folder: &Path, messages: u64, as_json: bool) -> Outcome<()> {
    let path = folder.join(format!("pages-{}.db", std::process::id()));
    let store = open(&path)?;
    let begun = Instant::now();
    let rooms = [
        fill(&store, "the large room", messages).await?,
        fill(&store, "the small room", SMALL_MESSAGES).await?,
    ];
    let fill_seconds = begun.elapsed().as_secs_f64();
    let warm = warm(&store, rooms).await?;
    drop(store);
    let file_bytes = flush(&path)?;
    let cold = cold(&path, rooms).await?;
    for ending in ["", "-wal", "-shm"] {
        // Whatever is there of them.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    if as_json {
        let pair = |[large, small]: &[Times; 2]| format!("[{},{}]", large.json(), small.json());
        println!(
            r#"{{"messages":[{messages},{SMALL_MESSAGES}],"file_bytes":{file_bytes},"fill_seconds":{fill_seconds},"warm":{},"cold":{}}}"#,
            pair(&warm),
            pair(&cold)
        );
        return Ok(());
    }
    println!("{messages} messages filled in {fill_seconds:.0} s, {file_bytes} bytes");
    for (how, [large, small]) in [("in memory", &warm), ("from the disk", &cold)] {
        println!(
            "{how}: large p50 {:.0} µs, p99 {:.0} µs; small p50 {:.0} µs, p99 {:.0} µs; {:.2} ×",
            large.p50_us,
            large.p99_us,
            small.p50_us,
            small.p99_us,
            large.p50_us / small.p50_us
        );
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let (folder, messages, as_json) = arguments(10_000_000)?;
    run(&folder, messages, as_json).await
}
