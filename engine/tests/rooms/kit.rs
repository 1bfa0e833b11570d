//! The words in which the stories are told: a node with a real store in a fresh folder, chats, people, and what they say.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use engine::{
    Caller, Channel, Clock,
    relay::Relays,
    rooms::{Appended, Command, RoomOptions, Rooms, Verb},
};
use prometheus::Registry;
use protocol::{Epoch, Error, ErrorCode, RoomId, UserId, payload::Payload};
use storage::{
    Entry, EntryRange, LogRepository, NewRoom, Order, Role, RoomCreated, RoomKind, RoomRepository, RoomState, Select,
    UserRole,
    sqlite::{Faults, Options, SqliteStore},
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::hooks::{Hooked, Hooks, NoHooks};

/// When the stories begin, Unix milliseconds.
pub const NOW_MS: i64 = 1_700_000_000_000;

pub type Answer = Result<Appended, Error>;
pub type Receiver = oneshot::Receiver<Answer>;

/// A node's rooms over a real store.
pub struct Node {
    pub rooms: Rooms,
    pub store: Arc<SqliteStore>,
    pub faults: Faults,
    pub relays: Relays,
    pub clock: Clock,
    pub registry: Registry,
    folder: Option<TempDir>,
}

/// Patience enough for a busy machine: stories about order are not about time.
pub fn patient() -> RoomOptions {
    RoomOptions {
        command_deadline: Duration::from_secs(120),
        ..RoomOptions::default()
    }
}

impl Node {
    /// A node in a fresh folder.
    pub fn start() -> Self {
        Self::with(patient(), NoHooks)
    }

    /// A node in a fresh folder whose store is interfered with.
    pub fn with(options: RoomOptions, hooks: impl Hooks + 'static) -> Self {
        Self::on(tempfile::tempdir().expect("a folder"), options, Arc::new(hooks))
    }

    fn on(folder: TempDir, options: RoomOptions, hooks: Arc<dyn Hooks>) -> Self {
        let faults = Faults::default();
        let opened = SqliteStore::open(
            &folder.path().join("plenum.db"),
            Options {
                faults: faults.clone(),
                ..Options::default()
            },
        );
        let store = Arc::new(opened.expect("a store"));
        let hooked = Arc::new(Hooked {
            inner: Arc::clone(&store),
            hooks,
        });
        let relays = Relays::new(Arc::clone(&store) as Arc<dyn storage::Store>);
        let (clock, registry) = (Clock::fixed(NOW_MS), Registry::new());
        let rooms = Rooms::start(hooked, relays.clone(), clock.clone(), options, &registry).expect("rooms start");
        Self {
            rooms,
            store,
            faults,
            relays,
            clock,
            registry,
            folder: Some(folder),
        }
    }

    /// The node ends in good order and another begins on the same folder.
    pub fn restarts(mut self) -> Self {
        let folder = self.folder.take().expect("a folder");
        drop(self);
        Self::on(folder, patient(), Arc::new(NoHooks))
    }

    /// A group of people, the first of them its owner.
    pub async fn group(&self, people: &[&str]) -> Chat {
        self.chat(RoomKind::Group, people).await
    }

    /// A chat of this kind.
    pub async fn chat(&self, kind: RoomKind, people: &[&str]) -> Chat {
        let role = |index| if index == 0 { Role::Owner } else { Role::Member };
        let room = NewRoom {
            id: RoomId::generate(NOW_MS),
            kind,
            name: "a chat".to_owned(),
            initiator: Some(user(people[0])),
            members: people
                .iter()
                .enumerate()
                .map(|(index, name)| (user(name), role(index)))
                .collect(),
            epoch: Epoch::generate(),
            now_ms: NOW_MS,
        };
        match self.store.create_room(room).await.expect("a room is created") {
            RoomCreated::New(state) | RoomCreated::Existing(state) => Chat {
                rooms: self.rooms.clone(),
                store: Arc::clone(&self.store),
                id: state.room.id,
                channel: Channel::of_room(state.room.id),
            },
        }
    }

    /// Publishes to an open channel.
    pub fn publishes(&self, who: &str, channel: &str, data: &'static str) -> Receiver {
        let channel = Channel::parse(channel).expect("a channel's name");
        let data = Payload::from_trusted(Bytes::from_static(data.as_bytes()));
        self.rooms.submit(&channel, command(who, None, Verb::Publish { data }))
    }

    /// The value of a counter or gauge, summed over its labels that contain `label`.
    pub fn metric(&self, name: &str, label: &str) -> f64 {
        let families = self.registry.gather();
        let metrics = families.iter().filter(|family| family.name() == name);
        metrics
            .flat_map(|family| family.get_metric())
            .filter(|metric| label.is_empty() || metric.get_label().iter().any(|pair| pair.value() == label))
            .map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value())
            .sum()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.faults.release();
        self.rooms.shutdown();
        if !std::thread::panicking() {
            assert_eq!(self.rooms.active(), 0, "a story ends with no actor left");
        }
    }
}

/// One chat of a story.
#[derive(Clone)]
pub struct Chat {
    pub rooms: Rooms,
    pub store: Arc<SqliteStore>,
    pub id: RoomId,
    pub channel: Channel,
}

impl Chat {
    /// Somebody asks for something; the answer comes later.
    pub fn asks(&self, who: &str, verb: Verb) -> Receiver {
        self.rooms.submit(&self.channel, command(who, None, verb))
    }

    /// Somebody asks for something under an id of their own.
    pub fn asks_as(&self, who: &str, id: Uuid, verb: Verb) -> Receiver {
        self.rooms.submit(&self.channel, command(who, Some(id), verb))
    }

    /// Somebody asks for something and waits.
    pub async fn does(&self, who: &str, verb: Verb) -> Answer {
        self.asks(who, verb).await.expect("exactly one answer")
    }

    /// Somebody sends a text and waits.
    pub async fn sends(&self, who: &str, text: &str) -> Answer {
        self.does(who, send(text)).await
    }

    /// The whole log.
    pub async fn log(&self) -> Vec<Entry> {
        let mut log: Vec<Entry> = Vec::new();
        loop {
            let range = EntryRange {
                first: log.len() as u64 + 1,
                last: u64::MAX >> 1,
                limit: 5_000,
                bytes_max: 64 << 20,
                order: Order::Ascending,
                select: Select::Everything,
            };
            let page = self.store.entries(self.id, range).await.expect("a page");
            if page.is_empty() {
                break;
            }
            log.extend(page);
        }
        for (index, entry) in log.iter().enumerate() {
            assert_eq!(entry.seq, index as u64 + 1, "the log has no holes");
        }
        log
    }

    /// The texts of the log, in order.
    pub async fn texts(&self) -> Vec<String> {
        self.log().await.iter().map(text_of).collect()
    }

    /// The room as stored.
    pub async fn state(&self) -> RoomState {
        self.store.room(self.id).await.expect("readable").expect("there")
    }
}

/// The text of a message's row.
pub fn text_of(entry: &Entry) -> String {
    engine::message::body::content(&entry.body)
}

/// A user's id.
pub fn user(name: &str) -> UserId {
    name.parse().expect("an id")
}

/// The caller of this name; "system" is the system.
pub fn caller(name: &str) -> Caller {
    match name {
        "system" => Caller::system(),
        "" => Caller::anonymous(),
        name => Caller::person(user(name), UserRole::User, None),
    }
}

/// A command of somebody's.
pub fn command(who: &str, client_msg_id: Option<Uuid>, verb: Verb) -> Command {
    Command {
        caller: caller(who),
        verb,
        client_msg_id,
    }
}

/// A message.
pub fn send(text: &str) -> Verb {
    reply(text, 0)
}

/// A message that replies to another.
pub fn reply(text: &str, reply_to: u64) -> Verb {
    Verb::Send {
        content: text.to_owned(),
        reply_to,
        attachments: Payload::from_trusted(Bytes::from_static(b"[]")),
    }
}

/// The code of a refusal.
pub fn code(answer: &Answer) -> Option<ErrorCode> {
    answer.as_ref().err().map(|error| error.code)
}

/// Waits until something is so; a story that waits in vain fails.
pub async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("in vain: {what}");
}

/// A seed for this run, printed so that the run can be repeated with `SEED=…`.
pub fn seed() -> u64 {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| getrandom::u64().expect("randomness"));
    eprintln!("SEED={seed}");
    seed
}

/// Small reproducible randomness (xorshift64*, <https://www.jstatsoft.org/article/view/v008i14>).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}
