//! The order of calls is the order in the log, whatever has to be waited for; what fails, fails alone.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use engine::rooms::Exit;
use protocol::{ErrorCode, RoomId, UserId};
use storage::{
    AppendBatch, AppendError, LogHead, MemberRepository,
    sqlite::{Failure, Step},
};
use uuid::Uuid;

use crate::{
    hooks::Hooks,
    kit::{NOW_MS, Node, Random, code, eventually, patient, seed, send, user},
};

/// Every membership takes its own time to read.
struct SlowMembers(Mutex<Random>);

#[async_trait]
impl Hooks for SlowMembers {
    async fn member(&self, _: RoomId, _: &UserId) {
        let delay = self.0.lock().expect("no holder panics").below(3_000);
        tokio::time::sleep(Duration::from_micros(delay)).await;
    }
}

#[tokio::test]
async fn ten_thousand_pipelined_sends_keep_their_order_though_permissions_take_their_time() {
    let seed = seed();
    let node = Node::with(patient(), SlowMembers(Mutex::new(Random::new(seed))));
    let people: Vec<String> = (0..300).map(|number| format!("user{number}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let chats = [
        node.group(&names).await,
        node.group(&names).await,
        node.group(&names).await,
    ];
    for muted in ["user7", "user77"] {
        chats[0]
            .store
            .mute_member(chats[0].id, &user(muted), NOW_MS + 1)
            .await
            .expect("muted");
    }
    let mut random = Random::new(seed ^ 0xabcdef);
    let mut sent = Vec::new();
    for number in 0..10_000 {
        // Mostly one room; now and then a muted person, a stranger, or a room that sleeps.
        let chat = &chats[if random.below(10) < 8 {
            0
        } else {
            1 + random.below(2) as usize
        }];
        let stranger = format!("stranger{number}");
        let who = match random.below(50) {
            0 => stranger.as_str(),
            _ => names[random.below(300) as usize],
        };
        let text = number.to_string();
        sent.push((chat.id, who.to_owned(), text.clone(), chat.asks(who, send(&text))));
    }
    let mut expected: Vec<Vec<String>> = vec![Vec::new(); 3];
    for (room, who, text, answer) in sent {
        let answer = answer.await.expect("exactly one answer");
        let place = chats.iter().position(|chat| chat.id == room).expect("one of them");
        let is_muted = place == 0 && (who == "user7" || who == "user77");
        if who.starts_with("stranger") {
            assert_eq!(code(&answer), Some(ErrorCode::NotFound));
        } else if is_muted {
            assert_eq!(code(&answer), Some(ErrorCode::PermissionDenied));
        } else {
            expected[place].push(text);
            assert_eq!(answer.expect("sent").entry.seq, expected[place].len() as u64);
        }
    }
    for (chat, expected) in chats.iter().zip(expected) {
        assert_eq!(chat.texts().await, expected);
    }
}

#[tokio::test]
async fn sixty_four_senders_share_commits() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let senders: Vec<_> = (0..64)
        .map(|_| {
            let chat = chat.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    chat.sends("alice", "x").await.expect("sent");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no sender fails");
    }
    assert_eq!(chat.log().await.len(), 1_280);
    let batches = node.registry.gather();
    let batches = batches
        .iter()
        .find(|family| family.name() == "plenum_append_batch_entries")
        .expect("a metric");
    let count = batches.get_metric()[0].get_histogram().get_sample_count();
    assert!(count < 640, "{count} appends for 1,280 entries");
}

/// One room's appends fail; the store is never asked.
struct FailsIn(Mutex<Option<RoomId>>);

#[async_trait]
impl Hooks for std::sync::Arc<FailsIn> {
    async fn append(&self, batch: &AppendBatch) -> Result<(), AppendError> {
        match *self.0.lock().expect("no holder panics") {
            Some(room) if room == batch.room => Err(AppendError::Failed("by request".to_owned())),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_room_whose_append_fails_fails_alone_and_goes_on_when_it_can() {
    let fails = std::sync::Arc::new(FailsIn(Mutex::new(None)));
    let node = Node::with(patient(), std::sync::Arc::clone(&fails));
    let sound = node.group(&["alice"]).await;
    let broken = node.group(&["alice"]).await;
    *fails.0.lock().expect("no holder panics") = Some(broken.id);
    for _ in 0..3 {
        assert_eq!(code(&broken.sends("alice", "x").await), Some(ErrorCode::Unavailable));
        sound.sends("alice", "x").await.expect("not concerned");
    }
    eventually("it is shown and counted", || {
        let failing = node.rooms.failing();
        let is_shown = failing
            .iter()
            .all(|(channel, exit, count)| (channel, *exit) == (&broken.channel, Exit::Error) && *count >= 2);
        is_shown && failing.len() == 1 && node.metric("plenum_room_restarts_total", "error") >= 2.0
    })
    .await;
    *fails.0.lock().expect("no holder panics") = None;
    broken.sends("alice", "at last").await.expect("sent");
    eventually("it has recovered", || node.rooms.failing().is_empty()).await;
    assert_eq!(broken.texts().await, ["at last"]);
    assert_eq!(sound.log().await.len(), 3);
}

#[tokio::test]
async fn a_statement_that_fails_in_the_store_rolls_back_its_room_only() {
    let node = Node::start();
    let chats = [node.group(&["alice"]).await, node.group(&["alice"]).await];
    for chat in &chats {
        chat.sends("alice", "before").await.expect("sent");
    }
    node.faults.fail(Step::Entry, 1, Failure::Full);
    assert_eq!(
        code(&chats[0].sends("alice", "lost").await),
        Some(ErrorCode::Unavailable)
    );
    for chat in &chats {
        let after = chat.sends("alice", "after").await.expect("sent");
        assert_eq!(after.entry.seq, 2, "no seq was used up");
        assert_eq!(chat.texts().await, ["before", "after"]);
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_resolved_by_reading_whether_it_was_committed_or_not() {
    for failure in [Failure::Io, Failure::IoThoughCommitted] {
        let node = Node::start();
        let chat = node.group(&["alice", "bob"]).await;
        chat.sends("alice", "before").await.expect("sent");
        node.faults.fail(Step::Commit, 1, failure);
        let answers: Vec<_> = (0..50)
            .map(|number| match number % 2 {
                0 => chat.asks_as("alice", Uuid::new_v4(), send(&number.to_string())),
                _ => chat.asks("bob", send(&number.to_string())),
            })
            .collect();
        let mut expected = vec!["before".to_owned()];
        for (number, answer) in answers.into_iter().enumerate() {
            let sent = answer.await.expect("exactly one answer").expect("sent");
            assert_eq!(sent.entry.seq, number as u64 + 2, "{failure:?}");
            expected.push(number.to_string());
        }
        assert!(node.faults.is_spent());
        assert_eq!(chat.texts().await, expected, "{failure:?}: each once, in order");
    }
}

/// The store's answers are lost on the way, though it has done its work.
struct LostAnswers(Mutex<Random>);

#[async_trait]
impl Hooks for LostAnswers {
    async fn append(&self, _: &AppendBatch) -> Result<(), AppendError> {
        match self.0.lock().expect("no holder panics").below(4) {
            0 => Err(AppendError::Unknown("never got there".to_owned())),
            _ => Ok(()),
        }
    }

    async fn appended(&self, _: RoomId, answer: Result<LogHead, AppendError>) -> Result<LogHead, AppendError> {
        match self.0.lock().expect("no holder panics").below(3) {
            0 => Err(AppendError::Unknown("the answer is lost".to_owned())),
            _ => answer,
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_the_store_loses_a_third_of_its_answers() {
    let seed = seed();
    let node = Node::with(patient(), LostAnswers(Mutex::new(Random::new(seed))));
    let chat = node.group(&["alice"]).await;
    for round in 0..20 {
        let answers: Vec<_> = (0..20)
            .map(|number| chat.asks("alice", send(&(round * 20 + number).to_string())))
            .collect();
        for (number, answer) in answers.into_iter().enumerate() {
            let sent = answer.await.expect("exactly one answer").expect("sent");
            assert_eq!(sent.entry.seq, (round * 20 + number + 1) as u64);
        }
    }
    let expected: Vec<String> = (0..400).map(|number: usize| number.to_string()).collect();
    assert_eq!(chat.texts().await, expected);
}
