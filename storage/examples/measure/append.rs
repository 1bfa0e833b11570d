//! How many messages per second become durable.
//!
//! Each of 64 callers sends a message and waits for its acknowledgement before the next. A room gathers what waits into one batch and has one
//! batch in flight, as the engine does. Texts of an office are sent in turn without and with the indexer, so that what disturbs the
//! machine disturbs both. For a file there is a floor: the same bytes with one `fdatasync` for 64 messages.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::UserId;
use serde_json::{Value, json};
use storage::{
    Effect, Entry, EntryKind, LogHead, NewEntry, Store,
    generator::{Shape, Texts},
    search::{Backlog, Indexer, SearchMetrics},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    Outcome, SEED,
    room::{Room, now_ms},
    target::{Opened, Target},
    times::Times,
};

const CALLERS: usize = 64;
/// Bytes of a message that is no text.
const BODY_BYTES: usize = 128;
/// What one message costs on the floor: its body and what stands beside it.
const FLOOR_BYTES: usize = BODY_BYTES + 128;

/// A message that waits for its room.
struct Command {
    sender: UserId,
    answer: oneshot::Sender<()>,
}

/// What is said, and whether it is indexed while it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Always the same bytes.
    Bytes,
    /// Texts, which nobody indexes.
    Texts,
    /// Texts, which are indexed.
    Indexed,
}

impl Content {
    const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Texts => "texts",
            Self::Indexed => "texts indexed",
        }
    }
}

/// Makes a room's messages.
struct Speaker(Option<Texts>);

impl Speaker {
    fn entry(&mut self, head: &LogHead, ahead: u64, sender: &UserId) -> NewEntry {
        let now_ms = now_ms().max(head.time_ms);
        let body = match &mut self.0 {
            Some(texts) => texts.body(),
            None => Bytes::from_static(&[b'm'; BODY_BYTES]),
        };
        let entry = Entry {
            seq: head.seq + ahead,
            number: head.number + ahead,
            kind: EntryKind::Message,
            sender: Some(sender.clone()),
            actor: None,
            client: None,
            time_ms: now_ms,
            created_ms: now_ms,
            command_id: Uuid::new_v4(),
            reply_to: 0,
            target: 0,
            version: 0,
            deleted: false,
            body,
        };
        let read = Effect::Read {
            user: sender.clone(),
            seq: entry.seq,
            number: entry.number,
        };
        NewEntry {
            entry,
            is_repeatable: true,
            effects: vec![read],
        }
    }
}

/// A room's task: gathers what waits, appends it, answers; gives the room when nobody is left who sends.
async fn serve(
    store: Arc<dyn Store>,
    mut room: Room,
    mut speaker: Speaker,
    backlog: Arc<Backlog>,
    mut inbox: mpsc::Receiver<Command>,
) -> Outcome<Room> {
    let mut waiting = Vec::new();
    while inbox.recv_many(&mut waiting, 1_024).await > 0 {
        let entries = (1..)
            .zip(&waiting)
            .map(|(ahead, send)| speaker.entry(&room.head, ahead, &send.sender));
        let entries = entries.collect();
        room.append(&store, entries).await?;
        backlog.note(room.id, room.head.seq, room.head.time_ms);
        for send in waiting.drain(..) {
            // A caller that has ended needs no answer.
            let _ = send.answer.send(());
        }
    }
    Ok(room)
}

/// One caller: sends to one room after the other until the time is over.
async fn call(number: usize, rooms: Vec<mpsc::Sender<Command>>, until: Instant) -> Outcome<Times> {
    let sender: UserId = format!("user-{number}").parse()?;
    let (mut times, mut turn) = (Times::default(), number);
    while Instant::now() < until {
        let begun = Instant::now();
        let (answer, acknowledged) = oneshot::channel();
        let sender = sender.clone();
        rooms[turn % rooms.len()].send(Command { sender, answer }).await?;
        acknowledged.await?;
        times.add_since(begun);
        turn += CALLERS;
    }
    Ok(times)
}

/// Callers who send for some time: their times, and how long that really was.
async fn call_all(rooms: Vec<mpsc::Sender<Command>>, seconds: u64) -> Outcome<(Times, f64)> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| tokio::spawn(call(number, rooms.clone(), until)))
        .collect();
    let mut times = Times::default();
    for caller in callers {
        times.extend(caller.await??);
    }
    Ok((times, begun.elapsed().as_secs_f64()))
}

/// Entries of a room that are in no segment of its index.
async fn not_indexed(store: &dyn Store, room: &Room) -> Outcome<u64> {
    let indexed_to = store.search_state(room.id).await?.indexed_to;
    Ok(room.head.seq.saturating_sub(indexed_to))
}

/// The indexer on a thread of its own, as the engine has it.
fn start_indexer(store: &Arc<dyn Store>, backlog: &Arc<Backlog>) -> Outcome<JoinHandle<()>> {
    let metrics = SearchMetrics::unregistered();
    let indexer = Indexer::new(Arc::clone(store), Arc::clone(backlog), metrics, now_ms);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(std::thread::spawn(move || runtime.block_on(indexer.run())))
}

/// What 64 callers get from so many new rooms.
async fn run(opened: &Opened, rooms: usize, seconds: u64, content: Content) -> Outcome<Value> {
    let store = &opened.store;
    let backlog = Arc::<Backlog>::default();
    let indexer = match content {
        Content::Indexed => Some(start_indexer(store, &backlog)?),
        Content::Bytes | Content::Texts => None,
    };
    let (mut inboxes, mut tasks) = (Vec::new(), Vec::new());
    for number in 0..rooms {
        let (inbox, received) = mpsc::channel(1_024);
        let room = Room::create(store, format!("room {number}"), &[], now_ms()).await?;
        let texts = (content != Content::Bytes).then(|| Texts::new(SEED + number as u64, Shape::Office));
        let serving = serve(Arc::clone(store), room, Speaker(texts), Arc::clone(&backlog), received);
        tasks.push(tokio::spawn(serving));
        inboxes.push(inbox);
    }
    let (commits, statements) = (opened.commits(), opened.statements());
    let (times, elapsed_s) = call_all(inboxes, seconds).await?;
    let (commits, statements) = (opened.commits() - commits, opened.statements() - statements);
    let mut lag_entries = 0;
    for task in tasks {
        lag_entries += not_indexed(&**store, &task.await??).await?;
    }
    backlog.close();
    if let Some(indexer) = indexer {
        indexer.join().map_err(|_| "the indexer panicked")?;
    }
    let sent = times.len() as f64;
    Ok(json!({
        "rooms": rooms, "content": content.name(), "acknowledged_per_second": sent / elapsed_s,
        "commits_per_second": commits as f64 / elapsed_s, "statements_per_message": statements as f64 / sent,
        "lag_entries": lag_entries, "times": times.json(),
    }))
}

/// The same in a store of its own where that is a file.
async fn alone(target: &Target, rooms: usize, seconds: u64, content: Content) -> Outcome<Value> {
    target.clear()?;
    let opened = target.open()?;
    let rate = run(&opened, rooms, seconds, content).await;
    opened.close();
    rate
}

/// The disk without a database: messages per second with the same bytes and one flush per 64 messages.
fn floor(store: &Path, seconds: u64) -> Outcome<f64> {
    let path = store.with_extension("floor");
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

/// Rates of so many seconds each, those with texts repeated.
pub async fn measure(target: &Target, seconds: u64, repetitions: u64) -> Outcome<Value> {
    let rooms: &[usize] = if target.file().is_some() { &[1, 100] } else { &[1] };
    let mut floors = Vec::new();
    let mut rates = Vec::new();
    if let Some(path) = target.file() {
        floors.push(floor(path, seconds)?);
    }
    for rooms in rooms {
        // Also what warms up a server for those that come after.
        rates.push(alone(target, *rooms, seconds, Content::Bytes).await?);
        for _ in 0..repetitions {
            for content in [Content::Texts, Content::Indexed] {
                rates.push(alone(target, *rooms, seconds, content).await?);
            }
        }
    }
    if let Some(path) = target.file() {
        floors.push(floor(path, seconds)?);
    }
    Ok(json!({ "floors_per_second": floors, "rates": rates }))
}
