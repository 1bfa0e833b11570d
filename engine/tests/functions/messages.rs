//! Sending, replying, editing, deleting.

use engine::Limits;
use protocol::ErrorCode;
use serde_json::json;
use uuid::Uuid;

use crate::kit::{World, text};

#[tokio::test]
async fn a_message_reaches_the_room_and_every_member() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let (mut room, mut phone) = (bob.listens_to(&chat).await, bob.listens().await);

    let sent = alice.sends(&chat, "привет\n\t🎉").await;
    assert_eq!(sent["chat_id"], chat.as_str());
    assert_eq!(sent["sender"], alice.id);
    assert_eq!(
        (&sent["content"], &sent["attachments"]),
        (&json!("привет\n\t🎉"), &json!([]))
    );
    assert_eq!(
        (&sent["reply_to"], &sent["status"], &sent["offset"]),
        (&json!(null), &json!("sent"), &json!(1))
    );
    assert_eq!(
        (&sent["created"], &sent["updated"]),
        (&json!("2023-11-14T22:13:20.000Z"), &sent["created"])
    );
    assert_eq!(sent["epoch"].as_str().map(str::len), Some(16));

    let mut shown = sent.clone();
    shown.as_object_mut().expect("an object").remove("epoch");
    assert_eq!(room.receives("message.created").await, shown);
    let hint = phone.receives("unread.changed").await;
    assert_eq!((&hint["chat_id"], &hint["unread"]), (&json!(chat), &json!(1)));
    assert_eq!(hint["last_message"], sent["message_id"]);
}

#[tokio::test]
async fn hints_of_a_burst_are_gathered_and_carry_the_newest_values() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let mut phone = bob.listens().await;
    alice.sends_numbers(&chat, 20).await;
    let mut hints = 0;
    loop {
        let hint = phone.receives("unread.changed").await;
        hints += 1;
        if hint["unread"] == 20 {
            break;
        }
    }
    assert!(hints < 20, "one hint per message");
}

#[tokio::test]
async fn in_a_large_room_only_those_whom_a_message_concerns_are_told() {
    let world = World::new();
    let [alice, bob, carol, dave] = world.people(["alice", "bob", "carol", "dave"]).await;
    let chat = alice.creates_group(&[&bob, &carol]).await;
    let mut crowd = Vec::new();
    for number in 0..498 {
        let token = world.tokens.of_outside(&format!("outside-{number}"), None);
        crowd.push(world.admits(&token).await.expect("admitted").user.to_string());
    }
    alice
        .calls("participants.add", json!({"chat_id": chat, "participants": crowd}))
        .await;
    let question = text(&bob.sends(&chat, "why?").await["message_id"]);
    let mut phones = [bob.listens().await, carol.listens().await, dave.listens().await];

    let answer = json!({"chat_id": chat, "content": "secret: ask @carol and @dave", "reply_to": question});
    let sent = alice.calls("message.send", answer).await;
    let [of_bob, of_carol, of_dave] = &mut phones;
    let replied = of_bob.receives("message.replied").await;
    let mentioned = of_carol.receives("message.mentioned").await;
    for told in [replied, mentioned] {
        assert_eq!(
            (&told["message_id"], &told["chat_id"]),
            (&sent["message_id"], &json!(chat))
        );
        assert!(
            !told.to_string().contains("secret"),
            "a stored fact must not outlive a deletion"
        );
    }
    assert!(
        of_dave.has_received().is_empty(),
        "who is not in the room is told nothing"
    );
    assert!(of_bob.has_received().is_empty(), "no unread hints");
}

#[tokio::test]
async fn a_text_that_can_not_be_a_message_is_refused() {
    let world = World::with(Limits {
        message_bytes: 100,
        ..Limits::default()
    });
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    for (params, code) in [
        (json!({"content": ""}), ErrorCode::Invalid),
        (json!({"content": "a\u{0}b"}), ErrorCode::Invalid),
        (json!({"content": "a\u{1b}b"}), ErrorCode::Invalid),
        (json!({"content": "x".repeat(101)}), ErrorCode::TooLarge),
        (json!({"content": "ж".repeat(51)}), ErrorCode::TooLarge),
        (json!({"content": 5}), ErrorCode::BadRequest),
        (json!({"content": null}), ErrorCode::BadRequest),
        (json!({}), ErrorCode::BadRequest),
        (
            json!({"content": "x", "client_msg_id": "nonsense"}),
            ErrorCode::BadRequest,
        ),
        (json!({"content": "x", "client_msg_id": 7}), ErrorCode::BadRequest),
        (
            json!({"content": "x", "attachments": [{"attachment_id": "a"}]}),
            ErrorCode::Invalid,
        ),
        (json!({"content": "x", "attachments": "a"}), ErrorCode::BadRequest),
        (json!({"content": "x", "reply_to": 5}), ErrorCode::BadRequest),
    ] {
        let mut params = params;
        params["chat_id"] = json!(chat);
        assert_eq!(alice.is_refused("message.send", params.clone()).await, code, "{params}");
    }
    let largest = json!({"chat_id": chat, "content": "x".repeat(100), "attachments": [], "reply_to": null});
    alice.calls("message.send", largest).await;
    let (texts, _) = bob.reads_page(&chat, json!({})).await;
    assert_eq!(texts.len(), 1, "nothing refused was stored");
}

#[tokio::test]
async fn the_same_client_msg_id_gives_the_same_message() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = Uuid::new_v4().to_string();
    let send = |content: &str| json!({"chat_id": chat, "content": content, "client_msg_id": id});
    let first = alice.calls("message.send", send("one")).await;
    assert_eq!(first["client_msg_id"], id.as_str());
    assert_eq!(alice.calls("message.send", send("again")).await, first);
    let of_bob = bob.calls("message.send", send("mine")).await;
    assert_ne!(of_bob["message_id"], first["message_id"]);
    let (texts, _) = bob.reads_page(&chat, json!({})).await;
    assert_eq!(texts, ["mine", "one"]);
}

#[tokio::test]
async fn a_late_retry_hints_what_is_unread_now() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let first = json!({"chat_id": chat, "content": "1", "client_msg_id": Uuid::new_v4().to_string()});
    alice.calls("message.send", first.clone()).await;
    alice.sends(&chat, "2").await;
    let mut phone = bob.listens().await;
    alice.calls("message.send", first).await;
    assert_eq!(phone.receives("unread.changed").await["unread"], 2);
}

#[tokio::test]
async fn a_reply_names_a_message_of_the_same_chat_that_is_there() {
    let world = World::new();
    let [alice, bob, mallory] = world.people(["alice", "bob", "mallory"]).await;
    let (chat, other) = (alice.creates_group(&[&bob]).await, alice.creates_group(&[&bob]).await);
    let question = text(&alice.sends(&chat, "why?").await["message_id"]);
    let elsewhere = text(&alice.sends(&other, "elsewhere").await["message_id"]);
    let reply = |to: &str| json!({"chat_id": chat, "content": "because", "reply_to": to});

    let sent = bob.calls("message.send", reply(&question)).await;
    assert_eq!(sent["reply_to"], question.as_str());
    let never_sent = format!("{}{}", &question[..13], &question[13..].replace('1', "9"));
    for to in [elsewhere.as_str(), never_sent.as_str(), "nonsense"] {
        assert_eq!(
            bob.is_refused("message.send", reply(to)).await,
            ErrorCode::Invalid,
            "{to}"
        );
    }
    assert_eq!(
        mallory.is_refused("message.send", reply(&question)).await,
        ErrorCode::NotFound
    );
    assert_eq!(
        mallory.is_refused("message.send", reply(&never_sent)).await,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn an_author_edits_and_everybody_sees_the_new_text() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = text(&alice.sends(&chat, "helo").await["message_id"]);
    bob.calls("message.read", json!({"message_id": id})).await;
    let mut room = bob.listens_to(&chat).await;
    world.clock.advance(5_000);

    let edited = alice
        .calls("message.edit", json!({"message_id": id, "content": "hello"}))
        .await;
    assert_eq!(
        (&edited["message_id"], &edited["content"]),
        (&json!(id), &json!("hello"))
    );
    assert_eq!(edited["created"], "2023-11-14T22:13:20.000Z");
    assert_eq!(edited["updated"], "2023-11-14T22:13:25.000Z");
    assert_eq!((&edited["status"], &edited["offset"]), (&json!("read"), &json!(2)));
    assert_eq!(room.receives("message.updated").await["content"], "hello");

    let page = bob.calls("message.history", json!({"chat_id": chat})).await;
    let shown = &page["items"][0];
    assert_eq!(
        (&shown["content"], &shown["updated"]),
        (&json!("hello"), &edited["updated"])
    );
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "messages only");
    assert_eq!(bob.unread(&chat).await, 0, "an edit is nothing new to read");
}

#[tokio::test]
async fn a_deleted_text_is_in_no_answer_any_more() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = text(&alice.sends(&chat, "secret").await["message_id"]);
    alice
        .calls("message.edit", json!({"message_id": id, "content": "secret too"}))
        .await;
    let mut room = bob.listens_to(&chat).await;

    let deleted = alice.calls("message.delete", json!({"message_id": id})).await;
    assert_eq!((&deleted["message_id"], &deleted["content"]), (&json!(id), &json!("")));
    assert_eq!(deleted["deleted"], true);
    assert_eq!(room.receives("message.deleted").await["deleted"], true);

    let page = bob.calls("message.history", json!({"chat_id": chat})).await;
    assert_eq!(
        (&page["items"][0]["deleted"], &page["items"][0]["content"]),
        (&json!(true), &json!(""))
    );
    let chat_shown = bob.calls("room.get", json!({"chat_id": chat})).await;
    for shown in [page, chat_shown, deleted] {
        assert!(!shown.to_string().contains("secret"), "{shown}");
    }
    for person in [&alice, &bob] {
        assert_eq!(
            person.is_refused("message.delete", json!({"message_id": id})).await,
            ErrorCode::NotFound
        );
    }
    let edit = json!({"message_id": id, "content": "again"});
    assert_eq!(alice.is_refused("message.edit", edit).await, ErrorCode::NotFound);
    let reply = json!({"chat_id": chat, "content": "to what?", "reply_to": id});
    assert_eq!(bob.is_refused("message.send", reply).await, ErrorCode::Invalid);
}

#[tokio::test]
async fn only_authors_edit_and_moderators_delete_what_others_wrote() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let of_alice = text(&alice.sends(&chat, "mine").await["message_id"]);
    let of_bob = text(&bob.sends(&chat, "spam").await["message_id"]);
    let edit = |id: &str| json!({"message_id": id, "content": "changed"});
    assert_eq!(
        alice.is_refused("message.edit", edit(&of_bob)).await,
        ErrorCode::PermissionDenied
    );
    assert_eq!(
        bob.is_refused("message.edit", edit(&of_alice)).await,
        ErrorCode::PermissionDenied
    );
    let delete = json!({"message_id": of_alice});
    assert_eq!(
        bob.is_refused("message.delete", delete).await,
        ErrorCode::PermissionDenied
    );
    let deleted = alice.calls("message.delete", json!({"message_id": of_bob})).await;
    assert_eq!(deleted["sender"], bob.id, "the message stays its author's");
    let bad = json!({"message_id": of_alice, "content": ""});
    assert_eq!(alice.is_refused("message.edit", bad).await, ErrorCode::Invalid);
}

#[tokio::test]
async fn messages_of_others_chats_and_malformed_ids_are_not_there() {
    let world = World::new();
    let [alice, bob, mallory] = world.people(["alice", "bob", "mallory"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = text(&alice.sends(&chat, "private").await["message_id"]);
    let never_sent = format!("{}{}", &id[..13], &id[13..].replace('1', "9"));
    for (person, id) in [
        (&mallory, id.as_str()),
        (&alice, &never_sent),
        (&alice, "nonsense"),
        (&alice, ""),
    ] {
        for (method, params) in [
            ("message.edit", json!({"message_id": id, "content": "x"})),
            ("message.delete", json!({"message_id": id})),
            ("message.read", json!({"message_id": id})),
            ("message.receive", json!({"message_id": id})),
        ] {
            assert_eq!(
                person.is_refused(method, params).await,
                ErrorCode::NotFound,
                "{method} {id:?}"
            );
        }
    }
}
