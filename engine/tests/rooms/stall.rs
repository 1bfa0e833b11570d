//! A store that stands still: senders are told to try again, nothing grows without bounds, and nothing is doubled when it goes on.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use engine::{
    limits::{QUEUE_BYTES_MAX, QUEUE_COMMANDS_MAX},
    rooms::RoomOptions,
};
use protocol::{ErrorCode, RoomId, UserId};
use storage::sqlite::Step;
use uuid::Uuid;

use crate::{
    hooks::Hooks,
    kit::{Node, code, eventually, patient, send},
};

#[tokio::test]
async fn senders_are_told_to_try_again_while_the_store_stands_still_and_nothing_is_doubled_afterwards() {
    for step in [Step::Begin, Step::Turn, Step::Commit, Step::Committed] {
        let node = Node::with(RoomOptions::default(), crate::hooks::NoHooks);
        let mut chats = Vec::new();
        for _ in 0..10 {
            chats.push(node.group(&["alice"]).await);
        }
        node.faults.stall(step);
        let mut sent = Vec::new();
        for number in 0..2_000 {
            let id = Uuid::new_v4();
            let chat = &chats[number % chats.len()];
            sent.push((number, id, chat.asks_as("alice", id, send(&number.to_string()))));
        }
        // Nobody has released the store: the answers come although it stands.
        let mut again = Vec::new();
        for (number, id, answer) in sent {
            let answer = answer.await.expect("exactly one answer");
            assert_eq!(code(&answer), Some(ErrorCode::Unavailable), "{step:?}");
            again.push((number, id));
        }
        for reason in ["panic", "error", "stuck", "blocked"] {
            let restarts = node.metric("plenum_room_restarts_total", reason);
            assert_eq!(restarts, 0.0, "{reason}: it is not the rooms' fault");
        }
        node.faults.release();
        while let Some((number, id)) = again.pop() {
            let chat = &chats[number % chats.len()];
            let answer = chat.asks_as("alice", id, send(&number.to_string())).await;
            match answer.expect("exactly one answer") {
                Ok(_) => {}
                Err(error) if error.code.is_temporary() => again.push((number, id)),
                Err(error) => panic!("{error}"),
            }
        }
        let mut texts: Vec<usize> = Vec::new();
        for chat in &chats {
            texts.extend(
                chat.texts()
                    .await
                    .iter()
                    .map(|text| text.parse::<usize>().expect("a number")),
            );
        }
        texts.sort_unstable();
        assert_eq!(texts, (0..2_000).collect::<Vec<_>>(), "{step:?}: each once");
    }
}

#[tokio::test]
async fn a_full_queue_answers_too_many_requests_at_once() {
    let node = Node::with(patient(), crate::hooks::NoHooks);
    let by_count = node.group(&["alice"]).await;
    let by_bytes = node.group(&["alice"]).await;
    node.faults.stall(Step::Begin);
    let mut waiting = Vec::new();
    for _ in 0..QUEUE_COMMANDS_MAX {
        waiting.push(by_count.asks("alice", send("x")));
    }
    assert_eq!(
        code(&by_count.sends("alice", "x").await),
        Some(ErrorCode::TooManyRequests)
    );
    let megabyte = "x".repeat(1 << 20);
    for _ in 1..QUEUE_BYTES_MAX >> 20 {
        waiting.push(by_bytes.asks("alice", send(&megabyte)));
    }
    assert_eq!(
        code(&by_bytes.sends("alice", &megabyte).await),
        Some(ErrorCode::TooManyRequests)
    );
    eventually("the queues are shown", || {
        node.metric("plenum_room_queue_commands", "") == waiting.len() as f64
    })
    .await;
    node.faults.release();
    for answer in waiting {
        answer.await.expect("exactly one answer").expect("sent");
    }
    eventually("the queues are empty", || {
        node.metric("plenum_room_queue_commands", "") + node.metric("plenum_room_queue_bytes", "") == 0.0
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_before_it_had_a_seq_is_never_appended() {
    let node = Node::with(RoomOptions::default(), crate::hooks::NoHooks);
    let chat = node.group(&["alice"]).await;
    chat.sends("alice", "before").await.expect("sent");
    node.faults.stall(Step::Turn);
    let handed_over = chat.asks("alice", send("handed over"));
    let faults = node.faults.clone();
    tokio::task::spawn_blocking(move || faults.wait_until_stalled())
        .await
        .expect("the writer stands");
    let waiting: Vec<_> = (0..100).map(|_| chat.asks("alice", send("never"))).collect();
    for answer in waiting {
        let answer = answer.await.expect("exactly one answer");
        assert_eq!(code(&answer), Some(ErrorCode::Unavailable));
    }
    let answer = handed_over.await.expect("exactly one answer");
    assert_eq!(code(&answer), Some(ErrorCode::Unavailable));
    node.faults.release();
    chat.sends("alice", "after").await.expect("sent");
    assert!(!chat.texts().await.contains(&"never".to_owned()));
}

/// Whoever asks about a membership waits until the gate is opened.
struct ClosedGate(tokio::sync::Semaphore);

#[async_trait]
impl Hooks for Arc<ClosedGate> {
    async fn member(&self, _: RoomId, _: &UserId) {
        self.0.acquire().await.expect("never closed").forget();
    }
}

#[tokio::test]
async fn what_was_answered_while_its_permission_was_read_is_never_appended() {
    let gate = Arc::new(ClosedGate(tokio::sync::Semaphore::new(0)));
    let options = RoomOptions {
        stuck_after: Duration::from_secs(600),
        ..RoomOptions::default()
    };
    let node = Node::with(options, Arc::clone(&gate));
    let chat = node.group(&["alice", "bob"]).await;
    let answer = chat.sends("alice", "never").await;
    assert_eq!(code(&answer), Some(ErrorCode::Unavailable));
    gate.0.add_permits(2);
    chat.sends("bob", "after").await.expect("sent");
    assert_eq!(chat.texts().await, ["after"]);
    assert_eq!(node.metric("plenum_room_restarts_total", "panic"), 0.0);
}
