//! Received and read.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{Person, World, items, text};

async fn status(person: &Person, chat: &str, index: usize) -> String {
    let page = person.calls("message.history", json!({"chat_id": chat})).await;
    text(&items(&page)[index]["status"])
}

#[tokio::test]
async fn a_message_is_sent_then_received_then_read_by_somebody_else() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let id = text(&alice.sends(&chat, "hi").await["message_id"]);
    let params = json!({"message_id": id});
    let mut room = alice.listens_to(&chat).await;

    // The author's own acknowledgement says nothing about anybody else.
    let own = alice.calls("message.read", params.clone()).await;
    assert_eq!(own["status"], "sent");
    assert!(room.has_received().is_empty());

    let received = bob.calls("message.receive", params.clone()).await;
    assert_eq!(received["status"], "received");
    let mut shown = received.clone();
    shown.as_object_mut().expect("an object").remove("epoch");
    assert_eq!(room.receives("message.received").await, shown);
    assert_eq!(bob.unread(&chat).await, 1, "on a device is not read");

    let read = bob.calls("message.read", params.clone()).await;
    assert_eq!(read["status"], "read");
    assert_eq!(room.receives("message.read").await["status"], "read");
    assert_eq!(status(&alice, &chat, 0).await, "read");
    assert_eq!(bob.unread(&chat).await, 0);

    // Once more changes nothing and tells nobody, nor does an earlier stage.
    bob.calls("message.read", params.clone()).await;
    assert_eq!(bob.calls("message.receive", params).await["status"], "read");
    assert!(room.has_received().is_empty());
}

#[tokio::test]
async fn an_acknowledgement_covers_everything_before_and_never_goes_back() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let ids = alice.sends_numbers(&chat, 5).await;
    bob.calls("message.read", json!({"message_id": ids[2]})).await;
    bob.calls("message.read", json!({"message_id": ids[0]})).await;
    assert_eq!(bob.unread(&chat).await, 2);
    let mut statuses = Vec::new();
    for index in 0..5 {
        statuses.push(status(&alice, &chat, index).await);
    }
    assert_eq!(statuses, ["sent", "sent", "read", "read", "read"]);
}

#[tokio::test]
async fn unread_is_the_same_on_every_device() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let ids = alice.sends_numbers(&chat, 3).await;
    let mut laptop = bob.listens().await;
    bob.calls("message.read", json!({"message_id": ids[1]})).await;
    let hint = laptop.receives("unread.changed").await;
    assert_eq!((&hint["chat_id"], &hint["unread"]), (&json!(chat), &json!(1)));
    assert_eq!(bob.unread(&chat).await, 1);
    bob.sends(&chat, "seen all of it").await;
    assert_eq!(bob.unread(&chat).await, 0, "sending moves one's own mark");
    assert_eq!(status(&alice, &chat, 1).await, "read");
}

#[tokio::test]
async fn only_messages_can_be_acknowledged() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let first = text(&alice.sends(&chat, "helo").await["message_id"]);
    alice
        .calls("message.edit", json!({"message_id": first, "content": "hello"}))
        .await;
    // The edit stands at seq 2 of the log: no message.
    let edit = format!("{}{}", &first[..13], &first[13..].replace('1', "2"));
    assert_eq!(
        bob.is_refused("message.read", json!({"message_id": edit})).await,
        ErrorCode::NotFound
    );
    assert_eq!(bob.is_refused("message.read", json!({})).await, ErrorCode::BadRequest);
}
