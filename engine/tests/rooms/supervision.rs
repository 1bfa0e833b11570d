//! A room that fails is started again with the commands that wait for it, and no other room notices.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use engine::{
    relay::{Inbox, Item, Taken},
    rooms::{Exit, RoomOptions},
};
use protocol::{ErrorCode, RoomId, UserId};
use storage::{AppendBatch, AppendError, LogHead};
use uuid::Uuid;

use crate::{
    hooks::Hooks,
    kit::{Chat, NOW_MS, Node, code, eventually, patient, send, text_of},
};

/// What happens to a room, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Trouble {
    /// Its code panics between deciding a batch and handing it over.
    PanicsInBatch,
    /// Its code panics after the commit, before anybody is told.
    PanicsAfterCommit,
    /// It waits for a membership for ever.
    WaitsForEver,
    /// It waits for the store for ever, though the store has done its work.
    LosesTheAnswer,
    /// It blocks its thread until the gate opens, then goes on to append.
    BlocksItsThread,
}

/// A gate that code blocks at.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn block(&self) {
        let mut is_open = self.is_open.lock().expect("no holder panics");
        while !*is_open {
            is_open = self.changed.wait(is_open).expect("no holder panics");
        }
    }

    fn open(&self) {
        *self.is_open.lock().expect("no holder panics") = true;
        self.changed.notify_all();
    }
}

#[derive(Default)]
struct Troubles {
    due: Mutex<HashMap<RoomId, Trouble>>,
    gate: Gate,
}

impl Troubles {
    fn plan(&self, chat: &Chat, trouble: Trouble) {
        self.due.lock().expect("no holder panics").insert(chat.id, trouble);
    }

    fn is_due(&self, room: RoomId, trouble: Trouble) -> bool {
        let mut due = self.due.lock().expect("no holder panics");
        let is_due = due.get(&room) == Some(&trouble);
        if is_due {
            due.remove(&room);
        }
        is_due
    }

    fn is_over(&self) -> bool {
        self.due.lock().expect("no holder panics").is_empty()
    }
}

#[async_trait]
impl Hooks for Arc<Troubles> {
    async fn member(&self, room: RoomId, _: &UserId) {
        if self.is_due(room, Trouble::WaitsForEver) {
            std::future::pending::<()>().await;
        }
    }

    async fn append(&self, batch: &AppendBatch) -> Result<(), AppendError> {
        assert!(!self.is_due(batch.room, Trouble::PanicsInBatch), "a panic by request");
        if self.is_due(batch.room, Trouble::BlocksItsThread) {
            self.gate.block();
        }
        Ok(())
    }

    async fn appended(&self, room: RoomId, answer: Result<LogHead, AppendError>) -> Result<LogHead, AppendError> {
        assert!(!self.is_due(room, Trouble::PanicsAfterCommit), "a panic by request");
        if self.is_due(room, Trouble::LosesTheAnswer) {
            std::future::pending::<()>().await;
        }
        answer
    }
}

/// Sends many texts, pipelined; every one is answered once, and stands in the log once, in order.
async fn keeps_its_promises(chat: &Chat, texts: usize) {
    let answers: Vec<_> = (0..texts)
        .map(|number| match number % 2 {
            0 => chat.asks("alice", send(&number.to_string())),
            _ => chat.asks_as("alice", Uuid::new_v4(), send(&number.to_string())),
        })
        .collect();
    for (number, answer) in answers.into_iter().enumerate() {
        let sent = answer.await.expect("exactly one answer").expect("sent");
        assert_eq!(text_of(&sent.entry), number.to_string());
    }
}

async fn said(texts: usize, times: usize) -> Vec<String> {
    (0..times)
        .flat_map(|_| (0..texts).map(|text| text.to_string()))
        .collect()
}

#[tokio::test]
async fn of_a_hundred_busy_rooms_some_panic_freeze_and_block_and_nobody_loses_anything() {
    let troubles = Arc::new(Troubles::default());
    let node = Node::with(patient(), Arc::clone(&troubles));
    let mut chats = Vec::new();
    for _ in 0..100 {
        chats.push(node.group(&["alice"]).await);
    }
    for (chat, trouble) in chats.iter().zip([
        Trouble::PanicsInBatch,
        Trouble::PanicsAfterCommit,
        Trouble::WaitsForEver,
        Trouble::LosesTheAnswer,
        Trouble::BlocksItsThread,
    ]) {
        troubles.plan(chat, trouble);
    }
    let busy = |chats: &[Chat]| {
        let tasks: Vec<_> = chats
            .iter()
            .cloned()
            .map(|chat| tokio::spawn(async move { keeps_its_promises(&chat, 50).await }))
            .collect();
        async move {
            for task in tasks {
                task.await.expect("promises are kept");
            }
        }
    };
    busy(&chats).await;
    assert!(troubles.is_over());
    for reason in ["panic", "stuck", "blocked"] {
        assert!(node.metric("plenum_room_restarts_total", reason) >= 1.0, "{reason}");
    }
    // The blocked thread still stands there; the rooms it carried are elsewhere and go on.
    busy(&chats).await;
    eventually("all have recovered", || node.rooms.failing().is_empty()).await;
    // It wakes with a batch in its hands that was appended by another long ago.
    troubles.gate.open();
    eventually("the sleeper has ended", || node.rooms.active() == 100).await;
    busy(&chats).await;
    let expected = said(50, 3).await;
    for chat in &chats {
        assert_eq!(chat.texts().await, expected);
    }
}

#[tokio::test]
async fn what_was_committed_before_a_panic_is_answered_and_shown_once() {
    let troubles = Arc::new(Troubles::default());
    let node = Node::with(patient(), Arc::clone(&troubles));
    let chat = node.group(&["alice"]).await;
    let inbox = Arc::new(Inbox::default());
    let listener = node
        .relays
        .attach(&chat.channel, &inbox, NOW_MS)
        .await
        .expect("attached");
    chat.sends("alice", "before").await.expect("sent");
    troubles.plan(&chat, Trouble::PanicsAfterCommit);
    let sent = chat.sends("alice", "hi").await.expect("sent");
    assert_eq!(sent.entry.seq, 2);
    let Taken::Items { items, .. } = listener.relay.take(&inbox, listener.epoch, 0, 0) else {
        panic!("the listener is not behind");
    };
    let seqs: Vec<u64> = items
        .iter()
        .map(|item| match item {
            Item::Entry(entry) => entry.seq,
            Item::Ephemeral(..) => panic!("nothing else was shown"),
        })
        .collect();
    assert_eq!(seqs, [1, 2]);
    assert_eq!(chat.texts().await, ["before", "hi"]);
    node.relays.detach(&listener.relay, &inbox);
}

/// Whoever asks about mallory panics.
struct Poison(AtomicBool);

#[async_trait]
impl Hooks for Arc<Poison> {
    async fn member(&self, _: RoomId, user: &UserId) {
        let is_poison = self.0.load(Ordering::SeqCst) && user.as_str() == "mallory";
        assert!(!is_poison, "a panic by request");
    }
}

#[tokio::test]
async fn a_command_that_always_panics_is_answered_and_the_room_backs_off_and_recovers() {
    let poison = Arc::new(Poison(AtomicBool::new(true)));
    let node = Node::with(RoomOptions::default(), Arc::clone(&poison));
    let chat = node.group(&["alice", "mallory"]).await;
    let other = node.group(&["alice"]).await;
    let poisoned = chat.asks("mallory", send("poison"));
    eventually("it is shown", || {
        node.rooms
            .failing()
            .iter()
            .any(|(channel, exit, count)| *channel == chat.channel && *exit == Exit::Panic && *count >= 3)
    })
    .await;
    other.sends("alice", "hi").await.expect("not concerned");
    let answer = poisoned.await.expect("exactly one answer");
    assert_eq!(code(&answer), Some(ErrorCode::Unavailable));
    let restarts = node.metric("plenum_room_restarts_total", "panic");
    assert!(restarts < 15.0, "{restarts} restarts are no back-off");
    eventually("it has recovered", || node.rooms.failing().is_empty()).await;
    chat.sends("alice", "hi").await.expect("sent");
    poison.0.store(false, Ordering::SeqCst);
    chat.sends("mallory", "antidote").await.expect("sent");
    assert_eq!(chat.texts().await, ["hi", "antidote"]);
}

/// The log can't be opened some times.
struct ClosedLog(AtomicUsize);

#[async_trait]
impl Hooks for Arc<ClosedLog> {
    async fn open_log(&self, _: RoomId) {
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "a panic by request");
    }
}

#[tokio::test]
async fn commands_wait_while_their_room_can_not_start() {
    let closed = Arc::new(ClosedLog(AtomicUsize::new(4)));
    let node = Node::with(patient(), closed);
    let chat = node.group(&["alice"]).await;
    keeps_its_promises(&chat, 100).await;
    assert_eq!(chat.texts().await, said(100, 1).await);
    assert_eq!(node.metric("plenum_room_restarts_total", "panic"), 4.0);
}

#[tokio::test]
async fn a_stopping_node_answers_what_waits_and_takes_nothing_new() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let answers: Vec<_> = (0..500).map(|_| chat.asks("alice", send("x"))).collect();
    let rooms = node.rooms.clone();
    tokio::task::spawn_blocking(move || rooms.shutdown())
        .await
        .expect("it ends");
    for answer in answers {
        answer.await.expect("exactly one answer").expect("sent");
    }
    assert_eq!(chat.log().await.len(), 500);
    assert_eq!(
        code(&chat.sends("alice", "too late").await),
        Some(ErrorCode::Unavailable)
    );
    assert_eq!(node.rooms.active(), 0);
}
