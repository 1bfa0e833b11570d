//! One room's people as far as they are known, and those who wait to be told.

use std::collections::HashMap;

use protocol::UserId;
use storage::{LogHead, Member, Room, RoomState, StoreError};
use tokio::sync::oneshot;

use crate::limits::{CROWD_PEOPLE, CROWD_WINDOW_MS, ROSTER_BELIEVED_MS, ROSTER_MEMBERS_MAX};

/// What a question for a membership is answered: nothing when there is no such room.
pub(super) type Answer = Result<Option<(RoomState, Option<Member>)>, StoreError>;

/// Somebody who waits for the reading.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) user: UserId,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// What is known of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the room.
    Member(Member),
    /// Not in the room.
    Stranger,
    /// It is being changed, or was when it was read: the store knows.
    Unsettled,
}

impl Standing {
    pub(super) fn of(member: Option<Member>) -> Self {
        member.map_or(Self::Stranger, Self::Member)
    }
}

/// What has been read of a room.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) state: RoomState,
    pub(super) people: HashMap<UserId, Standing>,
    /// Who is not named is a stranger.
    pub(super) is_whole: bool,
    pub(super) read_ms: i64,
}

impl Known {
    fn standing(&self, user: &UserId) -> Option<Standing> {
        match self.people.get(user) {
            Some(standing) => Some(standing.clone()),
            None => self.is_whole.then_some(Standing::Stranger),
        }
    }
}

/// What a reading gave.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: RoomState,
    pub(super) people: HashMap<UserId, Standing>,
    pub(super) is_whole: bool,
}

/// One room that is asked about.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) known: Option<Known>,
    pub(super) waiting: Vec<Question>,
    pub(super) is_loading: bool,
    /// Moves when what is known is forgotten: a reading that began before is not kept.
    pub(super) generation: u64,
    /// Readings since it was forgotten.
    pub(super) readings: u32,
    /// When somebody asked last, Unix milliseconds.
    pub(super) asked_ms: i64,
    window_ms: i64,
    askers: Vec<UserId>,
    /// What changed while a reading is under way, which may not have seen it.
    changed: HashMap<UserId, Standing>,
    changed_room: Option<Room>,
    newest: Option<LogHead>,
}

impl Roster {
    /// Whether it may be forgotten that somebody asked.
    pub(super) fn is_idle(&self, now_ms: i64) -> bool {
        !self.is_loading && self.believed(now_ms).is_none() && now_ms.abs_diff(self.window_ms) > CROWD_WINDOW_MS
    }

    /// What is known and still believed.
    pub(super) fn believed(&self, now_ms: i64) -> Option<&Known> {
        let known = self.known.as_ref()?;
        (now_ms.abs_diff(known.read_ms) < ROSTER_BELIEVED_MS).then_some(known)
    }

    /// What is known of somebody; nothing: it has to be read.
    pub(super) fn standing(&self, user: &UserId, now_ms: i64) -> Option<(RoomState, Standing)> {
        let known = self.believed(now_ms)?;
        Some((known.state.clone(), known.standing(user)?))
    }

    /// Whether many people ask now, this one included.
    pub(super) fn is_crowded_with(&mut self, user: &UserId, now_ms: i64) -> bool {
        if self.is_loading || self.believed(now_ms).is_some() {
            return true;
        }
        if now_ms.abs_diff(self.window_ms) > CROWD_WINDOW_MS {
            self.window_ms = now_ms;
            self.askers.clear();
        }
        if self.askers.len() < CROWD_PEOPLE && !self.askers.contains(user) {
            self.askers.push(user.clone());
        }
        self.askers.len() >= CROWD_PEOPLE
    }

    /// Nothing is known any more, and what is being read will not be kept.
    pub(super) fn forget(&mut self) {
        self.known = None;
        self.generation += 1;
        self.readings = 0;
    }

    /// The log has got longer.
    pub(super) fn moved(&mut self, head: &LogHead) {
        if self.is_loading {
            self.newest = Some(head.clone());
        }
        let Some(known) = &mut self.known else { return };
        if known.state.head.epoch != head.epoch {
            self.forget();
        } else if known.state.head.seq < head.seq {
            known.state.head = head.clone();
        }
    }

    /// Somebody's standing is another one now.
    pub(super) fn set(&mut self, user: &UserId, standing: Standing) {
        if self.is_loading {
            self.changed.insert(user.clone(), standing.clone());
        }
        if let Some(known) = &mut self.known {
            known.people.insert(user.clone(), standing);
        }
    }

    /// The room itself has changed.
    pub(super) fn set_room(&mut self, room: &Room) {
        if self.is_loading {
            self.changed_room = Some(room.clone());
        }
        if let Some(known) = &mut self.known {
            known.state.room = room.clone();
        }
    }

    /// A reading begins.
    pub(super) fn begin(&mut self) {
        self.changed.clear();
        (self.changed_room, self.newest) = (None, None);
    }

    /// Keeps what was read, with what has changed meanwhile; not what was read before something was forgotten.
    pub(super) fn keep(&mut self, loaded: Loaded, generation: u64, now_ms: i64) {
        let newest = self.newest.take();
        let is_another_log = newest
            .as_ref()
            .is_some_and(|newest| newest.epoch != loaded.state.head.epoch);
        if self.generation != generation || is_another_log {
            return;
        }
        self.readings += 1;
        let Loaded {
            mut state,
            people,
            is_whole,
        } = loaded;
        if let Some(room) = self.changed_room.take() {
            state.room = room;
        }
        if let Some(newest) = newest.filter(|newest| newest.seq > state.head.seq) {
            state.head = newest;
        }
        let is_added_to = |known: &Known| {
            let is_believed = now_ms.abs_diff(known.read_ms) < ROSTER_BELIEVED_MS;
            !is_whole && is_believed && (known.people.len() as u64) < ROSTER_MEMBERS_MAX
        };
        let mut known = match self.known.take().filter(is_added_to) {
            // Its own state has followed every change.
            Some(known) => known,
            None => Known {
                state,
                people: HashMap::new(),
                is_whole,
                read_ms: now_ms,
            },
        };
        known.people.extend(people);
        known.people.extend(self.changed.drain());
        self.known = Some(known);
    }
}
