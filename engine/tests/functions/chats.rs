//! Creating, listing, renaming and deleting chats.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{World, items, text};

#[tokio::test]
async fn a_chat_of_two_is_one_and_the_same_for_both_and_called_like_the_other() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let created = alice.calls("room.create", json!({"participants": [bob.id]})).await;
    assert_eq!((&created["kind"], &created["name"]), (&json!("direct"), &json!("bob")));
    assert_eq!(created["initiator"], alice.id);
    assert_eq!(created["participants_count"], 2);
    assert_eq!(
        (&created["last_message"], &created["last"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(created["history"], json!([]));
    assert_eq!(created["deleted"], false);
    assert_eq!(created["last_activity_timestamp"], "2023-11-14T22:13:20.000Z");

    let again = bob
        .calls("room.create", json!({"participants": [{"user_id": alice.id}]}))
        .await;
    assert_eq!(again["chat_id"], created["chat_id"]);
    assert_eq!(again["name"], "alice");
    let named = alice
        .calls("room.create", json!({"name": "work", "participants": [bob.id]}))
        .await;
    assert_eq!(named["kind"], "group");
}

#[tokio::test]
async fn everybody_in_a_new_chat_is_told_with_their_own_view_of_it() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let (mut phone, mut laptop) = (bob.listens().await, alice.listens().await);
    let created = alice.calls("room.create", json!({"participants": [bob.id]})).await;
    let told = phone.receives("chat.created").await;
    assert_eq!(
        (&told["chat_id"], &told["name"]),
        (&created["chat_id"], &json!("alice"))
    );
    assert_eq!(laptop.receives("chat.created").await, created);

    // The pair's chat is there already: nobody is told again.
    bob.calls("room.create", json!({"participants": [alice.id]})).await;
    assert!(phone.has_received().is_empty());
}

#[tokio::test]
async fn what_can_not_become_a_chat_is_refused() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let unknown = alice
        .refusal("room.create", json!({"participants": [bob.id, "ghost", "a\nb"]}))
        .await;
    assert_eq!(unknown.code, ErrorCode::Invalid);
    assert!(unknown.message().contains("ghost"), "{unknown}");
    for (params, code) in [
        (json!({"kind": "direct", "participants": []}), ErrorCode::Invalid),
        (
            json!({"kind": "direct", "participants": [alice.id]}),
            ErrorCode::Invalid,
        ),
        (json!({"kind": "circus"}), ErrorCode::BadRequest),
        (json!({"name": "x".repeat(257)}), ErrorCode::Invalid),
        (json!({"name": "a\nb"}), ErrorCode::Invalid),
        (json!({"name": ["a"]}), ErrorCode::BadRequest),
        (json!({"participants": bob.id}), ErrorCode::BadRequest),
        (json!({"participants": [5]}), ErrorCode::BadRequest),
        (json!({"participants": vec![bob.id.as_str(); 501]}), ErrorCode::Invalid),
    ] {
        assert_eq!(alice.is_refused("room.create", params.clone()).await, code, "{params}");
    }
}

#[tokio::test]
async fn the_list_is_newest_activity_first_and_pages_to_its_end() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let mut chats = Vec::new();
    for _ in 0..7 {
        world.clock.advance(1_000);
        chats.push(alice.creates_group(&[&bob]).await);
    }
    world.clock.advance(1_000);
    bob.sends(&chats[2], "up").await;
    let expected: Vec<&String> = [2, 6, 5, 4, 3, 1, 0].iter().map(|index| &chats[*index]).collect();

    let (mut seen, mut params) = (Vec::new(), json!({"limit": 3}));
    loop {
        let page = alice.calls("room.list", params).await;
        assert!(items(&page).len() <= 3);
        seen.extend(items(&page).iter().map(|chat| text(&chat["chat_id"])));
        let Some(next) = page["next"].as_str() else { break };
        params = json!({"limit": "3", "cursor": next});
    }
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
    assert_eq!(
        alice.is_refused("room.list", json!({"cursor": "nonsense"})).await,
        ErrorCode::BadRequest
    );
}

#[tokio::test]
async fn a_line_of_the_list_shows_the_last_message_and_what_is_unread() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice.sends(&chat, "one").await;
    let last = alice.sends(&chat, "two").await;
    let line = bob.sees_in_list(&chat).await.expect("listed");
    assert_eq!(line["last_message"], last["message_id"]);
    assert_eq!(line["last"]["content"], "two");
    assert_eq!(line["unread"], 2);
    assert_eq!(line["history"], json!([]));
    assert_eq!(alice.unread(&chat).await, 0, "sending moves one's own mark");
}

#[tokio::test]
async fn one_chat_comes_with_the_newest_page_of_its_history() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice.sends_numbers(&chat, 55).await;
    let shown = bob.calls("room.get", json!({"chat_id": chat})).await;
    let history = shown["history"].as_array().expect("a list");
    assert_eq!(
        (history.len(), &history[0]["content"], &history[49]["content"]),
        (50, &json!("55"), &json!("6"))
    );
    let (rest, next) = bob.reads_page(&chat, json!({"cursor": shown["history_next"]})).await;
    assert_eq!(
        (rest, next),
        (vec!["5".into(), "4".into(), "3".into(), "2".into(), "1".into()], None)
    );
}

#[tokio::test]
async fn an_owner_renames_and_listening_members_see_it() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let (mut phone, mut room) = (bob.listens().await, bob.listens_to(&chat).await);
    let renamed = alice
        .calls("room.update", json!({"chat_id": chat, "name": "новое имя"}))
        .await;
    assert_eq!(renamed["name"], "новое имя");
    assert_eq!(phone.receives("chat.updated").await["name"], "новое имя");
    assert_eq!(room.receives("chat.updated").await["name"], "новое имя");
    assert_eq!(bob.sees_in_list(&chat).await.expect("listed")["name"], "новое имя");

    let rename = |name: &str| json!({"chat_id": chat, "name": name});
    assert_eq!(
        bob.is_refused("room.update", rename("mine")).await,
        ErrorCode::PermissionDenied
    );
    assert_eq!(alice.is_refused("room.update", rename(" ")).await, ErrorCode::Invalid);
    assert_eq!(
        alice.is_refused("room.update", json!({"chat_id": chat})).await,
        ErrorCode::BadRequest
    );
}

#[tokio::test]
async fn a_deleted_chat_is_gone_for_everybody_and_they_are_told() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let message = alice.sends(&chat, "secret").await;
    let mut phone = bob.listens().await;
    assert_eq!(
        bob.is_refused("room.delete", json!({"chat_id": chat})).await,
        ErrorCode::PermissionDenied
    );

    let deleted = alice.calls("room.delete", json!({"chat_id": chat})).await;
    assert_eq!(deleted["deleted"], true);
    let told = phone.receives("chat.deleted").await;
    assert_eq!((&told["chat_id"], &told["deleted"]), (&json!(chat), &json!(true)));
    assert!(!told.to_string().contains("secret"));

    for person in [&alice, &bob] {
        assert!(person.sees_in_list(&chat).await.is_none());
        for (method, params) in [
            ("room.get", json!({"chat_id": chat})),
            ("room.delete", json!({"chat_id": chat})),
            ("room.update", json!({"chat_id": chat, "name": "x"})),
            ("message.history", json!({"chat_id": chat})),
            ("message.send", json!({"chat_id": chat, "content": "x"})),
            (
                "message.edit",
                json!({"message_id": message["message_id"], "content": "x"}),
            ),
            ("message.read", json!({"message_id": message["message_id"]})),
            ("participants.list", json!({"chat_id": chat})),
        ] {
            assert_eq!(person.is_refused(method, params).await, ErrorCode::NotFound, "{method}");
        }
    }
}

#[tokio::test]
async fn a_pair_whose_chat_was_deleted_gets_a_new_one() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let first = alice.calls("room.create", json!({"participants": [bob.id]})).await;
    let mut phone = alice.listens().await;
    bob.calls("room.delete", json!({"chat_id": first["chat_id"]})).await;
    assert_eq!(phone.receives("chat.deleted").await["name"], "bob");
    let second = alice.calls("room.create", json!({"participants": [bob.id]})).await;
    assert_ne!(second["chat_id"], first["chat_id"]);
    assert_eq!(second["deleted"], false);
    let again = bob.calls("room.create", json!({"participants": [alice.id]})).await;
    assert_eq!(again["chat_id"], second["chat_id"]);
}

#[tokio::test]
async fn chats_of_others_and_malformed_ids_are_not_there() {
    let world = World::new();
    let [alice, bob, mallory] = world.people(["alice", "bob", "mallory"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    for id in [chat.as_str(), "0000000000000", "nonsense", "", "ЖЖЖ"] {
        for (method, params) in [
            ("room.get", json!({"chat_id": id})),
            ("room.update", json!({"chat_id": id, "name": "mine"})),
            ("room.delete", json!({"chat_id": id})),
            ("participants.list", json!({"chat_id": id})),
            ("participants.add", json!({"chat_id": id, "participants": [mallory.id]})),
            ("participants.remove", json!({"chat_id": id, "user_id": bob.id})),
            ("message.send", json!({"chat_id": id, "content": "hi"})),
            ("message.history", json!({"chat_id": id})),
        ] {
            assert_eq!(
                mallory.is_refused(method, params).await,
                ErrorCode::NotFound,
                "{method} {id:?}"
            );
        }
    }
    assert!(mallory.sees_in_list(&chat).await.is_none());
}
