//! How long a chat keeps its messages: who says so, who learns of it, and what is left when their time is over.

use protocol::ErrorCode;
use serde_json::{Value, json};
use storage::bucket::{DAY_MS, RETENTION_WINDOWS};

use crate::kit::{Person, World, items, text};

/// A retention of which a bucket lasts a day.
pub const DAYS: i64 = RETENTION_WINDOWS;

/// Somebody says how long a chat keeps its messages.
pub async fn keeps_for(person: &Person, chat: &str, days: Value) -> Value {
    person
        .calls("room.update", json!({"chat_id": chat, "retention_days": days}))
        .await
}

/// Somebody says something on each of so many days; the ids.
pub async fn speaks_for(person: &Person, chat: &str, days: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for day in 1..=days {
        ids.push(text(&person.sends(chat, &format!("of day {day}")).await["message_id"]));
        person.world.clock.advance(DAY_MS);
    }
    ids
}

/// The value of a counter with this label, or of one without any.
pub fn counted(world: &World, name: &str, label: &str) -> f64 {
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
