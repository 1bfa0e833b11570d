//! Looking at the chats that do not keep everything: by itself, in spite of failures, and in the middle of reads.

use std::{
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use engine::{
    Engine,
    limits::{RETENTION_FIRST_PAUSE, RETENTION_PAUSE},
};
use protocol::RoomId;
use serde_json::json;
use storage::{StoreError, bucket::DAY_MS};

use crate::{
    hooks::Hooks,
    kit::World,
    retention::{DAYS, counted, keeps_for, speaks_for},
};

/// A store that does not drop the past of one room.
#[derive(Default)]
struct Stubborn(Mutex<Option<RoomId>>);

#[async_trait]
impl Hooks for Stubborn {
    fn drop_before(&self, room: RoomId) -> Result<(), StoreError> {
        if *self.0.lock().expect("no panic") == Some(room) {
            return Err(StoreError::Busy);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_room_that_fails_does_not_stop_the_others_and_is_tried_again() {
    let stubborn = Arc::new(Stubborn::default());
    let world = World::interfered(Arc::clone(&stubborn) as Arc<dyn Hooks>);
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let mut chats = Vec::new();
    for _ in 0..6 {
        let chat = alice.creates_group(&[&bob]).await;
        keeps_for(&alice, &chat, json!(1)).await;
        alice.sends(&chat, "over soon").await;
        chats.push(chat);
    }
    world.clock.advance(2 * DAY_MS);
    *stubborn.0.lock().expect("no panic") = Some(chats[2].parse().expect("an id"));
    let left = async || {
        let mut left = Vec::new();
        for chat in &chats {
            left.push(bob.reads_page(chat, json!({})).await.0.len());
        }
        left
    };
    world.engine.drop_past().await.expect("looked at");
    assert_eq!(left().await, [0, 0, 1, 0, 0, 0]);
    assert_eq!(counted(&world, "plenum_retention_rooms_total", "failed"), 1.0);
    *stubborn.0.lock().expect("no panic") = None;
    world.engine.drop_past().await.expect("looked at");
    assert_eq!(left().await, [0; 6]);
    assert_eq!(counted(&world, "plenum_retention_rooms_total", "dropped"), 6.0);
}

/// Has the past dropped while a page of it has been read and is on its way.
#[derive(Default)]
struct Meanwhile {
    engine: OnceLock<Weak<Engine>>,
    is_armed: AtomicBool,
}

#[async_trait]
impl Hooks for Meanwhile {
    async fn entries_read(&self, _: RoomId) {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            let engine = self.engine.get().and_then(Weak::upgrade).expect("an engine");
            engine.drop_past().await.expect("looked at");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_on_its_way_when_its_past_is_dropped_is_read_again() {
    let meanwhile = Arc::new(Meanwhile::default());
    let world = World::interfered(Arc::clone(&meanwhile) as Arc<dyn Hooks>);
    meanwhile.engine.set(Arc::downgrade(&world.engine)).expect("set once");
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    keeps_for(&alice, &chat, json!(DAYS)).await;
    speaks_for(&alice, &chat, DAYS + 1).await;
    meanwhile.is_armed.store(true, Ordering::SeqCst);
    let page = bob.reads_page(&chat, json!({})).await.0;
    assert!(
        !meanwhile.is_armed.load(Ordering::SeqCst),
        "it was dropped in the middle"
    );
    assert_eq!(page.len() as i64, DAYS);
    assert_eq!(
        bob.reads_page(&chat, json!({})).await.0,
        page,
        "and nothing else is remembered"
    );
}

/// Lets minutes go by until rooms have been looked at so often; how many it took.
async fn minutes_until_looks(world: &World, times: f64) -> u32 {
    let patience = Instant::now() + Duration::from_secs(60);
    let looks = || ["dropped", "kept", "failed"].map(|outcome| counted(world, "plenum_retention_rooms_total", outcome));
    let mut minutes = 0;
    while looks().iter().sum::<f64>() < times {
        assert!(Instant::now() < patience, "nobody looks");
        tokio::time::advance(Duration::from_secs(60)).await;
        minutes += 1;
    }
    minutes
}

#[tokio::test]
async fn a_node_looks_soon_after_its_start_and_then_once_an_hour() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    keeps_for(&alice, &chat, json!(1)).await;
    world.clock.advance(2 * DAY_MS);
    tokio::time::pause();
    for (looks, pause) in [
        (2.0, RETENTION_FIRST_PAUSE),
        (3.0, RETENTION_PAUSE),
        (4.0, RETENTION_PAUSE),
    ] {
        let minutes = minutes_until_looks(&world, looks).await;
        assert!(
            u64::from(minutes) * 60 >= pause.as_secs(),
            "look {looks} came after {minutes} minutes"
        );
    }
    tokio::time::resume();
    assert!(bob.reads_page(&chat, json!({})).await.0.is_empty());
    let outcomes = ["kept", "dropped"].map(|outcome| counted(&world, "plenum_retention_rooms_total", outcome));
    assert_eq!(outcomes, [3.0, 1.0], "when it was set, and then");
}
