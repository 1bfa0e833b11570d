//! Somebody is removed while what they asked for is being read.

use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use engine::{
    Caller, Channel, Engine,
    rooms::{Command, Verb},
};
use protocol::{ErrorCode, RoomId, UserId};
use serde_json::json;

use crate::{hooks::Hooks, kit::World};

/// Removes a member right before their membership is read for the last time in one call.
#[derive(Default)]
struct RemovesWhileReading {
    engine: OnceLock<Weak<Engine>>,
    watched: OnceLock<UserId>,
    /// Reads of the watched membership until the removal; 0: nothing happens any more.
    left: AtomicUsize,
}

#[async_trait]
impl Hooks for RemovesWhileReading {
    async fn member(&self, room: RoomId, user: &UserId) {
        let is_watched = self.watched.get() == Some(user);
        let count = |left: usize| left.checked_sub(1);
        if !is_watched || self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) != Ok(1) {
            return;
        }
        let engine = self.engine.get().and_then(Weak::upgrade).expect("an engine");
        let command = Command {
            caller: Caller::system(),
            verb: Verb::RemoveParticipants {
                users: vec![user.clone()],
            },
            client_msg_id: None,
        };
        let removed = engine.rooms.submit(&Channel::of_room(room), command).await;
        assert!(matches!(removed, Ok(Ok(_))), "{removed:?}");
    }
}

#[tokio::test]
async fn reads_check_membership_when_they_answer() {
    for method in ["message.history", "room.get", "participants.list"] {
        let hooks = Arc::new(RemovesWhileReading::default());
        let world = World::interfered(Arc::clone(&hooks) as Arc<dyn Hooks>);
        let [alice, bob] = world.people(["alice", "bob"]).await;
        let chat = alice.creates_group(&[&bob]).await;
        alice.sends(&chat, "not for everybody").await;

        hooks.engine.set(Arc::downgrade(&world.engine)).expect("set once");
        hooks.watched.set(bob.id.parse().expect("an id")).expect("set once");
        hooks.left.store(2, Ordering::SeqCst);
        let refused = bob.is_refused(method, json!({"chat_id": chat})).await;
        assert_eq!(refused, ErrorCode::NotFound, "{method}");
        assert_eq!(hooks.left.load(Ordering::SeqCst), 0, "{method} reads membership twice");
    }
}
