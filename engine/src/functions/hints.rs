//! Hints that a chat's head moved: never stored, absolute values, gathered per tick. Only rooms of up to
//! [`UNREAD_HINTS_MEMBERS_MAX`] members give them, only members who listen get them. Mentions in larger rooms go out with the same tick.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, PoisonError, Weak},
};

use protocol::RoomId;
use storage::{EntryKind, Member, StoreError};
use tokio::sync::Notify;

use super::mentions::Mentions;
use crate::{
    Channel, Engine,
    limits::{HINTS_ROOMS_MAX, HINTS_TICK, UNREAD_HINTS_MEMBERS_MAX},
    message::{HintHead, UnreadHint, unread},
    rooms::Appended,
};

/// Heads that moved since the last tick.
#[derive(Default)]
pub(crate) struct Hints {
    heads: Mutex<HashMap<RoomId, HintHead>>,
    mentions: Mentions,
    moved: Notify,
}

impl Hints {
    fn note(&self, room: RoomId, head: HintHead) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let has_place = heads.len() < HINTS_ROOMS_MAX;
        match heads.entry(room) {
            Entry::Occupied(mut known) if known.get().seq < head.seq => {
                known.insert(head);
            }
            Entry::Vacant(place) if has_place => {
                place.insert(head);
            }
            _ => {}
        }
        drop(heads);
        self.moved.notify_one();
    }

    /// Lets the task look whether the engine is still there.
    pub(crate) fn wake(&self) {
        self.moved.notify_one();
    }

    fn take(&self) -> HashMap<RoomId, HintHead> {
        std::mem::take(&mut *self.heads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// A message has been appended: members' devices are told with the next tick; in large rooms only those whom it concerns.
    pub fn note_sent(&self, appended: &Appended) {
        let Appended { entry, room, .. } = appended;
        if entry.kind != EntryKind::Message {
            return;
        }
        if room.members_count > UNREAD_HINTS_MEMBERS_MAX {
            self.hints.mentions.note(room.id, entry);
            self.hints.wake();
            return;
        }
        if self.relays.is_empty() {
            return;
        }
        let head = HintHead {
            seq: entry.seq,
            number: entry.number,
            message_seq: entry.seq,
            time_ms: entry.time_ms,
        };
        self.hints.note(room.id, head);
    }

    /// Sends out what gathers, tick by tick, until the engine is gone.
    pub(crate) async fn send_hints(engine: Weak<Self>) {
        loop {
            let Some(hints) = engine.upgrade().map(|engine| engine.hints.clone()) else {
                return;
            };
            hints.moved.notified().await;
            if engine.strong_count() == 0 {
                return;
            }
            tokio::time::sleep(HINTS_TICK).await;
            let Some(engine) = engine.upgrade() else { return };
            engine.send_tick().await;
        }
    }

    async fn send_tick(&self) {
        for (room, head) in self.hints.take() {
            if let Err(error) = self.hint_room(room, head).await {
                tracing::debug!(%room, %error, "hints dropped");
            }
        }
        for (room, entry) in self.hints.mentions.take() {
            if let Err(error) = self.tell_concerned(room, &entry).await {
                tracing::warn!(%room, %error, "nobody was told of a mention");
            }
        }
    }

    async fn hint_room(&self, room: RoomId, head: HintHead) -> Result<(), StoreError> {
        let members = self
            .store
            .members(room, None, UNREAD_HINTS_MEMBERS_MAX as usize)
            .await?;
        for member in members {
            if self.relays.has_listeners(&Channel::of_user(&member.user)) {
                self.hint_member(room, head, &member).await?;
            }
        }
        Ok(())
    }

    /// Tells one member's devices how much is unread.
    pub(super) async fn hint_member(&self, room: RoomId, head: HintHead, member: &Member) -> Result<(), StoreError> {
        let mark = self.store.mark(room, &member.user).await?;
        let unread = unread(head.number, mark.read_number, member.joined_number);
        let hint = UnreadHint::new(room, head, unread).to_payload();
        self.relays.hint_user(&member.user, hint);
        Ok(())
    }
}
