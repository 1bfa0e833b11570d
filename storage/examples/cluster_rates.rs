//! What a CQL server makes of everyday calls: durable sends, pages of a long and a short room, dates, lists of chats.
//!
//! `SCYLLA_URI=… cargo run --release -p storage --features scylla --example cluster_rates -- [long] [short]`
//!
//! Fills one room with `long` entries and one with `short`, in a keyspace of their own that stays there, and reads the same pages of
//! both: the figures are the long one's beside the short one's. The sends are those of 64 callers who wait for each acknowledgement; their
//! room gathers what waits into one batch, as the engine does.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod common;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use common::{Outcome, create_room, message, now_ms};
use protocol::{Epoch, RoomId, UserId};
use storage::{
    AppendBatch, Effect, EntryRange, LogHead, NewEntry, NewRoom, Order, Permit, Role, RoomKind, Select, Store,
    metrics::StorageMetrics,
    scylla::{Options, Ownership, ScyllaStore},
};

const CALLERS: u64 = 64;
const PROBES: u64 = 300;
const PAGE: usize = 50;
const CHATS: usize = 500;

struct Room {
    id: RoomId,
    permit: Permit,
    head: LogHead,
}

impl Room {
    async fn create(store: &Arc<dyn Store>, name: &str) -> Outcome<Self> {
        let (id, head) = create_room(store, name).await?;
        let permit = Permit::take_over(&Arc::<AtomicU64>::default());
        Ok(Self { id, permit, head })
    }

    /// Appends one message of each of so many people, as one batch.
    async fn append(&mut self, store: &Arc<dyn Store>, count: u64) -> Outcome<()> {
        let entries = (1..=count).map(|ahead| {
            let sender: UserId = format!("sender-{}", ahead % CALLERS).parse().expect("an id");
            let entry = message(&self.head, ahead, &sender);
            let (seq, number) = (entry.seq, entry.number);
            NewEntry {
                entry,
                is_repeatable: true,
                effects: vec![Effect::Read {
                    user: sender,
                    seq,
                    number,
                }],
            }
        });
        let batch = AppendBatch {
            room: self.id,
            permit: self.permit.clone(),
            head: self.head.clone(),
            entries: entries.collect(),
            deadline: Instant::now() + Duration::from_secs(60),
        };
        self.head = store.append(batch).await?;
        Ok(())
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}

async fn timed<F: Future<Output = Outcome<()>>>(mut call: impl FnMut(u64) -> F) -> Outcome<(f64, f64)> {
    let mut times = Vec::new();
    for probe in 0..PROBES {
        let begun = Instant::now();
        call(probe).await?;
        times.push(begun.elapsed());
    }
    Ok((percentile(&mut times, 50), percentile(&mut times, 99)))
}

fn older(last: u64) -> EntryRange {
    EntryRange {
        first: 1,
        last,
        limit: PAGE,
        bytes_max: 1 << 20,
        order: Order::Descending,
        select: Select::Messages,
    }
}

async fn pages(store: &Arc<dyn Store>, room: &Room, first_ms: i64) -> Outcome<[(f64, f64); 4]> {
    let (id, seq) = (room.id, room.head.seq);
    let read = |last: u64| async move {
        let page = store.entries(id, older(last)).await?;
        assert!(!page.is_empty(), "a page of {last}");
        Ok(())
    };
    // A different place each time, the same ones at every run.
    let place = |probe: u64| 1 + (probe * 7_919 + 101) % seq;
    let span = u64::try_from(now_ms() - first_ms).unwrap_or(1).max(1);
    Ok([
        timed(|_| read(u64::MAX >> 1)).await?,
        timed(|_| read(seq - PAGE as u64)).await?,
        timed(|probe| read(place(probe))).await?,
        timed(|probe| async move {
            let time_ms = first_ms + i64::try_from((probe * 7_919 + 101) % span).unwrap_or_default();
            store.seq_at(id, time_ms).await?;
            Ok(())
        })
        .await?,
    ])
}

async fn sends(store: &Arc<dyn Store>, metrics: &StorageMetrics, room: &mut Room, seconds: u64) -> Outcome<()> {
    let statements =
        || metrics.statements.read.get() + metrics.statements.write.get() + metrics.statements.conditional.get();
    let (begun, before, mut sent) = (Instant::now(), statements(), 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        room.append(store, CALLERS).await?;
        sent += CALLERS;
    }
    let rate = sent as f64 / begun.elapsed().as_secs_f64();
    let each = (statements() - before) as f64 / sent as f64;
    println!("durable sends, one room, {CALLERS} callers: {rate:.0} acknowledged/s, {each:.3} statements per message");
    Ok(())
}

async fn chats(store: &Arc<dyn Store>) -> Outcome<()> {
    let alice: UserId = "alice".parse()?;
    for number in 0..CHATS {
        let room = NewRoom {
            id: RoomId::generate(now_ms()),
            kind: RoomKind::Group,
            name: format!("chat {number}"),
            initiator: Some(alice.clone()),
            members: vec![(alice.clone(), Role::Owner)],
            epoch: Epoch::generate(),
            now_ms: now_ms(),
        };
        let id = room.id;
        let (storage::RoomCreated::New(state) | storage::RoomCreated::Existing(state)) =
            store.create_room(room).await?;
        let permit = Permit::take_over(&Arc::<AtomicU64>::default());
        let head = state.head;
        Room { id, permit, head }.append(store, 1).await?;
    }
    Ok(())
}

async fn list(store: &Arc<dyn Store>) -> Outcome<()> {
    let found = store.chats_of(&"alice".parse()?, None, CHATS).await?;
    assert_eq!(found.len(), CHATS, "all of the chats");
    assert!(found.iter().all(|chat| chat.last.is_some()), "with their last messages");
    Ok(())
}

async fn measure(open: impl Fn() -> (Arc<dyn Store>, StorageMetrics), long: u64, short: u64) -> Outcome<()> {
    let (store, metrics) = tokio::task::block_in_place(&open);
    let mut rooms = Vec::new();
    for entries in [long, short] {
        let (mut room, first_ms) = (Room::create(&store, "pages").await?, now_ms());
        let begun = Instant::now();
        while room.head.seq < entries {
            let count = (entries - room.head.seq).min(500);
            room.append(&store, count).await?;
        }
        println!(
            "{entries} entries in {:.1} s, in batches of 500",
            begun.elapsed().as_secs_f64()
        );
        rooms.push((room, first_ms));
    }
    sends(&store, &metrics, &mut Room::create(&store, "sends").await?, 10).await?;
    let of_long = pages(&store, &rooms[0].0, rooms[0].1).await?;
    let of_short = pages(&store, &rooms[1].0, rooms[1].1).await?;
    for (place, what) in ["newest page", "next page", "page at a random place", "date"]
        .into_iter()
        .enumerate()
    {
        let ((long_50, long_99), (short_50, short_99)) = (of_long[place], of_short[place]);
        let ratio = long_99 / short_99;
        println!("{what}: p50 {long_50:.2} and {short_50:.2} ms, p99 {long_99:.2} and {short_99:.2} ms, {ratio:.2} x");
    }
    chats(&store).await?;
    drop(store);
    let (store, metrics) = tokio::task::block_in_place(&open);
    let (begun, before) = (Instant::now(), metrics.statements.read.get());
    list(&store).await?;
    let (cold, statements) = (
        begun.elapsed().as_secs_f64() * 1_000.0,
        metrics.statements.read.get() - before,
    );
    let (warm_50, warm_99) = timed(|_| list(&store)).await?;
    println!(
        "list of {CHATS} chats: cold {cold:.0} ms by {statements} reads, then p50 {warm_50:.1} ms, p99 {warm_99:.1} ms"
    );
    tokio::task::block_in_place(|| drop(store));
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let long: u64 = words.next().map_or(Ok(1_000_000), |word| word.parse())?;
    let short: u64 = words.next().map_or(Ok(10_000), |word| word.parse())?;
    let uri = std::env::var("SCYLLA_URI").map_err(|_| "SCYLLA_URI names no server: `make cql` starts one")?;
    let keyspace = format!("rates_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let options = Options::new(format!("{uri}/{keyspace}").parse()?);
    let open = move || {
        let metrics = StorageMetrics::unregistered();
        let options = Options {
            metrics: metrics.clone(),
            ownership: Ownership::Node {
                name: "rates".to_owned(),
                folder: None,
            },
            ..options.clone()
        };
        let store = ScyllaStore::open(&options, |wait| println!("waiting: {wait}")).expect("the store opens");
        (Arc::new(store) as Arc<dyn Store>, metrics)
    };
    measure(open, long, short).await
}
