//! Who is typing: shown at once, gathered, and never more than a frame.

use protocol::ErrorCode;
use serde_json::{Value, json};

use crate::kit::World;

fn ids(shown: &Value) -> Vec<String> {
    let ids = shown["user_ids"].as_array().expect("a list").iter();
    ids.map(crate::kit::text).collect()
}

#[tokio::test]
async fn typing_is_shown_to_the_room_and_gathered_until_the_next_tick() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let chat = alice.creates_group(&[&bob, &carol]).await;
    let here = json!({"chat_id": chat});
    let mut listener = alice.listens_to(&chat).await;
    assert_eq!(bob.calls("room.typing", here.clone()).await, json!({}));
    let shown = listener.receives("typing").await;
    assert_eq!(shown, json!({"chat_id": chat, "user_ids": [bob.id]}));

    // Whoever says it twice within a second has said it once.
    world.clock.advance(1_000);
    for person in [&carol, &bob, &carol, &bob] {
        person.calls("room.typing", here.clone()).await;
    }
    let mut shown = ids(&listener.receives("typing").await);
    while shown.len() < 2 {
        shown.extend(ids(&listener.receives("typing").await));
    }
    assert_eq!(shown, [&carol.id, &bob.id].map(Clone::clone));
    assert_eq!(listener.has_received(), Vec::<String>::new());
}

#[tokio::test]
async fn typing_is_no_entry_and_reaches_nobody_later() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let before = alice.sends(&chat, "one").await["offset"].as_u64().expect("a seq");
    let mut listener = alice.listens_to(&chat).await;
    bob.calls("room.typing", json!({"chat_id": chat})).await;
    listener.receives("typing").await;
    let after = alice.sends(&chat, "two").await["offset"].as_u64().expect("a seq");
    assert_eq!(after, before + 1);
    assert_eq!(alice.reads_page(&chat, json!({})).await.0, ["two", "one"]);
    assert_eq!(alice.listens_to(&chat).await.has_received(), Vec::<String>::new());
}

#[tokio::test]
async fn only_members_are_shown_and_only_to_rooms_that_are_small() {
    let world = World::new();
    let [alice, mallory] = world.people(["alice", "mallory"]).await;
    let chat = alice.creates_group(&[]).await;
    let here = json!({"chat_id": chat});
    assert_eq!(
        mallory.is_refused("room.typing", here.clone()).await,
        ErrorCode::NotFound
    );
    let code = alice.calls("room.invite", here.clone()).await["code"].clone();
    let fill = async |count: usize| {
        for number in 0..count {
            let params = json!({"code": code, "name": format!("guest {number}")});
            world.nobody("account.join", params).await.expect("let in");
        }
    };
    fill(99).await;
    alice.calls("room.typing", here.clone()).await;
    fill(1).await;
    assert_eq!(alice.is_refused("room.typing", here).await, ErrorCode::NotAvailable);
}
