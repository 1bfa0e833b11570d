//! Whoever owns a room in a story, and keeps books: what was sent, and how much of it was acknowledged. The next owner is held to them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::{RoomId, UserId};
use storage::{
    AppendError, Effect, EntryKind, LogHead, Mark, NewEntry, NewRoom, Permit, Role, RoomKind, Store, StoreError,
    bucket::WINDOW_MAX_MS,
    conformance::kit::{TestRoom, new_room, user},
};
use uuid::Uuid;

use super::rebuilt::Rebuilt;

/// How often something is tried that has to work in the end.
const TRIES_MAX: usize = 300;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a repetition is recognised: seven days, in milliseconds.
const COMMAND_LIFETIME_MS: i64 = 7 * 24 * 3_600_000;

/// What was sent to one room, and what of it was acknowledged.
pub struct Ledger {
    room: NewRoom,
    sent: Vec<NewEntry>,
    acknowledged: usize,
    /// Marks that people have moved themselves, and whether that was acknowledged.
    marks: Vec<(UserId, Mark, bool)>,
}

/// An owner of one room.
pub struct Teller {
    /// The room as the owner knows it.
    pub room: TestRoom,
    ledger: Arc<Mutex<Ledger>>,
}

fn locked(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A person whom only this room knows.
fn person(room: RoomId, name: &str) -> UserId {
    user(&format!("{name}-{:x}", room.key()))
}

impl Teller {
    /// Creates a room with alice in it.
    pub async fn begins(store: &Arc<dyn Store>) -> Self {
        let mut room = new_room(RoomKind::Group, "a room", &[]);
        let alice = person(room.id, "alice");
        room.initiator = Some(alice.clone());
        room.members = vec![(alice, Role::Owner)];
        let ledger = Ledger {
            room: room.clone(),
            sent: Vec::new(),
            acknowledged: 0,
            marks: Vec::new(),
        };
        Self {
            room: TestRoom::create(store, room).await,
            ledger: Arc::new(Mutex::new(ledger)),
        }
    }

    /// All that was sent.
    pub fn sent(&self) -> Vec<NewEntry> {
        locked(&self.ledger).sent.clone()
    }

    /// The books.
    pub fn ledger(&self) -> Arc<Mutex<Ledger>> {
        Arc::clone(&self.ledger)
    }

    /// The next owner of a room, through another store: opens its log.
    pub async fn takes_over(store: &Arc<dyn Store>, ledger: &Arc<Mutex<Ledger>>) -> Self {
        let id = locked(ledger).room.id;
        let current = Arc::default();
        let permit = Permit::take_over(&current);
        let state = store.open_log(id, &permit).await.expect("the log opens");
        let head = state.expect("the room is there").head;
        let room = TestRoom {
            store: Arc::clone(store),
            id,
            current,
            permit,
            now_ms: head.time_ms.max(locked(ledger).room.now_ms),
            head,
        };
        let ledger = Arc::clone(ledger);
        Self { room, ledger }
    }

    pub fn person(&self, name: &str) -> UserId {
        person(self.room.id, name)
    }

    /// A message that is sent with the sender's own mark, as the engine does.
    pub fn message(&self, ahead: u64, sender: &str, text: &str) -> NewEntry {
        let mut message = self.room.message(ahead, "nobody", text);
        let sender = self.person(sender);
        message.entry.sender = Some(sender.clone());
        let (seq, number) = (message.entry.seq, message.entry.number);
        message.effects = vec![Effect::Read {
            user: sender,
            seq,
            number,
        }];
        message
    }

    /// Anything but a message.
    pub fn notice(&self, kind: EntryKind, effects: Vec<Effect>) -> NewEntry {
        self.room.notice(kind, "system", effects)
    }

    /// Sends entries as one batch.
    pub async fn try_append(&mut self, entries: Vec<NewEntry>) -> Result<u64, AppendError> {
        locked(&self.ledger).sent.extend(entries.iter().cloned());
        let seq = self.room.try_append(entries).await?;
        let mut ledger = locked(&self.ledger);
        ledger.acknowledged = ledger.sent.len();
        Ok(seq)
    }

    /// Sends entries as one batch, which has to work.
    pub async fn append(&mut self, entries: Vec<NewEntry>) -> u64 {
        self.try_append(entries).await.expect("the store appends")
    }

    /// Sends entries as one batch, as a room does whose store has its troubles: again while it is busy, and after an open outcome only what is
    /// not there. Gives how often it had to be sent.
    pub async fn insists(&mut self, entries: Vec<NewEntry>) -> usize {
        locked(&self.ledger).sent.extend(entries.iter().cloned());
        let last = entries.last().map_or(0, |new| new.entry.seq);
        for tried in 1..=TRIES_MAX {
            match self.room.try_append(entries.clone()).await {
                Ok(_) => return self.is_acknowledged(tried),
                Err(AppendError::Busy) => tokio::time::sleep(PAUSE).await,
                Err(AppendError::Unknown(_)) => {
                    self.reopens().await;
                    if self.room.head.seq >= last {
                        return self.is_acknowledged(tried);
                    }
                }
                Err(error) => panic!("{last} was sent {tried} times: {error}"),
            }
        }
        panic!("{last} was sent {TRIES_MAX} times in vain");
    }

    fn is_acknowledged(&mut self, tried: usize) -> usize {
        let mut ledger = locked(&self.ledger);
        ledger.acknowledged = ledger.sent.len();
        tried
    }

    /// Reads where the log ends, as often as it takes.
    pub async fn reopens(&mut self) {
        for _ in 0..TRIES_MAX {
            match self.room.store.open_log(self.room.id, &self.room.permit).await {
                Ok(state) => {
                    self.room.head = state.expect("the room is there").head;
                    return;
                }
                Err(error) => assert!(matches!(error, StoreError::Busy), "{error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the log could not be opened");
    }

    /// Somebody says something.
    pub async fn says(&mut self, sender: &str, text: &str) -> u64 {
        self.room.now_ms += 1;
        self.append(vec![self.message(0, sender, text)]).await
    }

    /// A message is edited.
    pub async fn edits(&mut self, target: u64, text: &str) -> u64 {
        self.room.now_ms += 1;
        self.append(vec![self.room.edit("nobody", target, text)]).await
    }

    /// Somebody has read the room up to a seq.
    pub async fn reads(&mut self, name: &str, read_seq: u64, read_number: u64) {
        let (user, received_seq) = (self.person(name), read_seq);
        let mark = Mark {
            read_seq,
            read_number,
            received_seq,
        };
        locked(&self.ledger).marks.push((user, mark, false));
        self.marks().await;
    }

    /// Moves the marks that were not acknowledged yet.
    async fn marks(&self) {
        let marks = locked(&self.ledger).marks.clone();
        for (at, (user, mark, is_acknowledged)) in marks.into_iter().enumerate() {
            if !is_acknowledged {
                let moved = self.room.store.advance_mark(self.room.id, &user, mark).await;
                moved.expect("the mark moves");
                locked(&self.ledger).marks[at].2 = true;
            }
        }
    }

    /// What was sent after a crash of the first owner: all that was acknowledged is there once, what was under way is there as a whole or
    /// not at all, and everything derived says the same.
    pub async fn finds_everything(&mut self, when: &str) {
        let (sent, acknowledged) = {
            let ledger = locked(&self.ledger);
            (ledger.sent.clone(), ledger.acknowledged)
        };
        let found = usize::try_from(self.room.head.seq).expect("a small log");
        assert!(
            found >= acknowledged,
            "{when}: {acknowledged} were acknowledged, {found} are there"
        );
        assert!(
            found <= sent.len(),
            "{when}: {} were sent, {found} are there",
            sent.len()
        );
        let is_between = found > acknowledged && found < sent.len();
        if is_between {
            let wait_ms = sent[found].entry.time_ms - sent[found - 1].entry.time_ms;
            assert!(wait_ms >= WINDOW_MAX_MS, "{when}: {found} of {} are there", sent.len());
        }
        self.marks().await;
        self.equals_its_log(&sent[..found], when).await;
    }

    /// The store says what these entries make of the room.
    async fn equals_its_log(&mut self, entries: &[NewEntry], when: &str) {
        let (new, marks) = {
            let ledger = locked(&self.ledger);
            (ledger.room.clone(), ledger.marks.clone())
        };
        let mut rebuilt = Rebuilt::with(&new, entries);
        marks.iter().for_each(|(user, mark, _)| rebuilt.marked(user, *mark));
        self.room.head = rebuilt.equals(&self.room.store, when).await;
    }

    /// Clients whose answers got lost send again: what is there is told, the rest is appended; and then everybody goes on.
    pub async fn is_sent_again(&mut self, when: &str) {
        let (sent, acknowledged) = {
            let ledger = locked(&self.ledger);
            (ledger.sent.clone(), ledger.acknowledged)
        };
        let found = usize::try_from(self.room.head.seq).expect("a small log");
        for new in &sent[acknowledged..found] {
            self.is_known(new, when).await;
        }
        if found < sent.len() {
            let batch = sent[found..].to_vec();
            let appended = self.room.try_append(batch).await;
            assert!(appended.is_ok(), "{when}: sent again: {appended:?}");
        }
        locked(&self.ledger).acknowledged = sent.len();
        self.room.now_ms = self.room.head.time_ms;
        self.says("alice", "after it").await;
        let sent = locked(&self.ledger).sent.clone();
        // The first one may lie in a bucket that was sealed long ago.
        for new in sent.iter().take(1).chain(sent.iter().rev().take(3)) {
            self.is_known(new, when).await;
        }
        self.equals_its_log(&sent, &format!("{when}, sent again")).await;
    }

    /// Nobody sends again what is not there; others go on, sooner than whoever is gone would have.
    pub async fn others_go_on(&mut self, when: &str) {
        let found = usize::try_from(self.room.head.seq).expect("a small log");
        {
            let mut ledger = locked(&self.ledger);
            ledger.sent.truncate(found);
            ledger.acknowledged = found;
        }
        self.room.now_ms = self.room.now_ms.max(self.room.head.time_ms);
        self.says("alice", "instead of it").await;
        self.room.now_ms += 10;
        self.says("alice", "a little later").await;
        let sent = locked(&self.ledger).sent.clone();
        self.equals_its_log(&sent, &format!("{when}, others go on")).await;
    }

    /// A command that is sent again within its time is told its first seq.
    pub async fn is_known(&self, new: &NewEntry, when: &str) {
        let head: &LogHead = &self.room.head;
        if !new.is_repeatable || head.time_ms - new.entry.time_ms >= COMMAND_LIFETIME_MS {
            return;
        }
        let mut again = new.clone();
        (again.entry.seq, again.entry.number) = (head.seq + 1, head.number + 1);
        (again.entry.time_ms, again.effects) = (head.time_ms.max(again.entry.time_ms), Vec::new());
        let told = self.room.store.append(self.room.batch(vec![again])).await;
        let Err(AppendError::Duplicates(found)) = &told else {
            panic!("{when}: {} was sent again: {told:?}", new.entry.seq);
        };
        assert_eq!(found, &[(0, new.entry.seq)], "{when}");
        let id: Uuid = new.entry.command_id;
        let sender = new.entry.sender.clone().expect("somebody sent it");
        let asked = self
            .room
            .store
            .find_command(self.room.id, &sender, id, head.time_ms)
            .await;
        assert_eq!(asked.expect("a read"), Some(new.entry.seq), "{when}");
    }
}
