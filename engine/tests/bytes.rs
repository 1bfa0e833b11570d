//! Sessions in twenty rooms behind sockets that take a few bytes at a time, with replies, pings, subscribes and unsubscribes
//! mixed in: every stream parses, each channel is in order, a reply waits for at most one frame, nothing follows an unsubscribe reply.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{self, IoSlice},
    rc::Rc,
    sync::{Arc, atomic::AtomicU64},
};

use bytes::Bytes;
use engine::{
    Channel, Clock, Limits,
    metrics::EngineMetrics,
    relay::{RelayEntry, Relays},
    shard::{Held, Outbox, SessionKey, Shard, Wire},
};
use prometheus::Registry;
use protocol::{
    Epoch, UserId,
    client::{CommandResult, Encoding, Reply, SubscribeResult, Transport, Variant, encode_ping, encode_reply},
    websocket::{Decoder, Event, Role},
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::Value;
use storage::{Entry, EntryKind, Permit, Store};
use uuid::Uuid;

const ROOMS: usize = 20;
const SESSIONS: usize = 6;
const STEPS: usize = 1_000_000;

/// A socket that takes at most `room` bytes and remembers what it took.
#[derive(Default)]
struct Double {
    taken: Vec<u8>,
    /// How many bytes were taken before those that are kept.
    checked: usize,
    room: usize,
}

struct DoubleOutbox(Rc<RefCell<Double>>);

impl Outbox for DoubleOutbox {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut double = self.0.borrow_mut();
        if double.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut taken = 0;
        for slice in slices {
            let count = slice.len().min(double.room);
            double.taken.extend_from_slice(&slice[..count]);
            double.room -= count;
            taken += count;
        }
        Ok(taken)
    }

    fn wait(&self) {}

    fn close(&self) {
        panic!("no session of this story is closed");
    }
}

/// What a session is expected to get.
enum Promised {
    Subscribed(usize, u64),
    Unsubscribed(usize),
    Nothing,
}

/// One session: its double, what it was promised, and what it has seen.
struct Phone {
    key: SessionKey,
    double: Rc<RefCell<Double>>,
    decoder: Decoder,
    listening: [bool; ROOMS],
    next_id: u32,
    /// By reply: what it means, and how many bytes the socket had taken when it was queued.
    promised: HashMap<u32, (Promised, usize)>,
    /// The last offset seen of each room that is followed.
    seen: HashMap<usize, u64>,
    /// Where the last frames of logs began.
    log_frames: Vec<usize>,
    /// Where the frame began that is being read.
    began: usize,
}

impl Phone {
    fn total_taken(&self) -> usize {
        let double = self.double.borrow();
        double.checked + double.taken.len()
    }

    /// Parses what the socket took and holds it against what was promised.
    fn check(&mut self) {
        let (bytes, mut position) = {
            let mut double = self.double.borrow_mut();
            let bytes = std::mem::take(&mut double.taken);
            let position = double.checked;
            double.checked += bytes.len();
            (bytes, position)
        };
        let mut input = &bytes[..];
        loop {
            let before = input.len();
            if self.decoder.is_idle() {
                self.began = position;
            }
            let event = self.decoder.decode(&mut input).expect("every stream parses");
            position += before - input.len();
            let Some(event) = event else { break };
            let Event::Text(text) = event else {
                panic!("unexpected {event:?}")
            };
            let start = self.began;
            self.take(&serde_json::from_str(&text).expect("every message is JSON"), start);
        }
    }

    fn take(&mut self, message: &Value, start: usize) {
        if let Some(push) = message.get("push") {
            self.log_frames.push(start);
            let room = room_number(push["channel"].as_str().expect("a channel"));
            let offset = push["pub"]["offset"].as_u64().expect("an offset");
            let seen = self.seen.get_mut(&room).expect("a push of a room that is followed");
            assert_eq!(offset, *seen + 1, "each channel is in order, without holes");
            *seen = offset;
            return;
        }
        let Some(id) = message.get("id").and_then(Value::as_u64) else {
            assert_eq!(
                message,
                &serde_json::json!({}),
                "what is no push and no reply is a ping"
            );
            return;
        };
        let (promised, queued_at) = self.promised.remove(&(id as u32)).expect("one reply per command");
        let between = self
            .log_frames
            .iter()
            .filter(|&&began| began >= queued_at && began < start)
            .count();
        assert_eq!(
            between, 0,
            "no frame of a log begins between a reply's queueing and the reply"
        );
        self.log_frames.clear();
        match promised {
            Promised::Subscribed(room, offset) => assert!(self.seen.insert(room, offset).is_none()),
            Promised::Unsubscribed(room) => assert!(self.seen.remove(&room).is_some()),
            Promised::Nothing => {}
        }
    }
}

fn room_number(channel: &str) -> usize {
    channel
        .strip_prefix("story-")
        .expect("a channel of the story")
        .parse()
        .expect("a number")
}

fn channel(room: usize) -> Channel {
    Channel::parse(&format!("story-{room}")).expect("a channel")
}

fn reply(shard: &Shard, phone: &mut Phone, wire: Wire, promised: Promised, result: CommandResult) {
    phone.next_id += 1;
    let (mut message, mut frame) = (Vec::new(), Vec::new());
    encode_reply(Encoding::Json, &Reply::success(phone.next_id, result), &mut message);
    wire.frame_personal(&message, &mut frame);
    phone.promised.insert(phone.next_id, (promised, phone.total_taken()));
    shard.personal(phone.key, &frame);
    shard.flush(phone.key);
}

fn entry(seq: u64, size: usize) -> Entry {
    Entry {
        seq,
        number: seq,
        kind: EntryKind::Publication,
        sender: None,
        actor: None,
        client: None,
        time_ms: 0,
        created_ms: 0,
        command_id: Uuid::nil(),
        reply_to: 0,
        target: 0,
        version: 0,
        deleted: false,
        body: Bytes::from(format!("\"{}\"", "x".repeat(size))),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_million_steps_keep_every_stream_whole() {
    tokio::task::LocalSet::new().run_until(story()).await;
}

async fn story() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(
        storage::sqlite::SqliteStore::open(&folder.path().join("story.sqlite"), Default::default()).expect("a store"),
    );
    let relays = Relays::new(store);
    let limits = Arc::new(Limits {
        delivery_budget: Some(std::time::Duration::ZERO),
        ..Limits::default()
    });
    let metrics = Arc::new(EngineMetrics::register(&Registry::new()).expect("a fresh registry"));
    let shard = Shard::new(relays.clone(), Clock::fixed(1_700_000_000_000), limits, metrics);
    tokio::task::spawn_local(shard.clone().run());

    let wire = Wire::new(
        Variant::new(Encoding::Json, Transport::WebSocket).expect("a variant"),
        None,
    );
    let mut phones: Vec<Phone> = (0..SESSIONS)
        .map(|_| {
            let double = Rc::new(RefCell::new(Double::default()));
            let key = shard.open(Rc::new(DoubleOutbox(Rc::clone(&double))), wire);
            shard.connected(key, UserId::anonymous(), true);
            Phone {
                key,
                double,
                decoder: Decoder::new(Role::Client, 1 << 20, None),
                listening: [false; ROOMS],
                next_id: 0,
                promised: HashMap::new(),
                seen: HashMap::new(),
                log_frames: Vec::new(),
                began: 0,
            }
        })
        .collect();
    // A keeper in every room holds the relays, so that seqs go on while nobody else listens.
    let keeper_double = Rc::new(RefCell::new(Double {
        room: usize::MAX,
        ..Double::default()
    }));
    let keeper = shard.open(Rc::new(DoubleOutbox(Rc::clone(&keeper_double))), wire);
    let mut epochs: Vec<Epoch> = Vec::new();
    for room in 0..ROOMS {
        let held = shard
            .hold(keeper, &channel(room), false)
            .await
            .expect("the room can be followed");
        shard.release(&held);
        epochs.push(held.epoch);
    }
    let permit = Permit::take_over(&Arc::new(AtomicU64::new(0)));
    let mut heads = [0_u64; ROOMS];

    for step in 0..STEPS {
        let phone = random.random_range(0..SESSIONS);
        let room = random.random_range(0..ROOMS);
        match random.random_range(0..100) {
            0..40 => {
                heads[room] += 1;
                let size = if random.random_ratio(1, 500) {
                    70_000
                } else {
                    random.random_range(0..300)
                };
                let entry = Arc::new(RelayEntry::new(&channel(room), entry(heads[room], size)));
                relays.publish(&channel(room), &permit, epochs[room], vec![entry]);
            }
            40..45 if !phones[phone].listening[room] => {
                let held: Held = shard
                    .hold(phones[phone].key, &channel(room), false)
                    .await
                    .expect("followed");
                let result = SubscribeResult {
                    offset: held.offset,
                    ..SubscribeResult::default()
                };
                let promised = Promised::Subscribed(room, held.offset);
                reply(
                    &shard,
                    &mut phones[phone],
                    wire,
                    promised,
                    CommandResult::Subscribe(result),
                );
                shard.release(&held);
                phones[phone].listening[room] = true;
            }
            45..50 if phones[phone].listening[room] => {
                assert!(shard.unsubscribe(phones[phone].key, &channel(room)));
                reply(
                    &shard,
                    &mut phones[phone],
                    wire,
                    Promised::Unsubscribed(room),
                    CommandResult::Unsubscribe,
                );
                phones[phone].listening[room] = false;
            }
            50..55 => reply(&shard, &mut phones[phone], wire, Promised::Nothing, CommandResult::Ping),
            55 => {
                let (mut message, mut frame) = (Vec::new(), Vec::new());
                encode_ping(Encoding::Json, &mut message);
                wire.frame_personal(&message, &mut frame);
                shard.personal(phones[phone].key, &frame);
                shard.flush(phones[phone].key);
            }
            56..80 => {
                let few = random.random_ratio(1, 2);
                let room = if few {
                    random.random_range(1..40)
                } else {
                    random.random_range(1..40_000)
                };
                phones[phone].double.borrow_mut().room = room;
                shard.writable(phones[phone].key);
                phones[phone].check();
            }
            _ => tokio::task::yield_now().await,
        }
        if step % 1_000 == 0 {
            keeper_double.borrow_mut().taken.clear();
        }
    }
    for phone in &mut phones {
        phone.double.borrow_mut().room = usize::MAX;
    }
    // What is still on its way arrives.
    for _ in 0..100_000 {
        phones.iter().for_each(|phone| shard.writable(phone.key));
        tokio::task::yield_now().await;
        phones.iter_mut().for_each(Phone::check);
        let is_complete = |phone: &Phone| phone.seen.iter().all(|(&room, &seen)| seen == heads[room]);
        if phones
            .iter()
            .all(|phone| phone.promised.is_empty() && is_complete(phone))
        {
            return;
        }
    }
    panic!("not everything arrived (seed {seed})");
}
