//! What the stories are told with: people by name, rooms that keep their own head, a clock that the story sets.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use uuid::Uuid;

use crate::{
    AppendBatch, AppendError, Effect, Entry, EntryKind, EntryRange, LogHead, NewEntry, NewRoom, Order, Origin, Permit,
    Role, RoomCreated, RoomKind, Select, Store, User, UserRole,
};

/// When every story begins, Unix milliseconds.
pub const START_MS: i64 = 1_700_000_000_000;

/// The user of this name.
///
/// # Panics
/// When the name is no user id.
pub fn user(name: &str) -> UserId {
    name.parse().expect("a name of a story is a user id")
}

/// A range of everything, upwards.
pub fn range(first: u64, last: u64) -> EntryRange {
    EntryRange {
        first,
        last,
        limit: usize::MAX >> 1,
        bytes_max: usize::MAX,
        order: Order::Ascending,
        select: Select::Everything,
    }
}

/// Seqs of entries.
pub fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// A user to register.
pub fn account(name: &str) -> User {
    User {
        id: user(&format!("id-{}", name.to_lowercase())),
        username: name.to_owned(),
        password_hash: Some("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA".to_owned()),
        origin: Origin::Own,
        role: UserRole::User,
        info: Bytes::from_static(b"{}"),
        status: String::new(),
        created_ms: START_MS,
    }
}

/// A room to create, with the first of the people as its owner.
pub fn new_room(kind: RoomKind, name: &str, people: &[&str]) -> NewRoom {
    let roles = std::iter::once(Role::Owner).chain(std::iter::repeat(Role::Member));
    NewRoom {
        id: RoomId::generate(START_MS),
        kind,
        name: name.to_owned(),
        initiator: people.first().map(|name| user(name)),
        members: people.iter().map(|name| user(name)).zip(roles).collect(),
        epoch: Epoch::generate(),
        now_ms: START_MS,
    }
}

/// A room as its owner sees it: it gives out the seqs.
pub struct TestRoom {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The room.
    pub id: RoomId,
    /// Where incarnations are counted.
    pub current: Arc<AtomicU64>,
    /// The right to append.
    pub permit: Permit,
    /// The log's end as the owner knows it.
    pub head: LogHead,
    /// What the next entry's time is, Unix milliseconds.
    pub now_ms: i64,
}

impl TestRoom {
    /// Creates a group.
    pub async fn group(store: &Arc<dyn Store>, people: &[&str]) -> Self {
        Self::create(store, new_room(RoomKind::Group, "a group", people)).await
    }

    /// Creates a room.
    ///
    /// # Panics
    /// When it is there already.
    pub async fn create(store: &Arc<dyn Store>, room: NewRoom) -> Self {
        let current = Arc::default();
        let permit = Permit::take_over(&current);
        let RoomCreated::New(state) = store.create_room(room).await.expect("the store creates a room") else {
            panic!("a new room was there already");
        };
        Self {
            store: Arc::clone(store),
            id: state.room.id,
            current,
            permit,
            head: state.head,
            now_ms: START_MS,
        }
    }

    /// The next incarnation: takes the room over and reads where its log ends.
    ///
    /// # Panics
    /// When the room is not there.
    pub async fn restart(&mut self) {
        self.permit = Permit::take_over(&self.current);
        let state = self.store.open_log(self.id, &self.permit).await.expect("the log opens");
        self.head = state.expect("the room is there").head;
    }

    /// The entry after `self.head` and after `ahead` more: a message.
    pub fn message(&self, ahead: u64, sender: &str, text: &str) -> NewEntry {
        let body = Bytes::from(format!("{{\"text\":\"{text}\"}}"));
        NewEntry {
            entry: Entry {
                seq: self.head.seq + ahead + 1,
                number: self.head.number + ahead + 1,
                kind: EntryKind::Message,
                sender: Some(user(sender)),
                actor: None,
                client: None,
                time_ms: self.now_ms,
                created_ms: self.now_ms,
                command_id: Uuid::new_v4(),
                reply_to: 0,
                target: 0,
                version: 0,
                deleted: false,
                body,
            },
            is_repeatable: true,
            effects: Vec::new(),
        }
    }

    /// The entry after `self.head`: anything but a message, unnumbered.
    pub fn notice(&self, kind: EntryKind, sender: &str, effects: Vec<Effect>) -> NewEntry {
        let mut new = self.message(0, sender, "");
        new.entry.kind = kind;
        new.entry.number = self.head.number;
        new.entry.body = Bytes::from_static(b"{}");
        new.is_repeatable = false;
        new.effects = effects;
        new
    }

    /// An edit of the message at `target`.
    pub fn edit(&self, sender: &str, target: u64, text: &str) -> NewEntry {
        let body = Bytes::from(format!("{{\"text\":\"{text}\"}}"));
        let effect = Effect::Edit {
            target,
            body: body.clone(),
        };
        let mut new = self.notice(EntryKind::Edit, sender, vec![effect]);
        new.entry.target = target;
        new.entry.body = body;
        new
    }

    /// A deletion of the message at `target`.
    pub fn delete(&self, sender: &str, target: u64) -> NewEntry {
        let mut new = self.notice(EntryKind::Delete, sender, vec![Effect::Delete { target }]);
        new.entry.target = target;
        new
    }

    /// A batch of these entries, without hurry.
    pub fn batch(&self, entries: Vec<NewEntry>) -> AppendBatch {
        AppendBatch {
            room: self.id,
            permit: self.permit.clone(),
            head: self.head.clone(),
            entries,
            deadline: Instant::now() + Duration::from_secs(600),
        }
    }

    /// Appends; the room's head goes along.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn try_append(&mut self, entries: Vec<NewEntry>) -> Result<u64, AppendError> {
        let head = self.store.append(self.batch(entries)).await?;
        self.head = head;
        Ok(self.head.seq)
    }

    /// Appends and expects it to work; gives the last seq.
    ///
    /// # Panics
    /// When it does not.
    pub async fn append(&mut self, entries: Vec<NewEntry>) -> u64 {
        self.try_append(entries).await.expect("the store appends")
    }

    /// Somebody says something, a millisecond later; gives the seq.
    pub async fn says(&mut self, sender: &str, text: &str) -> u64 {
        self.now_ms += 1;
        self.append(vec![self.message(0, sender, text)]).await
    }

    /// Everything in the log.
    ///
    /// # Panics
    /// When it can not be read.
    pub async fn everything(&self) -> Vec<Entry> {
        self.read(range(1, u64::MAX)).await
    }

    /// A range of the log.
    ///
    /// # Panics
    /// When it can not be read.
    pub async fn read(&self, range: EntryRange) -> Vec<Entry> {
        self.store
            .entries(self.id, range)
            .await
            .expect("the store reads a range")
    }

    /// The entry at a seq.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn at(&self, seq: u64) -> Entry {
        let found = self.store.entry(self.id, seq).await.expect("the store reads an entry");
        found.expect("the entry is there")
    }
}
