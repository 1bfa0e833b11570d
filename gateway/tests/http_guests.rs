//! Stories about guests over HTTP: the link, the one room it leads to, and everything behind it that stays closed.

mod http_kit;

use engine::functions::{Needs, TABLE};
use http_kit::{Answer, Node, User, socket::Socket};
use serde_json::{Value, json};

/// The invitation of a chat.
fn invitation(owner: &User<'_>, chat: &str) -> Value {
    let answer = owner.post(&format!("/chats/{chat}/invitation"), &json!({}));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn join(node: &Node, code: &Value, name: &str) -> Answer {
    node.nobody().post("/join", &json!({ "code": code, "name": name }))
}

/// Somebody comes in.
fn guest<'a>(node: &'a Node, code: &Value) -> User<'a> {
    let answer = join(node, code, "Anna");
    assert_eq!(answer.status, 201, "{answer:?}");
    let joined = answer.json();
    node.with_token(joined["access_token"].as_str().expect("a token"))
}

#[test]
fn a_link_is_made_greets_lets_in_and_ends() {
    let node = Node::start();
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Party", &[]);
    let made = invitation(&alice, &chat);
    let path = made["path"].as_str().expect("a path");
    assert_eq!(path, format!("/join/{}", made["code"].as_str().expect("a code")));
    assert_eq!(invitation(&alice, &chat), made);

    let (page, start) = (node.nobody().get(path), node.nobody().get("/"));
    assert_eq!((page.status, page.body), (200, start.body));
    assert_eq!(
        page.headers.get("content-security-policy"),
        start.headers.get("content-security-policy")
    );
    let greeting = node
        .nobody()
        .get(&path.replace("/join/", "/invitation/").to_lowercase());
    assert_eq!(
        greeting.json(),
        json!({ "chat_id": chat, "name": "Party", "participants_count": 1 })
    );

    let joined = join(&node, &made["code"], " Анна ").json();
    for field in ["access_token", "refresh_token", "user_id", "username"] {
        assert!(
            joined[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {joined}"
        );
    }
    assert!(joined["expires_in"].is_u64(), "{joined}");
    assert_eq!((&joined["chat_id"], &joined["name"]), (&json!(chat), &json!("Анна")));
    let anna = node.with_token(joined["access_token"].as_str().expect("a token"));
    assert_eq!(anna.says(&chat, "hello")["sender"], joined["user_id"]);
    let typing = anna.post(&format!("/chats/{chat}/typing"), &json!({}));
    assert_eq!((typing.status, typing.json()), (200, json!({})));

    assert_eq!(alice.delete(&format!("/chats/{chat}/invitation")).status, 200);
    join(&node, &made["code"], "Eve").is_problem(404);
    node.nobody()
        .get(&format!("/invitation/{}", made["code"].as_str().expect("a code")))
        .is_problem(404);
    anna.says(&chat, "still here");
}

#[test]
fn every_route_is_closed_to_guests_but_those_that_say_otherwise() {
    let node = Node::start();
    let alice = node.registers("alice");
    let (chat, other) = (alice.creates_chat("Party", &[]), alice.creates_chat("Board", &[]));
    let message = alice.says(&other, "secret")["message_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let anna = guest(&node, &invitation(&alice, &chat)["code"]);
    let body = json!({
        "content": "x", "name": "x", "participants": [alice.id], "info": {}, "kind": "group",
    });
    for row in TABLE.iter().filter(|row| row.needs == Needs::SignedIn) {
        for route in row.routes {
            let path = route
                .path
                .replace("{chat_id}", &other)
                .replace("{message_id}", &message)
                .replace("{user_id}", &alice.id)
                .replace("{username}", "alice")
                .replace("{session_id}", "00000000-0000-0000-0000-000000000000");
            let answer = match route.method.as_str() {
                "GET" => anna.get(&format!("{path}?q=alice&ids={}", alice.id)),
                "DELETE" => anna.delete(&path),
                method => anna.sends(method, &path, "application/json", &body.to_string()),
            };
            let (method, path) = (route.method.as_str(), route.path);
            match row.method {
                "room.list" => assert_eq!(answer.json()[0]["chat_id"], json!(chat)),
                "user.list" => assert_eq!(answer.json()[0]["user_id"], json!(alice.id)),
                _ if row.is_for_guests => drop(answer.is_problem(404)),
                _ => assert_eq!(answer.is_problem(403)["code"], 103, "{method} {path}"),
            }
        }
    }
    assert_eq!(anna.get("/chats").json().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_guests_refreshed_token_is_a_guests_token() {
    let node = Node::start();
    let alice = node.registers("alice");
    let (chat, other) = (alice.creates_chat("Party", &[]), alice.creates_chat("Board", &[]));
    let joined = join(&node, &invitation(&alice, &chat)["code"], "Anna").json();
    let refreshed = node
        .nobody()
        .post("/refresh", &json!({ "refresh_token": joined["refresh_token"] }));
    assert_eq!(refreshed.status, 200);
    let anna = node.with_token(refreshed.json()["access_token"].as_str().expect("a token"));
    assert_eq!(anna.get(&format!("/chats/{chat}")).status, 200);
    anna.get(&format!("/chats/{other}")).is_problem(404);
    anna.post("/chats", &json!({ "name": "x", "participants": [] }))
        .is_problem(403);
    // Made by an operator, too.
    let username = joined["username"].as_str().expect("a name");
    let token = node.folder.token(username);
    node.with_token(&token).get(&format!("/chats/{other}")).is_problem(404);
    assert_eq!(anna.post("/logout", &json!({})).status, 200);
    anna.get("/chats").is_problem(401);
}

#[test]
fn a_guest_hears_the_one_room_on_the_socket_of_events() {
    let node = Node::start();
    let alice = node.registers("alice");
    let (chat, other) = (alice.creates_chat("Party", &[]), alice.creates_chat("Board", &[]));
    let anna = guest(&node, &invitation(&alice, &chat)["code"]);
    let mut events = Socket::open(node.host(), &format!("/subscriptions?token={}", anna.token), &[]).expect("let in");
    alice.says(&other, "secret");
    alice.says(&chat, "hello");
    let heard = events.receives();
    assert_eq!(
        (&heard["event"], &heard["data"]["content"]),
        (&json!("message.created"), &json!("hello"))
    );
}

#[test]
fn nonsense_instead_of_codes_and_names_is_refused_in_words() {
    let node = Node::start();
    let alice = node.registers("alice");
    let code = &invitation(&alice, &alice.creates_chat("Party", &[]))["code"];
    for name in ["", "\u{0}", "a\r\nb", "a\u{202e}b", &"x".repeat(10_000)] {
        let problem = join(&node, code, name).is_problem(422);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|words| words.starts_with("name: ")),
            "{problem}"
        );
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "code": code }),
        json!({ "code": 1, "name": "x" }),
    ] {
        node.nobody().post("/join", &body).is_problem(400);
    }
    for made_up in ["", "00000-00000", "<script>", "' OR 1=1 --", &"0".repeat(10_000)] {
        join(&node, &json!(made_up), "Eve").is_problem(404);
    }
    for path in [
        "/invitation/%00",
        "/invitation/%ff",
        "/invitation/..%2f..",
        "/invitation/00000-00000",
    ] {
        node.nobody().get(path).is_problem(404);
    }
    let script = join(&node, code, "<img src=x onerror=alert(1)>");
    assert_eq!(
        (script.status, script.header("content-type")),
        (201, "application/json")
    );
}

#[test]
fn whoever_guesses_from_one_address_is_told_to_wait() {
    let node = Node::start();
    let alice = node.registers("alice");
    let code = invitation(&alice, &alice.creates_chat("Party", &[]))["code"].clone();
    let guesses = (0..1_000).map(|number| node.nobody().get(&format!("/invitation/00000-{number:05}")));
    let refused = guesses
        .into_iter()
        .find(|answer| answer.status != 404)
        .expect("not for ever");
    refused.is_problem(429);
    assert_eq!(refused.header("retry-after"), "1");
    // A socket from the same address is no way around.
    let mut socket = Socket::open(node.host(), "/connection/websocket", &[]).expect("open");
    socket.sends(&json!({ "id": 1, "connect": { "token": alice.token } }).to_string());
    socket.receives();
    for id in 2..1_000 {
        let data = json!({ "code": format!("00000-{id:05}") });
        socket.sends(&json!({ "id": id, "rpc": { "method": "invitation.get", "data": data } }).to_string());
        if socket.receives()["error"]["code"] == 111 {
            break;
        }
        assert!(id < 100, "each of them is let through");
    }
    // In a moment there is a place for the right one again.
    while join(&node, &code, "Anna").status == 429 {
        std::thread::yield_now();
    }
}
