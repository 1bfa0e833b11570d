//! Memberships of rooms that many ask about, shared by all who ask.
//!
//! The room's actor is the only writer of its memberships. It says what it is about to change before the store is asked, and what came of it
//! before anybody is answered: in between, the store is asked for those people. So a removed person is refused at once, and a question never
//! joins a reading that has begun before it, unless nothing has changed since.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::{RoomId, UserId};
use storage::{LogHead, Member, Room, RoomState, Store};
use tokio::sync::oneshot;

use super::{
    metrics::{Source, WarmMetrics},
    roster::{Answer, Question, Roster, Standing},
};
use crate::limits::{MEMBERSHIPS_KEPT_MAX, QUESTIONS_WAITING_MAX, ROSTERS_MAX};

/// Whose rights are being changed.
#[derive(Debug)]
pub(crate) enum Scope {
    /// These people's.
    People(HashSet<UserId>),
    /// Everybody's: the room itself changes.
    Everybody,
}

#[derive(Debug)]
struct Change {
    incarnation: u64,
    scope: Scope,
}

/// The rosters of a node.
pub(crate) struct Rosters {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: WarmMetrics,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    /// Rooms that were asked about lately.
    pub(super) rosters: HashMap<RoomId, Roster>,
    /// Rights that are being changed: one change per incarnation of a room, and one that broke off leaves its own behind for the next one.
    changes: HashMap<RoomId, Vec<Change>>,
}

enum Look {
    Known(Box<(RoomState, Option<Member>)>),
    /// Ask the store for this one alone.
    Alone,
    Wait(oneshot::Receiver<Answer>),
    /// The same, and begin to read.
    Begin(oneshot::Receiver<Answer>),
}

impl Rosters {
    pub(super) fn new(store: Arc<dyn Store>, metrics: WarmMetrics) -> Self {
        Self {
            store,
            metrics,
            inner: Mutex::default(),
        }
    }

    /// A room with its log's end, and one person's membership of it; None when there is no such room.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn room_for(self: &Arc<Self>, room: RoomId, user: &UserId, now_ms: i64) -> Answer {
        let reply = match self.look(room, user, now_ms) {
            Look::Known(found) => {
                self.metrics.asked(Source::Memory);
                return Ok(Some(*found));
            }
            Look::Alone => None,
            Look::Wait(reply) => Some(reply),
            Look::Begin(reply) => {
                let rosters = Arc::clone(self);
                tokio::spawn(async move { rosters.load(room).await });
                Some(reply)
            }
        };
        if let Some(reply) = reply
            && let Ok(answer) = reply.await
        {
            self.metrics.asked(Source::Shared);
            return answer;
        }
        self.metrics.asked(Source::Store);
        self.store.room_for(room, user).await
    }

    /// The room with its log's end, if it is known.
    pub(crate) fn state(&self, room: RoomId, now_ms: i64) -> Option<RoomState> {
        let inner = self.lock();
        if inner
            .changes_of(room)
            .any(|change| matches!(change.scope, Scope::Everybody))
        {
            return None;
        }
        let known = inner.rosters.get(&room)?.believed(now_ms)?;
        Some(known.state.clone())
    }

    fn look(&self, room: RoomId, user: &UserId, now_ms: i64) -> Look {
        let mut inner = self.lock();
        if inner.is_changing(room, user) {
            return Look::Alone;
        }
        let Some(roster) = inner.watch(room, now_ms) else {
            return Look::Alone;
        };
        match roster.standing(user, now_ms) {
            Some((state, Standing::Member(member))) => return Look::Known(Box::new((state, Some(member)))),
            Some((state, Standing::Stranger)) => return Look::Known(Box::new((state, None))),
            Some((_, Standing::Unsettled)) => return Look::Alone,
            None => {}
        }
        if !roster.is_crowded_with(user, now_ms) || roster.waiting.len() >= QUESTIONS_WAITING_MAX {
            return Look::Alone;
        }
        let (reply, answer) = oneshot::channel();
        roster.waiting.push(Question {
            user: user.clone(),
            reply,
        });
        if std::mem::replace(&mut roster.is_loading, true) {
            Look::Wait(answer)
        } else {
            Look::Begin(answer)
        }
    }

    /// An incarnation of the room is about to hand over something that changes rights. Called before the store is asked.
    pub(crate) fn begin_change(&self, room: RoomId, incarnation: u64, scope: Scope) {
        let mut inner = self.lock();
        if let Some(roster) = inner.rosters.get_mut(&room) {
            match &scope {
                Scope::People(people) => people.iter().for_each(|user| roster.set(user, Standing::Unsettled)),
                Scope::Everybody => roster.forget(),
            }
        }
        inner
            .changes
            .entry(room)
            .or_default()
            .push(Change { incarnation, scope });
    }

    /// The change is durable. Called before the relay is told and before the answer. What nobody has begun, or a newer incarnation has read
    /// already, is left out.
    pub(crate) fn changed(&self, incarnation: u64, room: &Room, members: &HashMap<UserId, Option<Member>>) {
        let mut inner = self.lock();
        if !inner.end_changes(room.id, |change| change.incarnation == incarnation) {
            return;
        }
        if let Some(roster) = inner.rosters.get_mut(&room.id) {
            roster.set_room(room);
            for (user, member) in members {
                roster.set(user, Standing::of(member.clone()));
            }
        }
    }

    /// Nothing of the change is in the store.
    pub(crate) fn unchanged(&self, room: RoomId, incarnation: u64) {
        self.lock()
            .end_changes(room, |change| change.incarnation == incarnation);
    }

    /// An incarnation has read the room after everything that was handed over earlier had ended: what was left open is in the store, or never
    /// will be.
    pub(crate) fn opened(&self, room: RoomId, incarnation: u64, head: &LogHead) {
        let mut inner = self.lock();
        let was_left_open = inner.end_changes(room, |change| change.incarnation <= incarnation);
        if let Some(roster) = inner.rosters.get_mut(&room) {
            if was_left_open {
                roster.forget();
            }
            roster.moved(head);
        }
    }

    /// The room's log has got longer. Called before the answer.
    pub(crate) fn moved(&self, room: RoomId, head: &LogHead) {
        if let Some(roster) = self.lock().rosters.get_mut(&room) {
            roster.moved(head);
        }
    }

    /// Nothing that is known of a room is believed any more.
    pub(crate) fn forget(&self, room: RoomId) {
        if let Some(roster) = self.lock().rosters.get_mut(&room) {
            roster.forget();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn changes_of(&self, room: RoomId) -> impl Iterator<Item = &Change> {
        self.changes.get(&room).into_iter().flatten()
    }

    fn is_changing(&self, room: RoomId, user: &UserId) -> bool {
        self.changes_of(room).any(|change| match &change.scope {
            Scope::People(people) => people.contains(user),
            Scope::Everybody => true,
        })
    }

    /// Ends the changes of a room that `which` names; whether there were any.
    fn end_changes(&mut self, room: RoomId, which: impl Fn(&Change) -> bool) -> bool {
        let Some(changes) = self.changes.get_mut(&room) else {
            return false;
        };
        let before = changes.len();
        changes.retain(|change| !which(change));
        let has_ended = changes.len() < before;
        if changes.is_empty() {
            self.changes.remove(&room);
        }
        has_ended
    }

    /// The room's roster; none while too many rooms are asked about.
    fn watch(&mut self, room: RoomId, now_ms: i64) -> Option<&mut Roster> {
        if !self.rosters.contains_key(&room) && self.rosters.len() >= ROSTERS_MAX {
            self.rosters.retain(|_, roster| !roster.is_idle(now_ms));
            if self.rosters.len() >= ROSTERS_MAX {
                return None;
            }
        }
        let roster = self.rosters.entry(room).or_default();
        roster.asked_ms = now_ms;
        Some(roster)
    }

    /// Forgets what is not believed any more, and then the rooms that nobody has asked about for the longest time until the rest is few enough.
    /// Gives how many memberships are kept.
    pub(super) fn bound(&mut self, newest: RoomId, now_ms: i64) -> usize {
        let others = self.rosters.iter_mut().filter(|(room, _)| **room != newest);
        others
            .filter(|(_, roster)| roster.believed(now_ms).is_none())
            .for_each(|(_, roster)| roster.known = None);
        let people = |roster: &Roster| roster.known.as_ref().map_or(0, |known| known.people.len());
        let mut kept: usize = self.rosters.values().map(people).sum();
        while kept > MEMBERSHIPS_KEPT_MAX {
            let others = self
                .rosters
                .iter_mut()
                .filter(|(room, roster)| **room != newest && roster.known.is_some());
            let Some((_, oldest)) = others.min_by_key(|(_, roster)| roster.asked_ms) else {
                break;
            };
            kept -= people(oldest);
            oldest.forget();
        }
        kept
    }
}
