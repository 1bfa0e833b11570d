//! How long a chat keeps its messages: who says so, who learns of it, and what is left when their time is over.

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
use protocol::{ErrorCode, RoomId};
use serde_json::{Value, json};
use storage::{
    StoreError,
    bucket::{DAY_MS, RETENTION_WINDOWS},
};

use crate::{
    hooks::Hooks,
    kit::{Person, World, items, text},
};

/// A retention of which a bucket lasts a day.
const DAYS: i64 = RETENTION_WINDOWS;

async fn keeps_for(person: &Person, chat: &str, days: Value) -> Value {
    person
        .calls("room.update", json!({"chat_id": chat, "retention_days": days}))
        .await
}

/// Somebody says something on each of so many days; the ids.
async fn speaks_for(person: &Person, chat: &str, days: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for day in 1..=days {
        ids.push(text(&person.sends(chat, &format!("of day {day}")).await["message_id"]));
        person.world.clock.advance(DAY_MS);
    }
    ids
}

/// The value of a counter with this label, or of one without any.
fn counted(world: &World, name: &str, label: &str) -> f64 {
    let families = world.registry.gather();
    let family = families.iter().find(|family| family.name() == name);
    let metrics = family.expect("it is registered").get_metric().iter();
    let is_meant = |metric: &&prometheus::proto::Metric| {
        let labels = metric.get_label();
        labels.is_empty() || labels.iter().any(|pair| pair.value() == label)
    };
    metrics
        .filter(is_meant)
        .map(|metric| metric.get_counter().get_value())
        .sum()
}

#[tokio::test]
async fn an_owner_says_how_long_a_group_keeps_its_messages_and_everybody_learns_of_it() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    assert_eq!(
        bob.sees_in_list(&chat).await.expect("listed")["retention_days"],
        Value::Null
    );
    let (mut channel, mut own) = (bob.listens_to(&chat).await, bob.listens().await);
    assert_eq!(keeps_for(&alice, &chat, json!(30)).await["retention_days"], 30);
    for shown in [
        channel.receives("chat.updated").await,
        own.receives("chat.updated").await,
    ] {
        assert_eq!(
            (&shown["retention_days"], &shown["name"]),
            (&json!(30), &json!("a group"))
        );
    }
    let shown = bob.calls("room.get", json!({"chat_id": chat})).await;
    assert_eq!(shown["retention_days"], 30);

    let both = json!({"chat_id": chat, "name": "another name", "retention_days": 36_500});
    let changed = alice.calls("room.update", both).await;
    assert_eq!(
        (&changed["name"], &changed["retention_days"]),
        (&json!("another name"), &json!(36_500))
    );
    // What is not named stays.
    let renamed = alice
        .calls("room.update", json!({"chat_id": chat, "name": "a third"}))
        .await;
    assert_eq!(renamed["retention_days"], 36_500);
    let kept = keeps_for(&alice, &chat, Value::Null).await;
    assert_eq!(
        (&kept["retention_days"], &kept["name"]),
        (&Value::Null, &json!("a third"))
    );
}

#[tokio::test]
async fn whoever_may_not_rename_a_chat_sets_no_retention_and_nonsense_is_refused_in_words() {
    let world = World::new();
    let [alice, bob, mallory] = world.people(["alice", "bob", "mallory"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let wanted = json!({"chat_id": chat, "retention_days": 1});
    assert_eq!(
        bob.is_refused("room.update", wanted.clone()).await,
        ErrorCode::PermissionDenied
    );
    assert_eq!(mallory.is_refused("room.update", wanted).await, ErrorCode::NotFound);
    for days in [json!(0), json!(-1), json!(36_501), json!(1.5), json!(u64::MAX)] {
        let refusal = alice
            .refusal("room.update", json!({"chat_id": chat, "retention_days": days}))
            .await;
        assert_eq!(refusal.code, ErrorCode::Invalid, "{days}");
        assert_eq!(
            refusal.message(),
            "retention_days: a whole number from 1 to 36500, or null"
        );
    }
    let nothing = alice.is_refused("room.update", json!({"chat_id": chat})).await;
    assert_eq!(nothing, ErrorCode::BadRequest);
    let words = alice
        .is_refused("room.update", json!({"chat_id": chat, "retention_days": "a week"}))
        .await;
    assert_eq!(words, ErrorCode::BadRequest);
    assert_eq!(
        alice.sees_in_list(&chat).await.expect("listed")["retention_days"],
        Value::Null
    );
}

#[tokio::test]
async fn either_of_two_sets_the_retention_of_their_chat_as_either_may_delete_it() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let params = json!({"kind": "direct", "participants": [bob.id]});
    let chat = text(&alice.calls("room.create", params).await["chat_id"]);
    for (person, days) in [(&alice, json!(7)), (&bob, Value::Null)] {
        assert_eq!(keeps_for(person, &chat, days.clone()).await["retention_days"], days);
    }
}

#[tokio::test]
async fn what_is_over_is_gone_for_everybody_and_the_rest_is_as_it_was() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    keeps_for(&alice, &chat, json!(DAYS)).await;
    let ids = speaks_for(&alice, &chat, DAYS + 2).await;
    assert_eq!(bob.unread(&chat).await, ids.len() as u64);
    // Pages that are in memory.
    let everything = bob.reads_page(&chat, json!({})).await.0;
    assert_eq!(everything.len(), ids.len());
    let around = json!({"around": ids[3], "limit": 9});
    assert_eq!(bob.reads_page(&chat, around.clone()).await.0, everything);

    world.engine.drop_past().await.expect("looked at");
    // The first two days are over.
    let left: Vec<String> = (3..=DAYS + 2).rev().map(|day| format!("of day {day}")).collect();
    assert_eq!(bob.reads_page(&chat, json!({})).await.0, left);
    assert_eq!(bob.reads_page(&chat, around).await.0, left);
    assert_eq!(
        bob.reads_page(&chat, json!({"from": "2023-01-01T00:00:00Z", "limit": 9}))
            .await
            .0,
        left
    );
    assert!(bob.reads_page(&chat, json!({"before": ids[2]})).await.0.is_empty());
    let gone = json!({"chat_id": chat, "around": ids[1]});
    assert_eq!(bob.is_refused("message.history", gone).await, ErrorCode::NotFound);
    for (method, more) in [
        ("message.read", json!({})),
        ("message.edit", json!({"content": "too late"})),
        ("message.delete", json!({})),
    ] {
        let mut params = json!({"message_id": ids[1]});
        params
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("fields").clone());
        assert_eq!(alice.is_refused(method, params).await, ErrorCode::NotFound, "{method}");
    }
    let reply = json!({"chat_id": chat, "content": "what did you say?", "reply_to": ids[0]});
    assert_eq!(bob.is_refused("message.send", reply).await, ErrorCode::Invalid);
    let found = bob.calls("search", json!({"q": "day", "in": "messages"})).await;
    assert_eq!(items(&found).len(), left.len());
    assert_eq!(bob.unread(&chat).await, left.len() as u64, "what is gone is not unread");
    let line = bob.sees_in_list(&chat).await.expect("listed");
    assert_eq!(line["last_message"], json!(ids.last()));
    // The setting's entry and two messages.
    assert_eq!(counted(&world, "plenum_retention_dropped_entries_total", ""), 3.0);

    bob.sends(&chat, "the log goes on").await;
    let line = alice.sees_in_list(&chat).await.expect("listed");
    assert_eq!(line["offset"], ids.len() + 2, "no place is given twice");
}

#[tokio::test]
async fn a_setting_acts_at_once_and_a_silent_chat_is_empty_in_the_end() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    keeps_for(&alice, &chat, json!(DAYS)).await;
    speaks_for(&alice, &chat, 2).await;
    // Shorter than what has been said lasts.
    let shown = keeps_for(&alice, &chat, json!(1)).await;
    assert_eq!(bob.reads_page(&chat, json!({})).await.0, ["of day 2"]);
    assert_eq!(shown["retention_days"], 1);
    world.clock.advance(2 * DAY_MS);
    let mut device = bob.listens().await;
    world.engine.drop_past().await.expect("looked at");
    let hint = device.receives("unread.changed").await;
    assert_eq!((&hint["unread"], &hint["last_message"]), (&json!(0), &Value::Null));
    assert!(bob.reads_page(&chat, json!({})).await.0.is_empty());
    let line = bob.sees_in_list(&chat).await.expect("listed");
    assert_eq!((&line["last_message"], &line["last"]), (&Value::Null, &Value::Null));
    assert_eq!((&line["unread"], &line["retention_days"]), (&json!(0), &json!(1)));
    bob.sends(&chat, "anybody there?").await;
    assert_eq!(alice.reads_page(&chat, json!({})).await.0, ["anybody there?"]);
    assert_eq!(alice.unread(&chat).await, 1);
}

#[tokio::test]
async fn a_chat_that_keeps_everything_is_not_looked_at() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    keeps_for(&alice, &chat, json!(1)).await;
    keeps_for(&alice, &chat, Value::Null).await;
    speaks_for(&alice, &chat, 9).await;
    let before = world.statements();
    world.engine.drop_past().await.expect("looked at");
    assert_eq!(
        world.statements() - before,
        1,
        "which rooms there are, and that there are none"
    );
    assert_eq!(bob.reads_page(&chat, json!({})).await.0.len(), 9);
}

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
