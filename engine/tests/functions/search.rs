//! Searching messages, people and files, told by people who search.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use protocol::ErrorCode;
use serde_json::{Value, json};
use storage::search::{Backlog, Indexer, SearchMetrics};

use crate::{
    hooks::Hooks,
    kit::{NOW_MS, Person, World, items, text},
};

/// Brings the index of a chat up to date.
async fn index(world: &World, chat: &str) {
    let store = &world.engine.store;
    let room = chat.parse().expect("an id");
    let head = store.room(room).await.expect("read").expect("there").head;
    let indexer = Indexer::new(
        Arc::clone(store),
        Arc::<Backlog>::default(),
        SearchMetrics::unregistered(),
        || NOW_MS,
    );
    indexer.index_room(room, head.seq).await.expect("indexed");
}

async fn search(person: &Person, params: Value) -> Value {
    person.calls("search", params).await
}

/// The texts of the messages found.
async fn finds(person: &Person, q: &str) -> Vec<String> {
    let found = search(person, json!({"q": q, "in": "messages"})).await;
    items(&found)
        .iter()
        .map(|hit| text(&hit["message"]["content"]))
        .collect()
}

/// The matching pieces of a hit.
fn marked(hit: &Value) -> Vec<String> {
    let parts = hit["highlights"].as_array().expect("a list").iter();
    let parts = parts.flat_map(|highlight| highlight["parts"].as_array().expect("a list"));
    parts
        .filter(|part| part["match"] == true)
        .map(|part| text(&part["text"]))
        .collect()
}

#[tokio::test]
async fn alice_finds_what_was_said_in_any_form_of_the_word_and_in_any_language() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    for content in [
        "Ёлка стоит в офисе",
        "Готовы отчёты по проектам",
        "Deploying the release, отчёт позже",
    ] {
        bob.sends(&chat, content).await;
    }
    for is_indexed in [false, true] {
        if is_indexed {
            index(&world, &chat).await;
        }
        assert_eq!(finds(&alice, "елки").await, ["Ёлка стоит в офисе"]);
        assert_eq!(
            finds(&alice, "ОТЧЁТА").await,
            ["Deploying the release, отчёт позже", "Готовы отчёты по проектам"]
        );
        assert_eq!(
            finds(&alice, "deployed отчету").await,
            ["Deploying the release, отчёт позже"]
        );
        assert_eq!(
            finds(&alice, "\"отчет по проекту\"").await,
            ["Готовы отчёты по проектам"]
        );
        assert!(finds(&alice, "\"проект отчет\"").await.is_empty());
    }
    let found = search(&alice, json!({"q": "отчет", "in": "messages", "limit": 1})).await;
    let hit = &items(&found)[0];
    assert_eq!(hit["type"], "message");
    assert_eq!(hit["message"]["sender"], bob.id);
    assert_eq!(marked(hit), ["отчёт"]);
}

#[tokio::test]
async fn an_edited_message_is_found_by_its_new_text_at_once_and_a_deleted_one_not_at_all() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let edited = alice.sends(&chat, "the old words").await;
    let deleted = alice.sends(&chat, "the old secret").await;
    index(&world, &chat).await;
    let id = |message: &Value| message["message_id"].clone();
    alice
        .calls(
            "message.edit",
            json!({"message_id": id(&edited), "content": "the new words"}),
        )
        .await;
    alice.calls("message.delete", json!({"message_id": id(&deleted)})).await;
    for is_indexed in [false, true] {
        if is_indexed {
            index(&world, &chat).await;
        }
        assert!(finds(&bob, "old").await.is_empty());
        assert!(finds(&bob, "secret").await.is_empty());
        assert_eq!(finds(&bob, "new").await, ["the new words"]);
        assert_eq!(finds(&bob, "words").await, ["the new words"]);
    }
}

#[tokio::test]
async fn who_has_left_finds_nothing_and_who_never_was_there_neither() {
    let world = World::new();
    let [alice, bob, eve] = world.people(["alice", "bob", "eve"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice.sends(&chat, "between us").await;
    index(&world, &chat).await;
    assert_eq!(finds(&bob, "between").await.len(), 1);
    assert!(finds(&eve, "between").await.is_empty());
    assert_eq!(
        eve.is_refused("search", json!({"q": "between", "chat_id": chat})).await,
        ErrorCode::NotFound
    );
    bob.calls("participants.remove", json!({"chat_id": chat, "user_id": bob.id}))
        .await;
    assert!(finds(&bob, "between").await.is_empty());
    alice.calls("room.delete", json!({"chat_id": chat})).await;
    assert!(
        finds(&alice, "between").await.is_empty(),
        "a deleted chat is not searched"
    );
}

/// Removes somebody, or deletes a message, while a search has its rows already.
#[derive(Default)]
struct Meanwhile {
    act: OnceLock<tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<()>>>,
    is_done: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Hooks for Meanwhile {
    async fn rows_read(&self) {
        let Some(act) = self.act.get() else { return };
        if self.is_done.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return;
        }
        let (done, wait) = tokio::sync::oneshot::channel();
        act.send(done).await.expect("somebody acts");
        wait.await.expect("done");
    }
}

/// A search of bob's, and what alice does in the middle of it.
async fn in_the_middle(method: &str, params: impl FnOnce(&str, &str, &Person) -> Value) -> Vec<String> {
    let hooks = Arc::new(Meanwhile::default());
    let world = World::interfered(Arc::clone(&hooks) as Arc<dyn Hooks>);
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let message = text(&alice.sends(&chat, "a secret").await["message_id"]);
    let (act, mut acts) = tokio::sync::mpsc::channel(1);
    hooks.act.set(act).expect("once");
    let params = params(&chat, &message, &bob);
    let acting = async {
        let done = acts.recv().await.expect("a search reads");
        alice.calls(method, params).await;
        done.send(()).expect("it waits");
    };
    tokio::join!(finds(&bob, "secret"), acting).0
}

#[tokio::test]
async fn a_removal_or_deletion_in_the_middle_of_a_search_wins() {
    let removed = |chat: &str, _: &str, bob: &Person| json!({"chat_id": chat, "user_id": bob.id});
    assert!(in_the_middle("participants.remove", removed).await.is_empty());
    let deleted = |_: &str, message: &str, _: &Person| json!({"message_id": message});
    assert!(in_the_middle("message.delete", deleted).await.is_empty());
}

#[tokio::test]
async fn filters_narrow_a_search() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let office = text(
        &alice
            .calls(
                "room.create",
                json!({"name": "The Office", "participants": [bob.id], "kind": "group"}),
            )
            .await["chat_id"],
    );
    let event = text(
        &alice
            .calls(
                "room.create",
                json!({"name": "Наш ивент", "participants": [bob.id], "kind": "group"}),
            )
            .await["chat_id"],
    );
    alice.sends(&office, "plan one").await;
    bob.sends(&office, "plan two").await;
    world.clock.advance(86_400_000);
    bob.sends(&event, "plan three").await;
    index(&world, &office).await;

    for (q, expected) in [
        ("plan", &["plan three", "plan two", "plan one"][..]),
        ("plan from:alice", &["plan one"]),
        ("plan from:@BOB", &["plan three", "plan two"]),
        ("from:me", &["plan one"]),
        ("plan from:nobody", &[]),
        ("plan in:office", &["plan two", "plan one"]),
        ("plan in:\"наш ив\"", &["plan three"]),
        ("plan in:elsewhere", &[]),
        ("plan before:2023-11-15", &["plan two", "plan one"]),
        ("plan after:2023-11-15", &["plan three"]),
        ("plan after:2023-11-14T22:13:20Z before:2023-11-15T00:00:00+03:00", &[]),
        ("plan has:file", &[]),
    ] {
        assert_eq!(finds(&alice, q).await, expected, "{q}");
    }
    assert_eq!(finds(&alice, &format!("plan in:{event}")).await, ["plan three"]);
    let in_chat = search(&alice, json!({"q": "plan", "in": "messages", "chat_id": office})).await;
    assert_eq!(items(&in_chat).len(), 2);
}

#[tokio::test]
async fn pages_follow_each_other_and_a_cursor_serves_its_own_search_alone() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let mut chats = Vec::new();
    for _ in 0..3 {
        chats.push(alice.creates_group(&[&bob]).await);
    }
    let mut expected = Vec::new();
    for number in 0..25 {
        world.clock.advance(5);
        let content = format!("word {number}");
        alice.sends(&chats[number * 2 % 3], &content).await;
        expected.push(content);
    }
    index(&world, &chats[1]).await;
    expected.reverse();
    let (mut seen, mut params) = (Vec::new(), json!({"q": "word", "limit": "4"}));
    let mut last_cursor = Value::Null;
    loop {
        let page = search(&alice, params.clone()).await;
        seen.extend(items(&page).iter().map(|hit| text(&hit["message"]["content"])));
        if page["next"].is_null() {
            break;
        }
        last_cursor = page["next"].clone();
        params["cursor"] = page["next"].clone();
    }
    assert_eq!(seen, expected);

    for foreign in [
        json!({"q": "another", "cursor": last_cursor}),
        json!({"q": "word", "in": "messages", "cursor": last_cursor}),
        json!({"q": "word", "chat_id": chats[0], "cursor": last_cursor}),
        json!({"q": "word", "cursor": "o7"}),
        json!({"q": "word", "cursor": ""}),
        json!({"q": "word", "cursor": "A".repeat(43)}),
        json!({"q": "word", "cursor": "%00' OR 1=1"}),
    ] {
        assert_eq!(
            alice.is_refused("search", foreign.clone()).await,
            ErrorCode::BadRequest,
            "{foreign}"
        );
    }
    let of_alice = json!({"q": "word", "cursor": last_cursor});
    assert_eq!(bob.is_refused("search", of_alice).await, ErrorCode::BadRequest);
}

#[tokio::test]
async fn people_are_found_by_their_names_and_stand_on_the_first_page() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let info = json!({"first_name": "Семён", "last_name": "Ёлкин"});
    bob.calls("user.update", json!({"username": "bob", "info": info})).await;
    let found = search(&alice, json!({"q": "семен ел"})).await;
    assert_eq!(items(&found).len(), 1);
    let hit = &items(&found)[0];
    assert_eq!(
        (&hit["type"], &hit["user"]["username"]),
        (&json!("contact"), &json!("bob"))
    );
    assert_eq!(marked(hit), ["Семён", "Ёлкин"]);
    let people = alice.calls("user.search", json!({"q": "Ёлк"})).await;
    assert_eq!(items(&people)[0]["username"], "bob");
    let none = search(&alice, json!({"q": "семен", "in": "messages,files"})).await;
    assert!(items(&none).is_empty());
}

#[tokio::test]
async fn what_is_typed_is_text_or_refused_but_never_an_error_of_the_node() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    alice
        .sends(
            &chat,
            "it's 100% <script>alert(1)</script> C:\\temp\\* ABC-123 ivan@example.org",
        )
        .await;
    for is_indexed in [false, true] {
        if is_indexed {
            index(&world, &chat).await;
        }
        for q in [
            "100%",
            "<script>",
            "alert(1)",
            "temp\\*",
            "ABC-123",
            "abc",
            "ivan@example.org",
            "\"C:\\temp",
            "it’s",
            "script' 'alert",
            "\u{0}script\u{7}",
        ] {
            assert_eq!(finds(&alice, q).await.len(), 1, "{q}");
        }
        for q in [
            "' OR '1'='1",
            "x'; DROP TABLE entries; --",
            "scr*",
            "s_ript",
            "alert AND script",
            "NEAR(script)",
            "ABC-124",
        ] {
            assert!(finds(&alice, q).await.is_empty(), "{q}");
        }
    }
    let found = search(&alice, json!({"q": "script"})).await;
    assert_eq!(marked(&items(&found)[0]), ["script", "script"], "text stays text");

    for (params, code) in [
        (json!({"q": "word ".repeat(10_000)}), ErrorCode::BadRequest),
        (json!({"q": "w ".repeat(100)}), ErrorCode::BadRequest),
        (json!({"q": ""}), ErrorCode::BadRequest),
        (json!({"q": "* % _ ?"}), ErrorCode::BadRequest),
        (json!({"q": 7}), ErrorCode::BadRequest),
        (json!({}), ErrorCode::BadRequest),
        (json!({"q": "a before:yesterday"}), ErrorCode::BadRequest),
        (json!({"q": "a has:wings"}), ErrorCode::BadRequest),
        (json!({"q": "a", "in": "everything"}), ErrorCode::BadRequest),
        (json!({"q": "a", "in": ""}), ErrorCode::BadRequest),
        (json!({"q": "a", "limit": 0}), ErrorCode::BadRequest),
        (json!({"q": "a", "chat_id": "nonsense"}), ErrorCode::NotFound),
        (json!({"q": "a", "user_id": bob.id}), ErrorCode::NotFound),
        (json!({"q": "a", "in": "messages,tickets"}), ErrorCode::PermissionDenied),
    ] {
        assert_eq!(alice.is_refused("search", params.clone()).await, code, "{params}");
    }
    assert!(items(&search(&alice, json!({"q": "a", "user_id": alice.id, "in": "contacts"})).await).len() == 1);
}

#[tokio::test]
async fn a_long_end_is_closed_by_itself() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    for hundred in 0..21 {
        let numbers = hundred * 100..(hundred + 1) * 100;
        let sends = numbers.map(|number| {
            let (alice, chat) = (&alice, &chat);
            async move { alice.sends(chat, &format!("message number {number}")).await }
        });
        futures_util::future::join_all(sends).await;
    }
    let room = chat.parse().expect("an id");
    while world.engine.store.search_state(room).await.expect("a state").indexed_to < 2_048 {
        tokio::task::yield_now().await;
    }
    assert_eq!(finds(&alice, "1234").await, ["message number 1234"]);
    assert_eq!(finds(&alice, "2099").await, ["message number 2099"]);
}
