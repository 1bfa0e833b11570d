//! Reading a chat's history.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{World, text};

fn numbers(range: impl DoubleEndedIterator<Item = usize>) -> Vec<String> {
    range.rev().map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn history_comes_newest_first_and_pages_to_its_end() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    assert_eq!(bob.reads_page(&chat, json!({})).await, (vec![], None));
    alice.sends_numbers(&chat, 25).await;

    let (mut seen, mut params, mut pages) = (Vec::new(), json!({"limit": 10}), 0);
    loop {
        let (texts, next) = bob.reads_page(&chat, params).await;
        seen.extend(texts);
        pages += 1;
        let Some(next) = next else { break };
        params = json!({"limit": "10", "cursor": next});
    }
    assert_eq!((seen, pages), (numbers(1..=25), 3));
}

#[tokio::test]
async fn a_page_that_ends_with_the_history_has_no_next() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice.sends_numbers(&chat, 10).await;
    assert_eq!(
        bob.reads_page(&chat, json!({"limit": 10})).await,
        (numbers(1..=10), None)
    );
    assert_eq!(
        bob.reads_page(&chat, json!({"limit": 1_000})).await,
        (numbers(1..=10), None)
    );
}

#[tokio::test]
async fn before_after_and_around_a_message() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let ids = alice.sends_numbers(&chat, 20).await;
    let tenth = &ids[9];

    let (texts, next) = bob.reads_page(&chat, json!({"before": tenth, "limit": 4})).await;
    assert_eq!(texts, numbers(6..=9));
    let (texts, _) = bob
        .reads_page(&chat, json!({"cursor": next, "before": tenth, "limit": 50}))
        .await;
    assert_eq!(texts, numbers(1..=5));

    let (texts, next) = bob.reads_page(&chat, json!({"after": tenth, "limit": 4})).await;
    assert_eq!(texts, numbers(11..=14));
    let (texts, next) = bob.reads_page(&chat, json!({"cursor": next, "limit": 50})).await;
    assert_eq!((texts, next), (numbers(15..=20), None));

    let (texts, next) = bob.reads_page(&chat, json!({"around": tenth, "limit": 5})).await;
    assert_eq!(texts, numbers(8..=12));
    let (texts, _) = bob.reads_page(&chat, json!({"cursor": next, "limit": 2})).await;
    assert_eq!(texts, numbers(6..=7));
    assert_eq!(
        bob.reads_page(&chat, json!({"around": tenth, "limit": 1})).await.0,
        ["10"]
    );
    assert_eq!(
        bob.reads_page(&chat, json!({"around": ids[0], "limit": 5})).await.0,
        numbers(1..=3)
    );
    assert_eq!(bob.reads_page(&chat, json!({"before": ids[0]})).await, (vec![], None));
    assert_eq!(bob.reads_page(&chat, json!({"after": ids[19]})).await, (vec![], None));
}

#[tokio::test]
async fn from_a_date_on() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    for number in 1..=6 {
        alice.sends(&chat, &number.to_string()).await;
        world.clock.advance(60_000);
    }
    // The third was sent two minutes after 22:13:20.
    let (texts, next) = bob
        .reads_page(&chat, json!({"from": "2023-11-14T22:15:20Z", "limit": 2}))
        .await;
    assert_eq!(texts, numbers(3..=4));
    assert_eq!(
        bob.reads_page(&chat, json!({"cursor": next})).await,
        (numbers(5..=6), None)
    );
    assert_eq!(
        bob.reads_page(&chat, json!({"from": "2023-11-15T01:15:20.001+03:00"}))
            .await
            .0,
        numbers(4..=6)
    );
    assert_eq!(
        bob.reads_page(&chat, json!({"from": "2000-01-01T00:00:00Z"})).await.0,
        numbers(1..=6)
    );
    assert_eq!(
        bob.reads_page(&chat, json!({"from": "2100-01-01T00:00:00Z"})).await,
        (vec![], None)
    );
}

#[tokio::test]
async fn only_messages_are_history() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = text(&alice.sends(&chat, "1").await["message_id"]);
    alice
        .calls("message.edit", json!({"message_id": id, "content": "one"}))
        .await;
    alice
        .calls("participants.add", json!({"chat_id": chat, "participants": [carol.id]}))
        .await;
    alice
        .calls("room.update", json!({"chat_id": chat, "name": "renamed"}))
        .await;
    alice.sends(&chat, "two").await;
    assert_eq!(
        bob.reads_page(&chat, json!({})).await,
        (vec!["two".into(), "one".into()], None)
    );
}

#[tokio::test]
async fn places_that_are_none_are_refused() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let (chat, other) = (alice.creates_group(&[&bob]).await, alice.creates_group(&[]).await);
    let own = text(&alice.sends(&chat, "1").await["message_id"]);
    let foreign = text(&alice.sends(&other, "1").await["message_id"]);
    let never_sent = format!("{}{}", &own[..13], &own[13..].replace('1', "9"));
    for (params, code) in [
        (json!({"cursor": "nonsense"}), ErrorCode::BadRequest),
        (json!({"limit": 0}), ErrorCode::BadRequest),
        (json!({"limit": "many"}), ErrorCode::BadRequest),
        (json!({"from": "yesterday"}), ErrorCode::BadRequest),
        (json!({"before": own, "after": own}), ErrorCode::BadRequest),
        (json!({"before": foreign}), ErrorCode::NotFound),
        (json!({"after": "nonsense"}), ErrorCode::NotFound),
        (json!({"around": foreign}), ErrorCode::NotFound),
        (json!({"around": never_sent}), ErrorCode::NotFound),
    ] {
        let mut params = params;
        params["chat_id"] = json!(chat);
        assert_eq!(
            bob.is_refused("message.history", params.clone()).await,
            code,
            "{params}"
        );
    }
}

#[tokio::test]
async fn a_page_of_large_messages_is_cut_and_loses_none() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let large = "x".repeat(60_000);
    for number in 0..90 {
        alice.sends(&chat, &format!("{number} {large}")).await;
    }
    let (mut seen, mut params) = (Vec::new(), json!({"limit": 200}));
    loop {
        let (texts, next) = bob.reads_page(&chat, params).await;
        assert!(texts.iter().map(String::len).sum::<usize>() <= 5 << 20);
        seen.extend(
            texts
                .iter()
                .map(|text| text.split(' ').next().expect("a number").to_owned()),
        );
        let Some(next) = next else { break };
        params = json!({"limit": 200, "cursor": next});
    }
    assert_eq!(seen, numbers(0..90));
}

#[tokio::test]
async fn among_many_who_read_at_once_everybody_finds_what_they_just_sent() {
    let world = World::new();
    let people = world.people(["alice", "bob", "carol", "dave", "erin"]).await;
    let [alice, others @ ..] = &people;
    let chat = alice.creates_group(&others.iter().collect::<Vec<_>>()).await;
    let talks = people.iter().map(|person| async {
        for number in 0..10 {
            let said = format!("{} {number}", person.name);
            person.sends(&chat, &said).await;
            let (texts, _) = person.reads_page(&chat, json!({})).await;
            assert!(texts.contains(&said), "{said} is missing");
        }
    });
    futures_util::future::join_all(talks).await;
}
