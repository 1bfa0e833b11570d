//! Rooms that nobody needs sleep; no command is lost on the way there and back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{relay::Inbox, rooms::RoomOptions};
use protocol::RoomId;

use crate::{
    hooks::Hooks,
    kit::{NOW_MS, Node, Random, eventually, patient, seed, send},
};

/// Counts how often a log is opened: how often a room wakes.
struct Wakes(AtomicUsize);

#[async_trait]
impl Hooks for Arc<Wakes> {
    async fn open_log(&self, _: RoomId) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn sleepy() -> RoomOptions {
    RoomOptions {
        idle: Duration::ZERO,
        ..patient()
    }
}

#[tokio::test]
async fn a_room_sleeps_when_nobody_needs_it_and_wakes_at_the_next_command() {
    let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
    let node = Node::with(sleepy(), Arc::clone(&wakes));
    let chat = node.group(&["alice"]).await;
    for round in 1..=5 {
        let sent = chat.sends("alice", "hi").await.expect("sent");
        assert_eq!(sent.entry.seq, round);
        eventually("it sleeps", || node.rooms.active() == 0).await;
        assert_eq!(wakes.0.load(Ordering::SeqCst), round as usize);
    }
}

#[tokio::test]
async fn a_room_with_listeners_stays_awake_until_the_last_has_gone() {
    let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
    let node = Node::with(sleepy(), Arc::clone(&wakes));
    let chat = node.group(&["alice"]).await;
    let inbox = Arc::new(Inbox::default());
    let listener = node
        .relays
        .attach(&chat.channel, &inbox, NOW_MS)
        .await
        .expect("attached");
    for _ in 0..50 {
        chat.sends("alice", "hi").await.expect("sent");
    }
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    node.relays.detach(&listener.relay, &inbox);
    eventually("it sleeps", || node.rooms.active() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_sends_race_with_rooms_that_go_to_sleep() {
    const SENDERS: usize = 200;
    const SENDS: usize = 500;
    // One sender per room: nobody else comes along to wake a room that lost a command.
    let seed = seed();
    let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
    let node = Node::with(sleepy(), Arc::clone(&wakes));
    let mut chats = Vec::new();
    for _ in 0..SENDERS {
        chats.push(node.group(&["alice"]).await);
    }
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let chat = chats[sender].clone();
            tokio::spawn(async move {
                let mut random = Random::new(seed ^ sender as u64);
                for _ in 0..SENDS {
                    // The room falls asleep when it has answered: mostly this comes a moment before or after.
                    if random.below(10) == 0 {
                        tokio::time::sleep(Duration::from_micros(random.below(2_000))).await;
                    }
                    let answer = chat.asks("alice", send("x")).await;
                    answer.expect("exactly one answer").expect("sent");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("nothing is lost");
    }
    let mut entries = 0;
    for chat in &chats {
        entries += chat.state().await.head.seq;
    }
    assert_eq!(entries, (SENDERS * SENDS) as u64);
    let woken = wakes.0.load(Ordering::SeqCst);
    assert!(woken > 1_000, "the rooms have slept in between: {woken} wakes");
    eventually("all sleep", || node.rooms.active() == 0).await;
}
