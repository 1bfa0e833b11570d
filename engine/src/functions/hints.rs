//! Hints that a chat's head moved: never stored, absolute values, gathered per tick. Only rooms of up to
//! [`UNREAD_HINTS_MEMBERS_MAX`] members give them, only members who listen get them. Mentions in larger rooms go out with the same tick.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError, Weak},
};

use protocol::RoomId;
use storage::{EntryKind, Member, RoomState, StoreError};
use tokio::sync::Notify;

use super::mentions::Mentions;
use crate::{
    Channel, Engine,
    limits::{HINTS_ROOMS_MAX, HINTS_TICK, UNREAD_HINTS_MEMBERS_MAX},
    message::{UnreadHint, unread},
    rooms::Appended,
};

/// Rooms whose heads moved since the last tick.
#[derive(Default)]
pub(crate) struct Hints {
    rooms: Mutex<HashSet<RoomId>>,
    mentions: Mentions,
    moved: Notify,
}

impl Hints {
    /// Something of a room that its members' lists show is another now.
    pub(crate) fn note(&self, room: RoomId) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() < HINTS_ROOMS_MAX {
            rooms.insert(room);
        }
        drop(rooms);
        self.moved.notify_one();
    }

    /// Lets the task look whether the engine is still there.
    pub(crate) fn wake(&self) {
        self.moved.notify_one();
    }

    fn take(&self) -> HashSet<RoomId> {
        std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
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
        if !self.relays.is_empty() {
            self.hints.note(room.id);
        }
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
        for room in self.hints.take() {
            if let Err(error) = self.hint_room(room).await {
                tracing::debug!(%room, %error, "hints dropped");
            }
        }
        for (room, entry) in self.hints.mentions.take() {
            if let Err(error) = self.tell_concerned(room, &entry).await {
                tracing::warn!(%room, %error, "nobody was told of a mention");
            }
        }
    }

    async fn hint_room(&self, room: RoomId) -> Result<(), StoreError> {
        let members = self
            .store
            .members(room, None, UNREAD_HINTS_MEMBERS_MAX as usize)
            .await?;
        let is_listening = |member: &Member| self.relays.has_listeners(&Channel::of_user(&member.user));
        let listening: Vec<Member> = members.into_iter().filter(is_listening).collect();
        let state = self.store.room(room).await?;
        let Some(state) = state.filter(|state| state.room.members_count <= UNREAD_HINTS_MEMBERS_MAX) else {
            return Ok(());
        };
        for member in listening {
            self.hint_member(&state, &member).await?;
        }
        Ok(())
    }

    /// Tells one member's devices how much is unread, as the room was just now.
    pub(super) async fn hint_member(&self, state: &RoomState, member: &Member) -> Result<(), StoreError> {
        let mark = self.store.mark(state.room.id, &member.user).await?;
        let unread = unread(state, &mark, member);
        let hint = UnreadHint::new(state, unread).to_payload();
        self.relays.hint_user(&member.user, hint);
        Ok(())
    }
}
