//! The words in which the stories of joining and leaving are told: a node with several worker threads over a real store, and phones whose
//! sockets remember every byte and when it was taken.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    rc::Rc,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use actix::Addr;
use async_trait::async_trait;
use engine::{
    Caller, Channel, Clock, ConnectionClaims, Engine, Limits, Parts, SubscriptionClaims, TokenError, Tokens,
    accounts::PasswordCost,
    relay::Relays,
    rooms::{RoomOptions, Rooms},
    session::{Commands, Opening, Session},
    shard::{Outbox, SessionKey, Shard, ShardNotice, Wire},
};
use prometheus::Registry;
use protocol::{
    Epoch, Error, RoomId,
    client::{
        Command, CommandResult, ConnectRequest, Encoding, HistoryRequest, Incoming, Outgoing, ReplyError, Request,
        SubscribeRequest, SubscribeResult, Transport, UnsubscribeRequest, Variant, decode_replies,
    },
    websocket::{Decoder, Event, Role},
};
use serde_json::{Value, json};
use storage::{Store, User, sqlite::SqliteStore};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::hooks::{Hooked, Hooks};

/// When the stories begin, Unix milliseconds.
const NOW_MS: i64 = 1_700_000_000_000;
/// Long enough for a busy machine; nothing is measured with it.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Things to do that wait for a worker thread.
const JOBS_MAX: usize = 64;

/// A token is its user's id.
struct NameTokens;

#[async_trait]
impl Tokens for NameTokens {
    async fn connection(&self, token: &str) -> Result<ConnectionClaims, TokenError> {
        Ok(ConnectionClaims {
            user: token.parse().map_err(|_| TokenError::Invalid)?,
            auth_session: None,
            expires_at: None,
            name: None,
            info: None,
            is_outside: true,
        })
    }

    async fn subscription(&self, _: &str) -> Result<SubscriptionClaims, TokenError> {
        Err(TokenError::Invalid)
    }

    fn issue(&self, _: &User, _: Uuid, _: i64) -> (String, i64) {
        panic!("nobody of these stories logs in")
    }
}

type Job = Box<dyn FnOnce(&Arc<Engine>, &Shard) + Send>;

/// A node with worker threads.
pub struct World {
    pub engine: Arc<Engine>,
    /// Counts what has happened: a byte taken at a moment carries the count of that moment.
    pub moment: Arc<AtomicU64>,
    workers: Vec<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl World {
    /// A node with so many worker threads. Called within a runtime.
    pub fn start(workers: usize, limits: Limits, hooks: Arc<dyn Hooks>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("plenum.db"), Default::default()).expect("a store");
        let inner = Arc::new(store);
        let store: Arc<dyn Store> = Arc::new(Hooked { inner, hooks });
        let (clock, registry) = (Clock::fixed(NOW_MS), Registry::new());
        let relays = Relays::new(Arc::clone(&store));
        let options = RoomOptions {
            command_deadline: PATIENCE,
            stuck_after: PATIENCE,
            ..RoomOptions::default()
        };
        let rooms = Rooms::start(Arc::clone(&store), relays.clone(), clock.clone(), options, &registry);
        let parts = Parts {
            store,
            rooms: rooms.expect("rooms start"),
            relays,
            clock,
            limits: Limits {
                publish_per_second: 0,
                ..limits
            },
            tokens: Arc::new(NameTokens),
            node: "story".to_owned(),
            password_cost: PasswordCost {
                memory_kib: 8,
                passes: 1,
            },
        };
        let engine = Engine::start(parts, &registry).expect("an engine");
        let (workers, threads) = (0..workers).map(|_| start_worker(Arc::clone(&engine))).unzip();
        Self {
            engine,
            moment: Arc::default(),
            workers,
            threads,
            _folder: folder,
        }
    }

    /// Whom this name admits.
    pub async fn person(&self, name: &str) -> Caller {
        self.engine.caller(name).await.expect("everybody is admitted").0
    }

    /// Calls a function.
    pub async fn call(&self, caller: &Caller, method: &str, params: Value) -> Result<Value, Error> {
        let answer = self.engine.call(caller, method, params.to_string().as_bytes()).await?;
        Ok(serde_json::from_slice(answer.as_bytes()).expect("answers are JSON"))
    }

    /// Calls a function that succeeds.
    pub async fn calls(&self, caller: &Caller, method: &str, params: Value) -> Value {
        let answer = self.call(caller, method, params.clone()).await;
        answer.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// Creates a group with these people.
    pub async fn group(&self, owner: &Caller, others: &[&str]) -> Group {
        for name in others {
            self.person(name).await;
        }
        let params = json!({ "name": "a group", "participants": others, "kind": "group" });
        let chat = self.calls(owner, "room.create", params).await;
        let id: RoomId = chat["chat_id"].as_str().expect("an id").parse().expect("an id");
        let epoch = self.head(id).await.0;
        Group {
            id,
            channel: Channel::of_room(id),
            epoch,
        }
    }

    /// The log's identity and end.
    pub async fn head(&self, room: RoomId) -> (Epoch, u64) {
        let state = self.engine.store.room(room).await.expect("readable").expect("there");
        (state.head.epoch, state.head.seq)
    }

    /// Sends a text; its id.
    pub async fn sends(&self, caller: &Caller, group: &Group, text: &str) -> String {
        let params = json!({ "chat_id": group.id.to_string(), "content": text });
        let message = self.calls(caller, "message.send", params).await;
        message["message_id"].as_str().expect("an id").to_owned()
    }

    /// Deletes a message.
    pub async fn deletes(&self, caller: &Caller, message: &str) {
        self.calls(caller, "message.delete", json!({ "message_id": message }))
            .await;
    }

    /// A phone of this person's on a worker, connected. `bite`: bytes that its socket takes at once; none: all there are.
    pub async fn phone(&self, worker: usize, name: &str, encoding: Encoding, bite: Option<usize>) -> Phone {
        let socket = Arc::new(Socket {
            state: Mutex::default(),
            arrived: Notify::new(),
            moment: Arc::clone(&self.moment),
            bite,
        });
        let (sender, opened) = oneshot::channel();
        let outbox = SocketOutbox(Arc::clone(&socket));
        let job: Job = Box::new(move |engine, shard| {
            let variant = Variant::new(encoding, Transport::WebSocket).expect("a variant");
            let wire = Wire::new(variant, None);
            let is_slow = bite.is_some();
            let socket = Arc::clone(&outbox.0);
            let key = shard.open(Rc::new(outbox), wire);
            let opening = Opening {
                address: None,
                key,
                client: Uuid::new_v4(),
                wire,
                secret: None,
                flow: Rc::default(),
            };
            let session = Session::start(engine, shard, opening);
            if is_slow {
                tokio::task::spawn_local(lets_bite(socket, shard.clone(), key));
            }
            let _ = sender.send(session);
        });
        assert!(self.workers[worker].send(job).await.is_ok(), "the worker is there");
        let mut phone = Phone {
            socket,
            session: opened.await.expect("a session"),
            encoding,
            decoder: Decoder::new(Role::Client, 64 << 20, None),
            taken: 0,
            waiting: VecDeque::new(),
            next_id: 0,
        };
        let connect = ConnectRequest {
            token: name.to_owned(),
            ..ConnectRequest::default()
        };
        phone.asks(Request::Connect(connect)).await.expect("connected");
        phone
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.workers.clear();
        self.engine.rooms.shutdown();
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "a worker panicked");
        }
    }
}

/// A thread with a shard, as a node's workers are.
fn start_worker(engine: Arc<Engine>) -> (mpsc::Sender<Job>, JoinHandle<()>) {
    let (sender, mut jobs) = mpsc::channel::<Job>(JOBS_MAX);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime.expect("a runtime"), async move {
            let shard = engine.new_shard();
            tokio::task::spawn_local(shard.clone().run());
            while let Some(job) = jobs.recv().await {
                job(&engine, &shard);
            }
        });
    });
    (sender, thread)
}

/// A slow socket can take something again a moment after it was full.
async fn lets_bite(socket: Arc<Socket>, shard: Shard, key: SessionKey) {
    let mut moments = tokio::time::interval(Duration::from_millis(1));
    loop {
        moments.tick().await;
        if std::mem::take(&mut socket.lock().is_full) {
            shard.writable(key);
        }
    }
}

/// One chat of a story.
#[derive(Clone)]
pub struct Group {
    pub id: RoomId,
    pub channel: Channel,
    pub epoch: Epoch,
}

impl Group {
    /// A subscription from where a client is.
    pub fn from(&self, offset: u64) -> SubscribeRequest {
        SubscribeRequest {
            channel: self.channel.to_string(),
            recover: true,
            epoch: self.epoch.to_string(),
            offset,
            ..SubscribeRequest::default()
        }
    }

    /// Everything of the log.
    pub fn history(&self) -> HistoryRequest {
        HistoryRequest {
            channel: self.channel.to_string(),
            limit: -1,
            ..HistoryRequest::default()
        }
    }
}

/// The client's end of a connection.
pub struct Socket {
    state: Mutex<SocketState>,
    arrived: Notify,
    moment: Arc<AtomicU64>,
    bite: Option<usize>,
}

#[derive(Default)]
struct SocketState {
    bytes: Vec<u8>,
    /// Where each write ended, and when it was.
    writes: Vec<(usize, u64)>,
    /// The bite has been taken; more after a moment.
    is_full: bool,
}

impl Socket {
    fn lock(&self) -> MutexGuard<'_, SocketState> {
        self.state.lock().expect("no panic")
    }
}

struct SocketOutbox(Arc<Socket>);

impl Outbox for SocketOutbox {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let moment = self.0.moment.load(Ordering::SeqCst);
        let mut state = self.0.lock();
        if state.is_full {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut room = self.0.bite.unwrap_or(usize::MAX);
        let mut taken = 0;
        for slice in slices {
            let count = slice.len().min(room);
            state.bytes.extend_from_slice(&slice[..count]);
            room -= count;
            taken += count;
        }
        let end = state.bytes.len();
        state.writes.push((end, moment));
        drop(state);
        self.0.arrived.notify_one();
        Ok(taken)
    }

    fn wait(&self) {
        self.0.lock().is_full = true;
    }

    fn close(&self) {}
}

/// One message of the server, and where in the stream it began.
pub struct Frame {
    pub start: usize,
    pub payload: Vec<u8>,
}

/// One connection of a person's.
pub struct Phone {
    pub socket: Arc<Socket>,
    session: Addr<Session>,
    encoding: Encoding,
    decoder: Decoder,
    taken: usize,
    waiting: VecDeque<Outgoing>,
    next_id: u32,
}

impl Phone {
    /// Sends a command; its id.
    pub fn says(&mut self, request: Request) -> u32 {
        self.next_id += 1;
        let command = Command {
            id: self.next_id,
            request,
        };
        self.session.do_send(Commands(vec![Incoming::Command(command)]));
        self.next_id
    }

    /// The connection breaks.
    pub fn vanishes(&self) {
        self.session.do_send(ShardNotice::Closed);
    }

    /// The next message of the server; what comes of the person's own channel is passed over.
    pub async fn next(&mut self) -> Outgoing {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(message) = self.waiting.pop_front() {
                    return message;
                }
                if !self.takes_in() {
                    self.socket.arrived.notified().await;
                }
            }
        });
        waited.await.expect("the server says something")
    }

    fn takes_in(&mut self) -> bool {
        let bytes = self.socket.lock().bytes[self.taken..].to_vec();
        self.taken += bytes.len();
        let mut input = &bytes[..];
        while let Some(event) = self.decoder.decode(&mut input).expect("every stream parses") {
            let payload = match event {
                Event::Text(text) => text.into_bytes(),
                Event::Binary(payload) => payload,
                other => panic!("unexpected {other:?}"),
            };
            let messages = decode_replies(self.encoding, &payload);
            let messages = messages.map(|message| message.expect("every message parses"));
            self.waiting
                .extend(messages.filter(|message| !is_of_own_channel(message)));
        }
        !bytes.is_empty()
    }

    /// Sends a command and waits for its reply; what comes before it is passed over.
    pub async fn asks(&mut self, request: Request) -> Result<CommandResult, ReplyError> {
        let id = self.says(request);
        self.hears(id).await
    }

    /// Waits for a command's reply; what comes before it is passed over.
    pub async fn hears(&mut self, id: u32) -> Result<CommandResult, ReplyError> {
        loop {
            match self.next().await {
                Outgoing::Reply(reply) if reply.id == id => return reply.result,
                _ => {}
            }
        }
    }

    /// Waits for the replies to several commands, in whatever order they come.
    pub async fn hears_all(&mut self, ids: &[u32]) {
        let mut left = ids.to_vec();
        while !left.is_empty() {
            if let Outgoing::Reply(reply) = self.next().await {
                left.retain(|&id| id != reply.id);
            }
        }
    }

    /// Subscribes.
    pub async fn subscribes(&mut self, request: SubscribeRequest) -> SubscribeResult {
        match self.asks(Request::Subscribe(request)).await.expect("subscribed") {
            CommandResult::Subscribe(result) => result,
            other => panic!("{other:?}"),
        }
    }

    /// Unsubscribes; what still comes of the channel before the reply is passed over.
    pub async fn unsubscribes(&mut self, group: &Group) {
        let channel = group.channel.to_string();
        let reply = self.asks(Request::Unsubscribe(UnsubscribeRequest { channel })).await;
        assert_eq!(reply, Ok(CommandResult::Unsubscribe));
    }

    /// Everything that the socket took, as text.
    pub fn stream(&self) -> String {
        String::from_utf8_lossy(&self.socket.lock().bytes).into_owned()
    }

    /// Every frame that the socket took whole, with the moment at which its first byte was taken.
    pub fn frames(&self) -> Vec<(u64, Vec<u8>)> {
        let state = self.socket.lock();
        let mut decoder = Decoder::new(Role::Client, 64 << 20, None);
        let mut input = &state.bytes[..];
        let (mut start, mut frames) = (0, Vec::new());
        loop {
            if decoder.is_idle() {
                start = state.bytes.len() - input.len();
            }
            let Some(event) = decoder.decode(&mut input).expect("every stream parses") else {
                return frames;
            };
            let payload = match event {
                Event::Text(text) => text.into_bytes(),
                Event::Binary(payload) => payload,
                other => panic!("unexpected {other:?}"),
            };
            let write = state.writes.partition_point(|&(end, _)| end <= start);
            frames.push((state.writes[write].1, payload));
        }
    }
}

/// Hints come when they come: these stories are not about them.
fn is_of_own_channel(message: &Outgoing) -> bool {
    matches!(message, Outgoing::Push(push) if push.channel.starts_with("user:"))
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

/// Delays reads at random, so that everything else overtakes them.
pub struct RandomDelays;

impl RandomDelays {
    async fn perhaps(&self) {
        match rand::random_range(0..8_u32) {
            0 => tokio::time::sleep(Duration::from_micros(rand::random_range(0..2_000))).await,
            1..4 => tokio::task::yield_now().await,
            _ => {}
        }
    }
}

#[async_trait]
impl Hooks for RandomDelays {
    async fn member(&self, _: RoomId, _: &protocol::UserId) {
        self.perhaps().await;
    }
    async fn room(&self, _: RoomId) {
        self.perhaps().await;
    }
    async fn entries(&self, _: RoomId) {
        self.perhaps().await;
    }
    async fn entries_read(&self, _: RoomId) {
        self.perhaps().await;
    }
}
