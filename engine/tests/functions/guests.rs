//! Guests: how a link lets people in, and how far they come with it.

use std::{net::IpAddr, sync::Arc};

use engine::{
    Caller, Channel,
    functions::{Needs, TABLE},
    rooms::{Command, Verb},
};
use protocol::{Error, ErrorCode};
use serde_json::{Value, json};
use storage::Role;

use crate::kit::{Person, World, items, text};

/// What a guest may call: a verb that is not here is closed to guests, whoever adds it.
const FOR_GUESTS: [&str; 11] = [
    "user.list",
    "room.list",
    "room.get",
    "room.typing",
    "participants.list",
    "message.send",
    "message.history",
    "message.edit",
    "message.delete",
    "message.receive",
    "message.read",
];

fn from(address: &str) -> Caller {
    let address: IpAddr = address.parse().expect("an address");
    Caller::anonymous().from_address(Some(address))
}

/// The code of a group's invitation.
async fn invites(owner: &Person, chat: &str) -> String {
    text(&owner.calls("room.invite", json!({"chat_id": chat})).await["code"])
}

async fn join(world: &Arc<World>, code: &str, name: &str) -> Result<Value, Error> {
    world.nobody("account.join", json!({"code": code, "name": name})).await
}

/// Somebody comes in.
async fn guest(world: &Arc<World>, code: &str, name: &str) -> Person {
    let joined = join(world, code, name).await.expect("let in");
    Person::logged_in(world, joined).await
}

fn participants(chat: &Value) -> Vec<String> {
    chat["participants"]
        .as_array()
        .expect("a list")
        .iter()
        .map(text)
        .collect()
}

#[tokio::test]
async fn a_link_lets_somebody_in_who_talks_with_the_others() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let made = alice.calls("room.invite", json!({"chat_id": chat})).await;
    let code = text(&made["code"]);
    assert_eq!(made["chat_id"], json!(chat));
    assert_eq!(made["path"], json!(format!("/join/{code}")));
    assert_eq!(made["created"], "2023-11-14T22:13:20.000Z");
    assert_eq!(alice.calls("room.invite", json!({"chat_id": chat})).await, made);
    let greeting = world
        .nobody("invitation.get", json!({"code": code}))
        .await
        .expect("there");
    assert_eq!(
        greeting,
        json!({"chat_id": chat, "name": "a group", "participants_count": 1})
    );

    let mut follower = alice.listens_to(&chat).await;
    let joined = join(&world, &code.to_lowercase().replace('-', ""), "  Анна 🎈 ")
        .await
        .expect("let in");
    assert_eq!((&joined["chat_id"], &joined["name"]), (&json!(chat), &json!("Анна 🎈")));
    assert!(text(&joined["username"]).starts_with("guest-"), "{joined}");
    let anna = Person::logged_in(&world, joined).await;
    follower.receives("participants.changed").await;

    let sent = anna.sends(&chat, "hello").await;
    assert_eq!(alice.reads_page(&chat, json!({})).await.0, ["hello"]);
    let id = json!({"message_id": sent["message_id"], "content": "hello, all"});
    assert_eq!(anna.calls("message.edit", id).await["content"], "hello, all");
    let answer = alice.sends(&chat, "welcome").await;
    let read = json!({"message_id": answer["message_id"]});
    anna.calls("message.receive", read.clone()).await;
    assert_eq!(anna.calls("message.read", read.clone()).await["status"], "read");
    assert_eq!(
        anna.is_refused("message.delete", read).await,
        ErrorCode::PermissionDenied
    );
    anna.calls("message.delete", json!({"message_id": sent["message_id"]}))
        .await;
    let people = anna.calls("participants.list", json!({"chat_id": chat})).await;
    assert_eq!(items(&people).len(), 2);
    let opened = anna.calls("room.get", json!({"chat_id": chat})).await;
    assert!(participants(&opened).contains(&anna.id), "{opened}");
}

#[tokio::test]
async fn every_verb_is_closed_to_guests_but_those_that_say_otherwise() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    let anna = guest(&world, &code, "Anna").await;
    let message = alice.sends(&chat, "hi").await["message_id"].clone();
    let everything = json!({
        "chat_id": chat, "message_id": message, "user_id": alice.id, "username": "alice", "participants": [alice.id],
        "name": "x", "content": "x", "q": "alice", "ids": alice.id, "session_id": "0", "info": {}, "kind": "group",
    });
    for row in TABLE.iter().filter(|row| row.needs == Needs::SignedIn) {
        assert_eq!(row.is_for_guests, FOR_GUESTS.contains(&row.method), "{}", row.method);
        let refused = world.call(&anna.caller, row.method, everything.clone()).await;
        let is_closed = refused.is_err_and(|error| error.message() == "not for guests");
        assert_eq!(is_closed, !row.is_for_guests, "{}", row.method);
    }
    let own = json!({"username": anna.name, "info": {"name": "Boss"}});
    assert_eq!(anna.is_refused("user.update", own).await, ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn no_other_room_is_there_for_a_guest() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let (chat, other) = (alice.creates_group(&[]).await, alice.creates_group(&[&bob]).await);
    let secret = alice.sends(&other, "secret").await["message_id"].clone();
    let anna = guest(&world, &invites(&alice, &chat).await, "Anna").await;
    // Not even if the system had put them there.
    let add = Verb::AddParticipants {
        users: vec![(anna.caller.user.clone(), Role::Owner)],
    };
    let command = Command {
        caller: Caller::system(),
        verb: add,
        client_msg_id: None,
    };
    let channel = Channel::of_room(other.parse().expect("an id"));
    let added = world.engine.rooms.submit(&channel, command).await;
    added.expect("an answer").expect("a member");
    let elsewhere = json!({
        "chat_id": other, "message_id": secret, "content": "x", "around": secret, "ids": bob.id,
    });
    for row in TABLE.iter().filter(|row| row.is_for_guests) {
        match row.method {
            "room.list" => {
                let list = anna.calls("room.list", json!({})).await;
                let listed: Vec<_> = items(&list).iter().map(|line| &line["chat_id"]).collect();
                assert_eq!(listed, [&json!(chat)]);
            }
            "user.list" => assert!(items(&anna.calls("user.list", elsewhere.clone()).await).is_empty()),
            method => {
                let refused = anna.is_refused(method, elsewhere.clone()).await;
                assert_eq!(refused, ErrorCode::NotFound, "{method}");
            }
        }
    }
    // Nobody can take a guest along into another room either.
    let named = json!({"chat_id": other, "participants": [anna.id]});
    assert_eq!(alice.is_refused("participants.add", named).await, ErrorCode::Invalid);
    for kind in ["direct", "group"] {
        let new = json!({"name": "x", "participants": [anna.id], "kind": kind});
        assert_eq!(alice.is_refused("room.create", new).await, ErrorCode::Invalid, "{kind}");
    }
    for query in ["guest", "anna"] {
        assert!(
            items(&bob.calls("user.search", json!({"q": query})).await).is_empty(),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_refreshed_token_reaches_no_further_and_a_logged_out_one_nowhere() {
    let world = World::new();
    let alice = world.person("alice").await;
    let (chat, _) = (alice.creates_group(&[]).await, alice.creates_group(&[]).await);
    let anna = guest(&world, &invites(&alice, &chat).await, "Anna").await;
    let refreshed = world
        .nobody("account.refresh", json!({"refresh_token": anna.refresh}))
        .await;
    let refreshed = refreshed.expect("refreshed");
    let again = Person::logged_in(&world, refreshed).await;
    assert!(again.caller.is_guest());
    assert_eq!(items(&again.calls("room.list", json!({})).await).len(), 1);
    assert_eq!(
        again.is_refused("room.create", json!({})).await,
        ErrorCode::PermissionDenied
    );
    again.calls("account.logout", json!({})).await;
    assert_eq!(world.admits(&again.access).await, Err(ErrorCode::Unauthorized));
}

#[tokio::test]
async fn only_an_owner_of_a_group_invites() {
    let world = World::new();
    let [alice, bob, mallory] = world.people(["alice", "bob", "mallory"]).await;
    let chat = alice.creates_group(&[&bob]).await;
    let direct = json!({"participants": [bob.id], "kind": "direct"});
    let direct = text(&alice.calls("room.create", direct).await["chat_id"]);
    for verb in ["room.invite", "room.revoke_invitation"] {
        let here = json!({"chat_id": chat});
        assert_eq!(bob.is_refused(verb, here.clone()).await, ErrorCode::PermissionDenied);
        assert_eq!(mallory.is_refused(verb, here.clone()).await, ErrorCode::NotFound);
        assert_eq!(
            alice.is_refused(verb, json!({"chat_id": direct})).await,
            ErrorCode::Invalid
        );
        let moderator = json!({"chat_id": chat, "participants": [{"user_id": bob.id, "role": "moderator"}]});
        alice
            .calls("participants.add", moderator)
            .await
            .is_object()
            .then_some(())
            .expect("promoted");
        assert_eq!(bob.is_refused(verb, here).await, ErrorCode::PermissionDenied);
        let out = json!({"chat_id": chat, "participants": [bob.id]});
        alice.calls("participants.remove", out.clone()).await;
        alice.calls("participants.add", out).await;
    }
}

#[tokio::test]
async fn an_ended_link_lets_nobody_in_and_whoever_is_in_stays() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    let anna = guest(&world, &code, "Anna").await;
    let here = json!({"chat_id": chat});
    assert_eq!(alice.calls("room.revoke_invitation", here.clone()).await, here);
    assert_eq!(
        alice.is_refused("room.revoke_invitation", here.clone()).await,
        ErrorCode::NotFound
    );
    for method in ["account.join", "invitation.get"] {
        let refused = world.nobody(method, json!({"code": code, "name": "Eve"})).await;
        assert_eq!(refused.expect_err("ended").code, ErrorCode::NotFound, "{method}");
    }
    anna.sends(&chat, "still here").await;

    let next = invites(&alice, &chat).await;
    assert_ne!(next, code);
    guest(&world, &next, "Eve").await;
    assert!(join(&world, &code, "Eve").await.is_err());

    alice
        .calls(
            "participants.remove",
            json!({"chat_id": chat, "participants": [anna.id]}),
        )
        .await;
    assert_eq!(
        anna.is_refused("message.send", json!({"chat_id": chat, "content": "x"}))
            .await,
        ErrorCode::NotFound
    );
    assert!(items(&anna.calls("room.list", json!({})).await).is_empty());
    assert!(items(&anna.calls("user.list", json!({"ids": alice.id})).await).is_empty());
}

#[tokio::test]
async fn a_deleted_room_takes_nobody() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    alice.calls("room.delete", json!({"chat_id": chat})).await;
    let refused = join(&world, &code, "Anna").await.expect_err("deleted");
    assert_eq!(
        (refused.code, refused.message()),
        (ErrorCode::NotFound, "this chat has been deleted")
    );
}

#[tokio::test]
async fn a_name_that_plays_tricks_is_refused_in_words_and_one_that_looks_like_code_is_text() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    let long = "x".repeat(10_000);
    for name in ["", "  ", "a\0b", "a\nb", "evil\u{202e}txt", "\u{200b}", &long] {
        let refused = join(&world, &code, name).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::Invalid, "{name:?}");
        assert!(refused.message().starts_with("name: "), "{refused}");
    }
    let name = "<script>alert(1)</script>\"'&";
    let script = guest(&world, &code, name).await;
    let profiles = alice.calls("user.list", json!({"ids": script.id})).await;
    assert_eq!(items(&profiles)[0]["info"], json!({"name": name}));
    let missing = world.nobody("account.join", json!({"code": code})).await;
    assert_eq!(missing.expect_err("no name").code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait_and_nobody_else() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    let guesser = from("192.0.2.1");
    let guess = |number: u32| json!({"code": format!("00000-{number:05}"), "name": "Eve"});
    for number in 0..engine::limits::WRONG_CODES_AT_ONCE {
        let method = ["account.join", "invitation.get"][number as usize % 2];
        let refused = world.call(&guesser, method, guess(number)).await.expect_err("wrong");
        assert_eq!(refused.code, ErrorCode::NotFound);
    }
    let right = json!({"code": code, "name": "Eve"});
    for params in [guess(99), json!({"code": "x"}), right.clone()] {
        let params = json!({"name": "Eve", "code": params["code"]});
        let refused = world.call(&guesser, "account.join", params).await.expect_err("paused");
        assert_eq!(refused.code, ErrorCode::TooManyRequests);
    }
    assert!(
        world
            .call(&from("192.0.2.2"), "account.join", right.clone())
            .await
            .is_ok()
    );
    world.clock.advance(engine::limits::WRONG_CODES_PAUSE_MS);
    assert!(world.call(&guesser, "account.join", right).await.is_ok());
}

#[tokio::test]
async fn a_hall_behind_one_address_comes_in_at_once() {
    let world = World::new();
    let alice = world.person("alice").await;
    let chat = alice.creates_group(&[]).await;
    let code = invites(&alice, &chat).await;
    let hall = from("192.0.2.1");
    let joins = (0..100).map(|number| {
        let params = json!({"code": code, "name": format!("guest {number}")});
        world.call(&hall, "account.join", params)
    });
    let outcomes = futures_util::future::join_all(joins.collect::<Vec<_>>()).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 100);
    assert_eq!(
        alice.sees_in_list(&chat).await.expect("there")["participants_count"],
        101
    );
}

#[tokio::test]
async fn profiles_come_in_the_order_asked_for_and_unknown_ones_are_left_out() {
    let world = World::new();
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]).await;
    let ids = format!("{}, nobody,{},{},,{}", carol.id, alice.id, carol.id, bob.id);
    let profiles = alice.calls("user.list", json!({"ids": ids})).await;
    let names: Vec<_> = items(&profiles).iter().map(|user| text(&user["username"])).collect();
    assert_eq!(names, ["carol", "alice", "bob"]);
    let many = vec!["x"; 101].join(",");
    for (ids, code) in [
        (json!(""), ErrorCode::BadRequest),
        (json!(" , "), ErrorCode::BadRequest),
        (json!([1]), ErrorCode::BadRequest),
        (json!(many), ErrorCode::Invalid),
    ] {
        assert_eq!(alice.is_refused("user.list", json!({"ids": ids})).await, code);
    }
    assert!(items(&alice.calls("user.list", json!({"ids": "\u{0}"})).await).is_empty());
}

#[tokio::test]
async fn a_guest_is_told_who_is_or_was_in_the_room_and_nobody_else() {
    let world = World::new();
    let [alice, bob, carol, mallory] = world.people(["alice", "bob", "carol", "mallory"]).await;
    let chat = alice.creates_group(&[&bob, &carol]).await;
    bob.sends(&chat, "bye").await;
    for leaver in [&bob, &carol] {
        let oneself = json!({"chat_id": chat, "participants": [leaver.id]});
        leaver.calls("participants.remove", oneself).await;
    }
    let code = invites(&alice, &chat).await;
    let (anna, ben) = (guest(&world, &code, "Anna").await, guest(&world, &code, "Ben").await);
    let ids = [&mallory, &bob, &alice, &ben, &carol, &anna]
        .map(|person| person.id.clone())
        .join(",");
    let seen = anna.calls("user.list", json!({"ids": ids})).await;
    let seen: Vec<_> = items(&seen).iter().map(|user| text(&user["user_id"])).collect();
    assert_eq!(seen, [&bob.id, &alice.id, &ben.id, &anna.id].map(Clone::clone));
}
