//! Who is typing: never stored, gathered per tick, one small frame for a room. The first of a quiet time goes out at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, Weak},
};

use protocol::{RoomId, UserId};
use serde::Serialize;
use tokio::sync::Notify;

use super::{answer::to_payload, chats::Event};
use crate::{
    Channel, Engine,
    access::Recent,
    limits::{TYPING_PEOPLE_MAX, TYPING_TICK},
    relay::Ephemeral,
};

/// Who has typed since the last tick, by room.
pub(crate) struct Typing {
    rooms: Mutex<HashMap<RoomId, Vec<UserId>>>,
    /// Whose typing has been noted a moment ago: again so soon it is passed over.
    noted: Recent<(RoomId, UserId), ()>,
    begun: Notify,
}

impl Default for Typing {
    fn default() -> Self {
        Self {
            rooms: Mutex::default(),
            noted: Recent::new(TYPING_PEOPLE_MAX, TYPING_TICK.as_millis() as i64),
            begun: Notify::new(),
        }
    }
}

/// What listeners are shown.
#[derive(Serialize)]
struct Typists {
    chat_id: RoomId,
    user_ids: Vec<UserId>,
}

impl Typing {
    /// Somebody types in a room.
    pub(super) fn note(&self, room: RoomId, user: &UserId, now_ms: i64) {
        let key = (room, user.clone());
        if self.noted.get(&key, now_ms).is_some() {
            return;
        }
        self.noted.put(key, (), now_ms);
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let users = rooms.entry(room).or_default();
        if !users.contains(user) {
            users.push(user.clone());
        }
        drop(rooms);
        self.begun.notify_one();
    }

    /// Lets the task look whether the engine is still there.
    pub(crate) fn wake(&self) {
        self.begun.notify_one();
    }

    fn take(&self) -> HashMap<RoomId, Vec<UserId>> {
        std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Shows who is typing, tick by tick, until the engine is gone.
    pub(crate) async fn send_typing(engine: Weak<Self>) {
        loop {
            let Some(typing) = engine.upgrade().map(|engine| engine.typing.clone()) else {
                return;
            };
            typing.begun.notified().await;
            let Some(engine) = engine.upgrade() else { return };
            engine.show_typists();
            drop(engine);
            tokio::time::sleep(TYPING_TICK).await;
        }
    }

    fn show_typists(&self) {
        for (chat_id, user_ids) in self.typing.take() {
            let event = Event {
                event: "typing",
                data: Typists { chat_id, user_ids },
            };
            if let Ok(frame) = to_payload(&event) {
                let channel = Channel::of_room(chat_id);
                self.relays.publish_ephemeral(&channel, Ephemeral::Hint(frame));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_types_within_a_tick_is_gathered_once_and_again_after_it() {
        let typing = Typing::default();
        let (tea, coffee) = (RoomId::from_key(1), RoomId::from_key(2));
        let [alice, bob] = ["alice", "bob"].map(|name| name.parse::<UserId>().expect("an id"));
        for (room, user, now_ms) in [(tea, &alice, 0), (tea, &bob, 1), (tea, &alice, 2), (coffee, &alice, 3)] {
            typing.note(room, user, now_ms);
        }
        let gathered = typing.take();
        assert_eq!(gathered[&tea], [alice.clone(), bob.clone()]);
        assert_eq!(gathered[&coffee], std::slice::from_ref(&alice));

        typing.note(tea, &alice, 999);
        assert!(typing.take().is_empty());
        typing.note(tea, &alice, 1_000);
        assert_eq!(typing.take()[&tea], [alice]);
    }
}
