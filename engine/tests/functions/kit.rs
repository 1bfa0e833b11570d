//! The words in which the stories are told: a node over a real store in a fresh folder, and people who call functions.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    Caller, Channel, Clock, ConnectionClaims, Engine, Limits, Parts, SubscriptionClaims, TokenError, Tokens,
    accounts::PasswordCost,
    relay::{Attachment, Ephemeral, Inbox, Item, Relays, Taken},
    rooms::{RoomOptions, Rooms},
};
use prometheus::Registry;
use protocol::{Error, ErrorCode, UserId};
use serde_json::{Value, json};
use storage::{
    Store, User,
    metrics::{StatementMetrics, StorageMetrics},
    sqlite::{Options, SqliteStore},
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::hooks::{Hooked, Hooks, NoHooks};

/// When the stories begin, Unix milliseconds: 2023-11-14T22:13:20Z.
pub const NOW_MS: i64 = 1_700_000_000_000;
/// Everybody's password.
pub const PASSWORD: &str = "correct horse";
/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tokens that are numbers in a list.
pub struct ListedTokens {
    clock: Clock,
    claims: Mutex<HashMap<String, ConnectionClaims>>,
}

impl ListedTokens {
    fn add(&self, claims: ConnectionClaims) -> String {
        let mut known = self.claims.lock().expect("no panic");
        let token = format!("token-{}", known.len());
        known.insert(token.clone(), claims);
        token
    }

    /// A token that an outside provider signed.
    pub fn of_outside(&self, sub: &str, name: Option<&str>) -> String {
        self.add(ConnectionClaims {
            user: sub.parse().expect("an id"),
            auth_session: None,
            expires_at: None,
            name: name.map(str::to_owned),
            info: None,
            is_outside: true,
        })
    }
}

#[async_trait]
impl Tokens for ListedTokens {
    async fn connection(&self, token: &str) -> Result<ConnectionClaims, TokenError> {
        let claims = self.claims.lock().expect("no panic").get(token).cloned();
        let claims = claims.ok_or(TokenError::Invalid)?;
        let is_over = claims.expires_at.is_some_and(|end| end * 1_000 <= self.clock.now_ms());
        if is_over { Err(TokenError::Expired) } else { Ok(claims) }
    }

    async fn subscription(&self, _: &str) -> Result<SubscriptionClaims, TokenError> {
        Err(TokenError::Invalid)
    }

    fn issue(&self, user: &User, auth_session: Uuid, now_ms: i64) -> (String, i64) {
        let lives_s = 900;
        let token = self.add(ConnectionClaims {
            user: user.id.clone(),
            auth_session: Some(auth_session),
            expires_at: Some(now_ms / 1_000 + lives_s),
            name: None,
            info: None,
            is_outside: false,
        });
        (token, lives_s)
    }
}

/// A node.
pub struct World {
    pub engine: Arc<Engine>,
    pub clock: Clock,
    pub tokens: Arc<ListedTokens>,
    pub registry: Registry,
    statements: StatementMetrics,
    _folder: TempDir,
}

impl World {
    /// A node in a fresh folder.
    pub fn new() -> Arc<Self> {
        Self::with(Limits::default())
    }

    /// A node with these limits.
    pub fn with(limits: Limits) -> Arc<Self> {
        Self::on(limits, Arc::new(NoHooks))
    }

    /// A node whose store is interfered with.
    pub fn interfered(hooks: Arc<dyn Hooks>) -> Arc<Self> {
        Self::on(Limits::default(), hooks)
    }

    fn on(limits: Limits, hooks: Arc<dyn Hooks>) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = Registry::new();
        let metrics = StorageMetrics::register(&registry).expect("a new registry");
        let options = Options {
            metrics: metrics.clone(),
            ..Options::default()
        };
        let store = SqliteStore::open(&folder.path().join("plenum.db"), options).expect("a store");
        let store: Arc<dyn Store> = Arc::new(Hooked {
            inner: Arc::new(store),
            hooks,
        });
        let clock = Clock::fixed(NOW_MS);
        let relays = Relays::new(Arc::clone(&store));
        let options = RoomOptions {
            command_deadline: PATIENCE,
            ..RoomOptions::default()
        };
        let rooms = Rooms::start(Arc::clone(&store), relays.clone(), clock.clone(), options, &registry);
        let tokens = Arc::new(ListedTokens {
            clock: clock.clone(),
            claims: Mutex::default(),
        });
        let parts = Parts {
            store,
            rooms: rooms.expect("rooms start"),
            relays,
            clock: clock.clone(),
            limits,
            tokens: Arc::clone(&tokens) as Arc<dyn Tokens>,
            node: "story".to_owned(),
            password_cost: PasswordCost {
                memory_kib: 8,
                passes: 1,
            },
        };
        Arc::new(Self {
            engine: Engine::start(parts, &registry).expect("an engine"),
            clock,
            tokens,
            registry,
            statements: metrics.statements,
            _folder: folder,
        })
    }

    /// Statements that have reached the store.
    pub fn statements(&self) -> u64 {
        self.statements.read.get() + self.statements.write.get() + self.statements.conditional.get()
    }

    /// Calls a function.
    pub async fn call(&self, caller: &Caller, method: &str, params: Value) -> Result<Value, Error> {
        let answer = self.engine.call(caller, method, params.to_string().as_bytes()).await?;
        Ok(serde_json::from_slice(answer.as_bytes()).expect("answers are JSON"))
    }

    /// Somebody without a token calls a function.
    pub async fn nobody(&self, method: &str, params: Value) -> Result<Value, Error> {
        self.call(&Caller::anonymous(), method, params).await
    }

    /// Whom a token admits.
    pub async fn admits(&self, token: &str) -> Result<Caller, ErrorCode> {
        self.engine
            .caller(token)
            .await
            .map(|(caller, _)| caller)
            .map_err(|error| error.code)
    }

    /// Somebody registers.
    pub async fn person(self: &Arc<Self>, name: &str) -> Person {
        let params = json!({"username": name, "password": PASSWORD});
        let answer = self.nobody("account.register", params).await.expect("registered");
        Person::logged_in(self, answer).await
    }

    /// Several people register.
    pub async fn people<const N: usize>(self: &Arc<Self>, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().ok().expect("as many as names")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.engine.rooms.shutdown();
    }
}

/// Somebody who is logged in.
pub struct Person {
    pub world: Arc<World>,
    pub name: String,
    pub id: String,
    pub access: String,
    pub refresh: String,
    pub caller: Caller,
}

impl Person {
    /// From the answer of a login.
    pub async fn logged_in(world: &Arc<World>, answer: Value) -> Self {
        let access = text(&answer["access_token"]);
        Self {
            world: Arc::clone(world),
            name: text(&answer["username"]),
            id: text(&answer["user_id"]),
            refresh: text(&answer["refresh_token"]),
            caller: world.admits(&access).await.expect("admitted"),
            access,
        }
    }

    /// Calls a function that succeeds.
    pub async fn calls(&self, method: &str, params: Value) -> Value {
        match self.world.call(&self.caller, method, params).await {
            Ok(answer) => answer,
            Err(error) => panic!("{} may not {method}: {error}", self.name),
        }
    }

    /// Calls a function that is refused.
    pub async fn is_refused(&self, method: &str, params: Value) -> ErrorCode {
        self.refusal(method, params).await.code
    }

    /// Calls a function that is refused; why.
    pub async fn refusal(&self, method: &str, params: Value) -> Error {
        match self.world.call(&self.caller, method, params).await {
            Err(error) => error,
            Ok(answer) => panic!("{} was let to {method}: {answer}", self.name),
        }
    }

    /// Creates a group with these people.
    pub async fn creates_group(&self, others: &[&Self]) -> String {
        let participants: Vec<&str> = others.iter().map(|person| person.id.as_str()).collect();
        let params = json!({"name": "a group", "participants": participants, "kind": "group"});
        text(&self.calls("room.create", params).await["chat_id"])
    }

    /// Sends a text.
    pub async fn sends(&self, chat: &str, content: &str) -> Value {
        self.calls("message.send", json!({"chat_id": chat, "content": content}))
            .await
    }

    /// Sends many numbered texts; their ids.
    pub async fn sends_numbers(&self, chat: &str, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 1..=count {
            ids.push(text(&self.sends(chat, &number.to_string()).await["message_id"]));
        }
        ids
    }

    /// A page of history: the texts, and the next cursor.
    pub async fn reads_page(&self, chat: &str, mut params: Value) -> (Vec<String>, Option<String>) {
        params["chat_id"] = json!(chat);
        let page = self.calls("message.history", params).await;
        let texts = items(&page).iter().map(|message| text(&message["content"])).collect();
        (texts, page["next"].as_str().map(str::to_owned))
    }

    /// The chat in this person's list.
    pub async fn sees_in_list(&self, chat: &str) -> Option<Value> {
        let list = self.calls("room.list", json!({})).await;
        items(&list).iter().find(|line| line["chat_id"] == chat).cloned()
    }

    /// How much this person has not read in the chat.
    pub async fn unread(&self, chat: &str) -> u64 {
        let line = self.sees_in_list(chat).await.expect("in the list");
        line["unread"].as_u64().expect("a number")
    }

    /// Opens this person's own channel.
    pub async fn listens(&self) -> Listener {
        let user: UserId = self.id.parse().expect("an id");
        Listener::attach(&self.world, Channel::of_user(&user)).await
    }

    /// Opens a chat's channel.
    pub async fn listens_to(&self, chat: &str) -> Listener {
        Listener::attach(&self.world, Channel::of_room(chat.parse().expect("an id"))).await
    }
}

/// Somebody's device that listens to one channel.
pub struct Listener {
    inbox: Arc<Inbox>,
    attachment: Attachment,
    waiting: VecDeque<Value>,
}

impl Listener {
    async fn attach(world: &World, channel: Channel) -> Self {
        let inbox = Arc::new(Inbox::default());
        let attachment = world
            .engine
            .relays
            .attach(&channel, &inbox, NOW_MS)
            .await
            .expect("attached");
        Self {
            inbox,
            attachment,
            waiting: VecDeque::new(),
        }
    }

    /// The data of the next event of this name; others before it are passed over.
    pub async fn receives(&mut self, event: &str) -> Value {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                while let Some(shown) = self.waiting.pop_front() {
                    if shown["event"] == event {
                        return shown["data"].clone();
                    }
                }
                self.inbox.changed().await;
                self.take();
            }
        });
        waited.await.unwrap_or_else(|_| panic!("no {event} came"))
    }

    /// Everything that has come so far: names of events.
    pub fn has_received(&mut self) -> Vec<String> {
        self.take();
        self.waiting.drain(..).map(|shown| text(&shown["event"])).collect()
    }

    fn take(&mut self) {
        let _ = self.inbox.take();
        let Attachment {
            relay,
            epoch,
            seq,
            ephemeral_next,
        } = &mut self.attachment;
        let Taken::Items {
            items,
            seq: seq_after,
            ephemeral_next: next_after,
        } = relay.take(&self.inbox, *epoch, *seq, *ephemeral_next)
        else {
            panic!("a story is never too slow");
        };
        (*seq, *ephemeral_next) = (seq_after, next_after);
        for item in items {
            let data = match &item {
                Item::Entry(entry) => entry.data.clone(),
                Item::Ephemeral(_, Ephemeral::Hint(data)) => data.clone(),
                Item::Ephemeral(..) => continue,
            };
            self.waiting
                .push_back(serde_json::from_slice(data.as_bytes()).expect("publications are JSON"));
        }
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The items of a list.
pub fn items(list: &Value) -> &[Value] {
    list["items"].as_array().unwrap_or_else(|| panic!("{list} is no list"))
}
