//! Who is in a group: adding, removing, leaving.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{World, items, text};

#[tokio::test]
async fn who_is_added_is_told_starts_at_the_newest_and_reads_everything() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice.sends(&chat, "deleted later").await;
    let (mut phone, mut room) = (carol.listens().await, bob.listens_to(&chat).await);

    let grown = alice
        .calls("participants.add", json!({"chat_id": chat, "participants": [carol.id]}))
        .await;
    assert_eq!(grown["participants_count"], 3);
    let told = phone.receives("chat.created").await;
    assert_eq!(told["chat_id"], chat.as_str());
    assert!(
        !told.to_string().contains("deleted later"),
        "a stored fact must not outlive a deletion"
    );
    let change = room.receives("participants.changed").await;
    assert_eq!(change["added"], json!([{"user_id": carol.id, "role": "member"}]));
    assert_eq!(change["actor"], alice.id);

    assert_eq!(carol.unread(&chat).await, 0);
    alice.sends(&chat, "after").await;
    assert_eq!(carol.unread(&chat).await, 1);
    let (texts, _) = carol.reads_page(&chat, json!({})).await;
    assert_eq!(texts, ["after", "deleted later"]);
}

#[tokio::test]
async fn who_is_removed_is_told_and_finds_nothing_any_more() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let message = text(&bob.sends(&chat, "mine").await["message_id"]);
    let mut phone = bob.listens().await;

    let shrunk = alice
        .calls("participants.remove", json!({"chat_id": chat, "user_id": bob.id}))
        .await;
    assert_eq!(
        (&shrunk["participants"], &shrunk["participants_count"]),
        (&json!([alice.id]), &json!(1))
    );
    let told = phone.receives("chat.deleted").await;
    assert_eq!((&told["chat_id"], &told["participants"]), (&json!(chat), &json!([])));

    assert!(bob.sees_in_list(&chat).await.is_none());
    for (method, params) in [
        ("room.get", json!({"chat_id": chat})),
        ("message.history", json!({"chat_id": chat})),
        ("message.send", json!({"chat_id": chat, "content": "still here?"})),
        ("message.edit", json!({"message_id": message, "content": "x"})),
        ("message.delete", json!({"message_id": message})),
        ("message.read", json!({"message_id": message})),
        ("message.receive", json!({"message_id": message})),
        ("participants.list", json!({"chat_id": chat})),
    ] {
        assert_eq!(bob.is_refused(method, params).await, ErrorCode::NotFound, "{method}");
    }
    assert!(alice.sees_in_list(&chat).await.is_some());
}

#[tokio::test]
async fn everybody_may_leave() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let left = bob
        .calls(
            "participants.remove",
            json!({"chat_id": chat, "participants": [bob.id]}),
        )
        .await;
    assert_eq!((&left["deleted"], &left["role"]), (&json!(true), &json!("")));
    assert_eq!(
        bob.is_refused("room.get", json!({"chat_id": chat})).await,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_group_keeps_an_owner_when_the_only_one_leaves() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let chat = alice.creates_group(&[&bob, &carol]).await;
    let moderator = json!({"chat_id": chat, "participants": [{"user_id": carol.id, "role": "moderator"}]});
    alice.calls("participants.add", moderator).await;
    let leave = |person: &crate::kit::Person| json!({"chat_id": chat, "user_id": person.id});
    alice.calls("participants.remove", leave(&alice)).await;
    assert_eq!(carol.calls("room.get", json!({"chat_id": chat})).await["role"], "owner");
    assert_eq!(bob.calls("room.get", json!({"chat_id": chat})).await["role"], "member");
    carol.calls("participants.remove", leave(&carol)).await;
    assert_eq!(bob.calls("room.get", json!({"chat_id": chat})).await["role"], "owner");
    bob.calls("participants.remove", leave(&bob)).await;
    assert_eq!(
        bob.is_refused("room.get", json!({"chat_id": chat})).await,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn roles_decide_who_changes_whom() {
    let world = World::new();
    let [alice, bob, carol, dave] = world.people(["alice", "bob", "carol", "dave"]).await;
    let chat = alice.creates_group(&[&bob, &carol]).await;
    let add = |who: &str, role: &str| json!({"chat_id": chat, "participants": [{"user_id": who, "role": role}]});
    let remove = |who: &str| json!({"chat_id": chat, "user_id": who});

    assert_eq!(
        bob.is_refused("participants.add", add(&dave.id, "member")).await,
        ErrorCode::PermissionDenied
    );
    assert_eq!(
        bob.is_refused("participants.remove", remove(&carol.id)).await,
        ErrorCode::PermissionDenied
    );

    alice.calls("participants.add", add(&bob.id, "moderator")).await;
    bob.calls("participants.add", add(&dave.id, "member")).await;
    assert_eq!(
        bob.is_refused("participants.add", add(&carol.id, "owner")).await,
        ErrorCode::PermissionDenied
    );
    assert_eq!(
        bob.is_refused("participants.remove", remove(&alice.id)).await,
        ErrorCode::PermissionDenied
    );
    bob.calls("participants.remove", remove(&carol.id)).await;

    let list = dave.calls("participants.list", json!({"chat_id": chat})).await;
    let mut roles: Vec<_> = items(&list)
        .iter()
        .map(|person| (text(&person["username"]), text(&person["role"])))
        .collect();
    roles.sort();
    let expected = [("alice", "owner"), ("bob", "moderator"), ("dave", "member")];
    assert_eq!(roles, expected.map(|(name, role)| (name.to_owned(), role.to_owned())));
}

#[tokio::test]
async fn calls_that_name_nobody_or_nobody_known_are_refused() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    for (method, params, code) in [
        (
            "participants.add",
            json!({"chat_id": chat, "participants": []}),
            ErrorCode::Invalid,
        ),
        (
            "participants.add",
            json!({"chat_id": chat, "participants": ["ghost"]}),
            ErrorCode::Invalid,
        ),
        (
            "participants.add",
            json!({"chat_id": chat, "participants": [bob.id]}),
            ErrorCode::Conflict,
        ),
        ("participants.add", json!({"chat_id": chat}), ErrorCode::BadRequest),
        ("participants.remove", json!({"chat_id": chat}), ErrorCode::Invalid),
        (
            "participants.remove",
            json!({"chat_id": chat, "user_id": carol.id}),
            ErrorCode::NotFound,
        ),
        (
            "participants.remove",
            json!({"chat_id": chat, "user_id": 5}),
            ErrorCode::BadRequest,
        ),
    ] {
        assert_eq!(
            alice.is_refused(method, params.clone()).await,
            code,
            "{method} {params}"
        );
    }
    let pair = text(&alice.calls("room.create", json!({"participants": [bob.id]})).await["chat_id"]);
    let add = json!({"chat_id": pair, "participants": [carol.id]});
    assert_eq!(
        alice.is_refused("participants.add", add).await,
        ErrorCode::PermissionDenied
    );
}

#[tokio::test]
async fn the_people_of_a_large_group_page_to_their_end() {
    let world = World::new();
    let alice = world.person("alice").await;
    let mut others = Vec::new();
    for number in 0..60 {
        let token = world.tokens.of_outside(&format!("outside-{number}"), None);
        others.push(world.admits(&token).await.expect("admitted").user.to_string());
    }
    let created = alice.calls("room.create", json!({"participants": others})).await;
    let chat = text(&created["chat_id"]);
    assert_eq!(created["participants_count"], 61);
    assert_eq!(created["participants"].as_array().map(Vec::len), Some(50));

    // The first page stands in the chat itself, the rest behind its cursor.
    let mut seen: Vec<String> = created["participants"]
        .as_array()
        .expect("a list")
        .iter()
        .map(text)
        .collect();
    let mut next = created["participants_next"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = alice
            .calls(
                "participants.list",
                json!({"chat_id": chat, "cursor": cursor, "limit": 4}),
            )
            .await;
        seen.extend(items(&page).iter().map(|person| text(&person["user_id"])));
        next = page["next"].as_str().map(str::to_owned);
    }
    others.push(alice.id.clone());
    others.sort();
    assert_eq!(seen, others);
}
