//! How many messages per second become durable, beside the disk's own floor in the same run.
//!
//! `cargo run --release -p storage --features sqlite,generator --example append_rate -- [--json] [folder] [seconds]`
//!
//! Each of 64 callers sends a message and waits for its acknowledgement before the next. A room gathers what waits
//! into one
//! batch and has one batch in flight, as the engine does. The floor writes the same bytes with one `fdatasync` per 64
//! messages. Then the same with an office's texts, without and with the indexer of the search running.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod common;

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use common::{BODY_BYTES, Outcome, arguments, create_room, message, now_ms};
use protocol::{RoomId, UserId};
use storage::{
    AppendBatch, Effect, LogHead, NewEntry, Permit, Store,
    generator::{Shape, Texts},
    metrics::StorageMetrics,
    search::{Backlog, Indexer, SearchMetrics},
    sqlite::{Options, SqliteStore},
};
use tokio::sync::{mpsc, oneshot};

const CALLERS: usize = 64;
/// What one message costs on the floor: its body and what stands beside it.
const FLOOR_BYTES: usize = BODY_BYTES + 128;

/// A message that waits for its room.
struct Command {
    sender: UserId,
    answer: oneshot::Sender<u64>,
}

/// What is said, and whether it is indexed while it is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Always the same bytes.
    Bytes,
    /// Texts, which nobody indexes.
    Texts,
    /// Texts, which are indexed.
    Indexed,
}

struct Room {
    id: RoomId,
    texts: Option<Texts>,
    backlog: Arc<Backlog>,
    permit: Permit,
    head: LogHead,
}

impl Room {
    async fn create(store: &Arc<dyn Store>, number: usize, content: Content, backlog: &Arc<Backlog>) -> Outcome<Self> {
        let (id, head) = create_room(store, &format!("room {number}")).await?;
        let permit = Permit::take_over(&Arc::<AtomicU64>::default());
        let texts = (content != Content::Bytes).then(|| Texts::new(number as u64, Shape::Office));
        Ok(Self {
            id,
            texts,
            backlog: Arc::clone(backlog),
            permit,
            head,
        })
    }

    fn batch(&mut self, waiting: &[Command]) -> AppendBatch {
        let entries: Vec<NewEntry> = waiting
            .iter()
            .zip(1..)
            .map(|(send, ahead)| self.entry(&send.sender, ahead))
            .collect();
        AppendBatch {
            room: self.id,
            permit: self.permit.clone(),
            head: self.head.clone(),
            entries,
            deadline: Instant::now() + Duration::from_secs(10),
        }
    }

    fn entry(&mut self, sender: &UserId, ahead: u64) -> NewEntry {
        let mut entry = message(&self.head, ahead, sender);
        if let Some(texts) = &mut self.texts {
            entry.body = texts.body();
        }
        NewEntry {
            effects: vec![Effect::Read {
                user: sender.clone(),
                seq: entry.seq,
                number: entry.number,
            }],
            entry,
            is_repeatable: true,
        }
    }
}

/// A room's task: gathers what waits, appends it, answers.
async fn serve(store: Arc<dyn Store>, mut room: Room, mut inbox: mpsc::Receiver<Command>) -> Outcome<()> {
    let mut waiting = Vec::new();
    while inbox.recv_many(&mut waiting, 1_024).await > 0 {
        let first = room.head.seq + 1;
        let batch = room.batch(&waiting);
        room.head = store.append(batch).await?;
        room.backlog.note(room.id, room.head.seq, room.head.time_ms);
        for (send, seq) in waiting.drain(..).zip(first..) {
            // A caller that has ended needs no answer.
            let _ = send.answer.send(seq);
        }
    }
    Ok(())
}

/// One caller: sends to one room after the other until the time is over; gives the latencies in microseconds.
async fn call(number: usize, rooms: Vec<mpsc::Sender<Command>>, until: Instant) -> Outcome<Vec<u64>> {
    let sender: UserId = format!("user-{number}").parse()?;
    let mut latencies = Vec::new();
    let mut turn = number;
    while Instant::now() < until {
        let begun = Instant::now();
        let (answer, acknowledged) = oneshot::channel();
        let sender = sender.clone();
        rooms[turn % rooms.len()].send(Command { sender, answer }).await?;
        acknowledged.await?;
        latencies.push(u64::try_from(begun.elapsed().as_micros())?);
        turn += CALLERS;
    }
    Ok(latencies)
}

/// What 64 callers got from so many rooms.
struct Rate {
    rooms: usize,
    what: &'static str,
    /// Entries that were in no segment at the end.
    lag_entries: i64,
    acknowledged_per_second: f64,
    commits_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Rate {
    fn text(&self) -> String {
        format!(
            "{:>4} rooms{}: {:>7.0} acknowledged/s, {:>6.0} commits/s, {:>5.1} per commit; p50 {:.2} ms, p99 {:.2} ms",
            self.rooms,
            self.what,
            self.acknowledged_per_second,
            self.commits_per_second,
            self.acknowledged_per_second / self.commits_per_second,
            self.p50_ms,
            self.p99_ms,
        )
    }

    fn json(&self) -> String {
        format!(
            r#"{{"rooms":{},"what":"{}","lag_entries":{},"acknowledged_per_second":{},"commits_per_second":{},"p50_ms":{},"p99_ms":{}}}"#,
            self.rooms,
            self.what.trim_start_matches([',', ' ']),
            self.lag_entries,
            self.acknowledged_per_second,
            self.commits_per_second,
            self.p50_ms,
            self.p99_ms,
        )
    }
}

/// The indexer on a thread of its own, as the engine has it.
fn start_indexer(store: &Arc<dyn Store>, backlog: &Arc<Backlog>, metrics: &SearchMetrics) -> Outcome<JoinHandle<()>> {
    let indexer = Indexer::new(Arc::clone(store), Arc::clone(backlog), metrics.clone(), now_ms);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(std::thread::spawn(move || runtime.block_on(indexer.run())))
}

async fn measure(folder: &Path, rooms: usize, seconds: u64, content: Content) -> Outcome<Rate> {
    let path = folder.join(format!("rate-{rooms}-{}.db", std::process::id()));
    let metrics = StorageMetrics::unregistered();
    let options = Options {
        metrics: metrics.clone(),
        ..Options::default()
    };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, options)?);
    let (backlog, search_metrics) = (Arc::<Backlog>::default(), SearchMetrics::unregistered());
    let indexer = match content {
        Content::Indexed => Some(start_indexer(&store, &backlog, &search_metrics)?),
        Content::Bytes | Content::Texts => None,
    };
    let (mut inboxes, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..rooms {
        let (inbox, received) = mpsc::channel(1_024);
        let room = Room::create(&store, number, content, &backlog).await?;
        tasks.push(tokio::spawn(serve(Arc::clone(&store), room, received)));
        inboxes.push(inbox);
    }
    let commits_before = metrics.commits_ok.get();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| tokio::spawn(call(number, inboxes.clone(), until)))
        .collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await??);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let commits = metrics.commits_ok.get() - commits_before;
    drop(inboxes);
    for task in tasks {
        task.await??;
    }
    backlog.close();
    if let Some(indexer) = indexer {
        indexer.join().map_err(|_| "the indexer panicked")?;
    }
    drop(store);
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
    for ending in ["", "-wal", "-shm"] {
        // Whatever is there of them.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    Ok(Rate {
        rooms,
        what: match content {
            Content::Bytes => "",
            Content::Texts => ", texts",
            Content::Indexed => ", texts indexed",
        },
        lag_entries: search_metrics.lag_entries.get(),
        acknowledged_per_second: latencies.len() as f64 / elapsed,
        commits_per_second: commits as f64 / elapsed,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
    })
}

/// The disk without a database: messages per second with the same bytes and one flush per 64 messages.
fn floor(folder: &Path, seconds: u64) -> Outcome<f64> {
    let path = folder.join(format!("floor-{}", std::process::id()));
    let mut file = File::create(&path)?;
    let batch = vec![b'm'; CALLERS * FLOOR_BYTES];
    let begun = Instant::now();
    let mut batches = 0_u64;
    while begun.elapsed() < Duration::from_secs(seconds) {
        file.write_all(&batch)?;
        file.sync_data()?;
        batches += 1;
    }
    let rate = batches as f64 / begun.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path)?;
    Ok(rate * CALLERS as f64)
}

/// Everything as one line, or for people as it comes.
async fn run(folder: &Path, seconds: u64, as_json: bool) -> Outcome<()> {
    let say = |text: String| {
        if !as_json {
            println!("{text}");
        }
    };
    let say_floor = |floor: f64| {
        say(format!(
            "     floor: {floor:>7.0} messages/s by write+fdatasync of {CALLERS}"
        ))
    };
    say(format!(
        "{CALLERS} callers, bodies of {BODY_BYTES} bytes, in {}",
        folder.display()
    ));
    let before = floor(folder, seconds)?;
    say_floor(before);
    let mut rates = Vec::new();
    for rooms in [1, 100] {
        let rate = measure(folder, rooms, seconds, Content::Bytes).await?;
        say(rate.text());
        rates.push(rate.json());
    }
    let mut searched = Vec::new();
    for rooms in [1, 100] {
        for content in [Content::Texts, Content::Indexed] {
            let rate = measure(folder, rooms, seconds, content).await?;
            say(rate.text());
            searched.push(rate.json());
        }
    }
    let after = floor(folder, seconds)?;
    say_floor(after);
    if as_json {
        println!(
            r#"{{"floor_per_second":[{before},{after}],"rooms":[{}],"texts":[{}]}}"#,
            rates.join(","),
            searched.join(",")
        );
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let (folder, seconds, as_json) = arguments(5)?;
    run(&folder, seconds, as_json).await
}
