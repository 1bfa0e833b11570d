//! One room and the end of its log, as its writer knows it.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use protocol::{Epoch, RoomId, UserId};
use storage::{
    AppendBatch, LogHead, NewEntry, NewRoom, Permit, Role, RoomCreated, RoomKind, Store,
    generator::{LogWriter, Shape},
};

use crate::{Outcome, progress::Progress};

/// Entries of one append of a filling.
const BATCH: u64 = 1_000;
/// The time between the first and the last message of every room, so that the newest messages of all are mixed.
const SPAN_MS: i64 = 60 * 24 * 3_600_000;

/// A room with its writer's place in it.
pub struct Room {
    pub id: RoomId,
    pub head: LogHead,
    permit: Permit,
}

impl Room {
    /// A new group with these members, whose log begins at that time.
    pub async fn create(store: &Arc<dyn Store>, name: String, members: &[UserId], start_ms: i64) -> Outcome<Self> {
        let members = members.iter().map(|user| (user.clone(), Role::Member));
        let room = NewRoom {
            id: RoomId::generate(start_ms),
            kind: RoomKind::Group,
            name,
            initiator: None,
            members: members.collect(),
            epoch: Epoch::generate(),
            now_ms: start_ms,
        };
        let (RoomCreated::New(state) | RoomCreated::Existing(state)) = store.create_room(room).await?;
        Ok(Self {
            id: state.room.id,
            head: state.head,
            permit: Permit::take_over(&Arc::<AtomicU64>::default()),
        })
    }

    /// Appends entries as one batch.
    pub async fn append(&mut self, store: &Arc<dyn Store>, entries: Vec<NewEntry>) -> Outcome<()> {
        let batch = AppendBatch {
            room: self.id,
            permit: self.permit.clone(),
            head: self.head.clone(),
            entries,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        self.head = store.append(batch).await?;
        Ok(())
    }

    /// Appends what is said in a room until it has so many entries; each of them is dressed first.
    pub async fn fill(
        &mut self,
        store: &Arc<dyn Store>,
        said: Said,
        progress: &Progress,
        dress: impl Fn(&mut NewEntry),
    ) -> Outcome<()> {
        let mut writer = said.writer();
        while self.head.seq < said.entries {
            let mut entries = writer.entries(&self.head, BATCH.min(said.entries - self.head.seq));
            let count = entries.len() as u64;
            entries.iter_mut().for_each(&dress);
            self.append(store, entries).await?;
            progress.advance(count);
        }
        Ok(())
    }
}

/// What is said in a room.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub seed: u64,
    pub shape: Shape,
    pub entries: u64,
}

impl Said {
    /// More people write in a larger room, and more often: all rooms begin and end at about the same time.
    fn writer(self) -> LogWriter {
        let pause_ms = SPAN_MS / i64::try_from(self.entries).unwrap_or(i64::MAX).max(1);
        LogWriter::new(self.seed, self.shape, 50 + self.entries / 100, pause_ms)
    }
}

/// When rooms begin that end about now.
pub fn start_ms() -> i64 {
    now_ms() - SPAN_MS
}

/// Now, Unix milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
