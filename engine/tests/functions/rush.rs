//! Many open one room at the same moment, and what is remembered for them is never older than what was answered.

use std::sync::{
    Arc, Mutex, OnceLock, Weak,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use engine::{
    Caller, Channel, Engine,
    rooms::{Command, Verb},
};
use futures_util::future::join_all;
use protocol::{Epoch, ErrorCode, MessageId, RoomId, UserId};
use serde_json::{Value, json};
use storage::{AppendBatch, AppendError, LogHead, NewRoom, Role, RoomKind, UserRole};

use crate::{
    hooks::Hooks,
    kit::{NOW_MS, Person, World, items, text},
};

/// More than one reading of names takes: only the roster as a whole can serve them.
const CROWD: usize = 3_000;
/// What the opening of a cold room may cost.
const STATEMENTS_MAX: u64 = 20;

fn member(number: usize) -> Caller {
    Caller::person(user(number), UserRole::User, None)
}

fn user(number: usize) -> UserId {
    format!("member-{number}").parse().expect("an id")
}

/// A room of so many members in which the first has said something; nobody has opened it.
async fn cold_room(world: &World, members: usize, messages: usize) -> String {
    let role = |number| if number == 0 { Role::Owner } else { Role::Member };
    let room = NewRoom {
        id: RoomId::generate(NOW_MS),
        kind: RoomKind::Group,
        name: "an event".to_owned(),
        initiator: Some(user(0)),
        members: (0..members).map(|number| (user(number), role(number))).collect(),
        epoch: Epoch::generate(),
        now_ms: NOW_MS,
    };
    let chat = room.id.to_string();
    world.engine.store.create_room(room).await.expect("a room");
    for number in 1..=messages {
        let params = json!({"chat_id": chat, "content": number.to_string()});
        world.call(&member(0), "message.send", params).await.expect("sent");
    }
    chat
}

async fn page(world: &World, caller: &Caller, params: Value) -> Value {
    world.call(caller, "message.history", params).await.expect("a page")
}

fn texts(page: &Value) -> Vec<String> {
    items(page).iter().map(|message| text(&message["content"])).collect()
}

/// The newest page, and then the one before.
async fn opens(world: &World, number: usize, chat: &str) -> Vec<String> {
    let caller = member(number);
    let newest = page(world, &caller, json!({"chat_id": chat, "limit": 10})).await;
    let older = json!({"chat_id": chat, "limit": 10, "cursor": newest["next"]});
    let older = page(world, &caller, older).await;
    [texts(&newest), texts(&older)].concat()
}

#[tokio::test]
async fn a_crowd_that_opens_a_cold_room_costs_a_handful_of_statements() {
    for members in [CROWD, 500] {
        let world = World::new();
        let chat = cold_room(&world, members, 25).await;
        let before = world.statements();
        let opened = join_all((0..members).map(|number| opens(&world, number, &chat))).await;
        let expected: Vec<String> = (6..=25).rev().map(|number: i32| number.to_string()).collect();
        assert!(
            opened.iter().all(|texts| *texts == expected),
            "everybody gets the same two pages"
        );
        let statements = world.statements() - before;
        assert!(statements <= STATEMENTS_MAX, "{statements} statements");

        let stranger = Caller::person("mallory".parse().expect("an id"), UserRole::User, None);
        let refused = world.call(&stranger, "message.history", json!({"chat_id": chat})).await;
        assert_eq!(refused.expect_err("a stranger").code, ErrorCode::NotFound);
    }
}

/// A group of four whose rights and newest page are in memory, and a message on that page.
async fn warm_room() -> (Arc<World>, [Person; 4], String, String) {
    let world = World::new();
    let [alice, bob, carol, dora] = world.people(["alice", "bob", "carol", "dora"]).await;
    let chat = alice.creates_group(&[&bob, &carol, &dora]).await;
    let id = text(&alice.sends(&chat, "the first word").await["message_id"]);
    for person in [&alice, &bob, &carol, &dora] {
        assert_eq!(person.reads_page(&chat, json!({})).await.0, ["the first word"]);
    }
    let before = world.statements();
    for person in [&alice, &bob, &carol, &dora] {
        person.reads_page(&chat, json!({})).await;
    }
    assert_eq!(world.statements(), before, "everything is in memory");
    (world, [alice, bob, carol, dora], chat, id)
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_seen_at_once_in_a_page_that_is_remembered() {
    let (_world, [alice, bob, ..], chat, id) = warm_room().await;
    // The edit's own entry is no message, so that the page before the next message is asked for by the same name.
    let next = text(&alice.sends(&chat, "the next word").await["message_id"]);
    let older = json!({"before": next});
    assert_eq!(bob.reads_page(&chat, older.clone()).await.0, ["the first word"]);
    let edit = json!({"message_id": id, "content": "another word"});
    alice.calls("message.edit", edit).await;
    assert_eq!(bob.reads_page(&chat, older.clone()).await.0, ["another word"]);
    alice.calls("message.delete", json!({"message_id": id})).await;
    assert_eq!(bob.reads_page(&chat, older).await.0, [""]);
}

#[tokio::test]
async fn a_remembered_page_shows_who_has_read_and_who_has_left_with_it() {
    let (_world, [alice, bob, carol, _], chat, id) = warm_room().await;
    let status = async |person: &Person| {
        let page = person.calls("message.history", json!({"chat_id": chat})).await;
        text(&items(&page)[0]["status"])
    };
    assert_eq!(status(&carol).await, "sent");
    bob.calls("message.receive", json!({"message_id": id})).await;
    assert_eq!(status(&carol).await, "received");
    bob.calls("message.read", json!({"message_id": id})).await;
    assert_eq!(status(&carol).await, "read");
    // A page on which everything is read stays in memory whatever others read.
    carol.calls("message.read", json!({"message_id": id})).await;
    assert_eq!(status(&alice).await, "read");
    for leaver in [&bob, &carol] {
        let leaves = json!({"chat_id": chat, "user_id": leaver.id});
        alice.calls("participants.remove", leaves).await;
    }
    assert_eq!(status(&alice).await, "sent", "the marks have gone with those who left");
}

#[tokio::test]
async fn who_is_removed_gets_nothing_from_memory_and_who_is_added_gets_everything() {
    let (world, [alice, bob, carol, dora], chat, _) = warm_room().await;
    let eve = world.person("eve").await;
    let refused = eve.is_refused("message.history", json!({"chat_id": chat})).await;
    assert_eq!(refused, ErrorCode::NotFound);
    alice
        .calls("participants.add", json!({"chat_id": chat, "participants": [eve.id]}))
        .await;
    assert_eq!(eve.reads_page(&chat, json!({})).await.0, ["the first word"]);
    alice
        .calls("participants.remove", json!({"chat_id": chat, "user_id": bob.id}))
        .await;
    let refused = bob.is_refused("message.history", json!({"chat_id": chat})).await;
    assert_eq!(refused, ErrorCode::NotFound);
    assert_eq!(dora.reads_page(&chat, json!({})).await.0, ["the first word"]);
    carol
        .calls("participants.remove", json!({"chat_id": chat, "user_id": carol.id}))
        .await;
    let refused = carol.is_refused("message.history", json!({"chat_id": chat})).await;
    assert_eq!(refused, ErrorCode::NotFound, "whoever leaves is out as well");
    alice.calls("room.delete", json!({"chat_id": chat})).await;
    let refused = dora.is_refused("message.history", json!({"chat_id": chat})).await;
    assert_eq!(refused, ErrorCode::NotFound, "a deleted chat is gone for everybody");
}

#[tokio::test]
async fn a_purged_log_is_empty_at_once() {
    let (world, [alice, bob, ..], chat, _) = warm_room().await;
    let channel = Channel::of_room(chat.parse().expect("an id"));
    world.engine.remove_history(&channel).await.expect("emptied");
    assert!(bob.reads_page(&chat, json!({})).await.0.is_empty());
    alice.sends(&chat, "a new beginning").await;
    assert_eq!(bob.reads_page(&chat, json!({})).await.0, ["a new beginning"]);
}

/// Does one thing through the room's actor while a roster, or a page, has been read and is on its way.
#[derive(Default)]
struct Meanwhile {
    engine: OnceLock<Weak<Engine>>,
    verb: OnceLock<(RoomId, Verb)>,
    in_rosters: AtomicBool,
    in_pages: AtomicBool,
    done: AtomicUsize,
}

impl Meanwhile {
    async fn happens(&self, armed: &AtomicBool) {
        if !armed.swap(false, Ordering::SeqCst) {
            return;
        }
        let engine = self.engine.get().and_then(Weak::upgrade).expect("an engine");
        let (room, verb) = self.verb.get().cloned().expect("something to do");
        let command = Command {
            caller: Caller::system(),
            verb,
            client_msg_id: None,
        };
        let outcome = engine.rooms.submit(&Channel::of_room(room), command).await;
        assert!(matches!(outcome, Ok(Ok(_))), "{outcome:?}");
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Hooks for Meanwhile {
    async fn members_read(&self, _: RoomId) {
        self.happens(&self.in_rosters).await;
    }

    async fn entries_read(&self, _: RoomId) {
        self.happens(&self.in_pages).await;
    }
}

#[tokio::test]
async fn a_roster_that_was_read_before_a_removal_lets_nobody_in() {
    let meanwhile = Arc::new(Meanwhile::default());
    let world = World::interfered(Arc::clone(&meanwhile) as Arc<dyn Hooks>);
    let chat = cold_room(&world, 20, 1).await;
    let removed = 7;
    let users = vec![user(removed)];
    let verb = (chat.parse().expect("an id"), Verb::RemoveParticipants { users });
    meanwhile.engine.set(Arc::downgrade(&world.engine)).expect("set once");
    meanwhile.verb.set(verb).expect("set once");
    meanwhile.in_rosters.store(true, Ordering::SeqCst);
    let outcomes = join_all((0..20).map(|number| {
        let (world, chat) = (Arc::clone(&world), chat.clone());
        async move {
            let params = json!({"chat_id": chat});
            world.call(&member(number), "message.history", params).await.is_ok()
        }
    }))
    .await;
    assert_eq!(
        meanwhile.done.load(Ordering::SeqCst),
        1,
        "removed while the roster was read"
    );
    for (number, is_let_in) in outcomes.into_iter().enumerate() {
        assert_eq!(is_let_in, number != removed, "member {number}");
    }
}

#[tokio::test]
async fn a_page_that_was_read_before_a_deletion_is_not_remembered() {
    let meanwhile = Arc::new(Meanwhile::default());
    let world = World::interfered(Arc::clone(&meanwhile) as Arc<dyn Hooks>);
    let chat = cold_room(&world, 5, 3).await;
    let room: RoomId = chat.parse().expect("an id");
    let verb = Verb::Delete { target: 2 };
    meanwhile.engine.set(Arc::downgrade(&world.engine)).expect("set once");
    meanwhile.verb.set((room, verb)).expect("set once");
    meanwhile.in_pages.store(true, Ordering::SeqCst);
    let before = MessageId { room, seq: 3 }.to_string();
    let older = json!({"chat_id": chat, "before": before});
    let pages = join_all((0..5).map(|number| {
        let (world, older) = (Arc::clone(&world), older.clone());
        async move { texts(&page(&world, &member(number), older).await) }
    }))
    .await;
    assert_eq!(
        meanwhile.done.load(Ordering::SeqCst),
        1,
        "deleted while the page was read"
    );
    for page in pages {
        assert_eq!(page, ["", "1"]);
    }
    assert_eq!(texts(&page(&world, &member(0), older).await), ["", "1"]);
}

/// Opens the room for a crowd while a removal is on its way into the store, and asks as the removed one when it has got there.
#[derive(Default)]
struct RushDuringRemoval {
    world: OnceLock<Weak<World>>,
    chat: OnceLock<String>,
    /// The room is told that nobody knows what became of its batch.
    is_answer_lost: bool,
    /// Who may read before the batch is in the store, and then the removed one and another; a panic here would be the room's.
    seen: Mutex<Vec<bool>>,
    is_asked: AtomicBool,
}

const REMOVED: usize = 7;

impl RushDuringRemoval {
    async fn may_read(&self, number: usize) -> bool {
        let world = self.world.get().and_then(Weak::upgrade).expect("a node");
        let params = json!({"chat_id": self.chat.get().expect("a chat")});
        let page = world.call(&member(number), "message.history", params).await;
        page.is_ok()
    }

    fn is_removal(&self) -> bool {
        self.chat.get().is_some()
    }
}

#[async_trait]
impl Hooks for RushDuringRemoval {
    async fn append(&self, _: &AppendBatch) -> Result<(), AppendError> {
        if self.is_removal() {
            let opened = join_all((0..20).map(|number| self.may_read(number))).await;
            self.seen.lock().expect("no panic").push(opened == [true; 20]);
        }
        Ok(())
    }

    async fn appended(&self, _: RoomId, answer: Result<LogHead, AppendError>) -> Result<LogHead, AppendError> {
        if !self.is_removal() || self.is_asked.swap(true, Ordering::SeqCst) {
            return answer;
        }
        let seen = [!self.may_read(REMOVED).await, self.may_read(REMOVED + 1).await];
        self.seen.lock().expect("no panic").extend(seen);
        if self.is_answer_lost {
            return Err(AppendError::Unknown("a story".to_owned()));
        }
        answer
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_counts_from_its_commit_on_even_if_the_room_is_not_told_of_it() {
    for is_answer_lost in [false, true] {
        let hooks = Arc::new(RushDuringRemoval {
            is_answer_lost,
            ..RushDuringRemoval::default()
        });
        let world = World::interfered(Arc::clone(&hooks) as Arc<dyn Hooks>);
        let chat = cold_room(&world, 20, 1).await;
        hooks.world.set(Arc::downgrade(&world)).expect("set once");
        hooks.chat.set(chat.clone()).expect("set once");
        let remove = json!({"chat_id": chat, "user_id": user(REMOVED).to_string()});
        world
            .call(&member(0), "participants.remove", remove)
            .await
            .expect("removed");
        let seen = hooks.seen.lock().expect("no panic").clone();
        assert_eq!(
            seen, [true; 3],
            "all may read before; after the commit the removed one may not, and others may"
        );
        for number in 0..20 {
            assert_eq!(hooks.may_read(number).await, number != REMOVED, "member {number}");
        }
        let before = world.statements();
        assert!(hooks.may_read(1).await && !hooks.may_read(REMOVED).await);
        assert_eq!(world.statements(), before, "all is in memory again");
    }
}
