//! Stories about HTTP: what it makes of nonsense, of strangers, and of too much.

mod http_kit;

use http_kit::{Folder, Node};
use serde_json::json;

#[test]
fn without_a_token_that_holds_the_answer_is_401_and_says_how() {
    let node = Node::start();
    let alice = node.registers("alice");
    let foreign = Node::start().registers("alice").token;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";
    let changed = format!("{}x", alice.token);
    for token in ["", "x", &foreign, unsigned, &changed] {
        let answer = node.with_token(token).get("/chats");
        answer.is_problem(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"plenum\"");
    }
    let basic = node.raw("GET /chats HTTP/1.1\r\nhost: x\r\nauthorization: Basic YTpi\r\nconnection: close\r\n\r\n");
    assert!(basic.starts_with("HTTP/1.1 401 "), "{basic}");
}

#[test]
fn what_a_stranger_may_not_see_is_not_there() {
    let node = Node::start();
    let (alice, mallory) = (node.registers("alice"), node.registers("mallory"));
    let chat = alice.creates_chat("Private", &[]);
    let message = alice.says(&chat, "secret")["message_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let hello = json!({ "content": "hello" });
    for path in [
        format!("/chats/{chat}"),
        format!("/chats/{chat}/messages"),
        format!("/chat/{chat}"),
    ] {
        mallory.get(&path).is_problem(404);
    }
    mallory.post(&format!("/chats/{chat}/messages"), &hello).is_problem(404);
    mallory.patch(&format!("/messages/{message}"), &hello).is_problem(404);
    mallory.delete(&format!("/messages/{message}")).is_problem(404);
    mallory
        .put(&format!("/messages/{message}/read"), &json!({}))
        .is_problem(404);
    mallory.delete(&format!("/chats/{chat}")).is_problem(404);
    for id in [
        "x",
        "0000000000000",
        "%00",
        "..%2F..",
        "%C3%84",
        "%FF",
        &"a".repeat(4_000),
    ] {
        mallory.get(&format!("/chats/{id}")).is_problem(404);
    }
}

#[test]
fn a_retention_that_no_chat_can_have_is_422_in_words() {
    let node = Node::start();
    let alice = node.registers("alice");
    let path = format!("/chats/{}", alice.creates_chat("Lunch", &[]));
    for days in [json!(0), json!(-30), json!(36_501), json!(0.5)] {
        let answer = alice.patch(&path, &json!({ "retention_days": days }));
        answer.is_problem(422);
        let words = answer.json()["detail"].to_string();
        assert!(words.contains("a whole number from 1 to 36500, or null"), "{words}");
    }
    alice
        .patch(&path, &json!({ "retention_days": "thirty" }))
        .is_problem(400);
    for days in [json!(36_500), json!(null)] {
        let answer = alice.patch(&path, &json!({ "retention_days": days }));
        assert_eq!((answer.status, &answer.json()["retention_days"]), (200, &days));
    }
}

#[test]
fn nonsense_in_a_body_is_400() {
    let node = Node::start();
    let alice = node.registers("alice");
    let path = format!("/chats/{}/messages", alice.creates_chat("Lunch", &[]));
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let in_field = |value: &str| format!("{{\"content\":\"x\",\"more\":{value}}}");
    for body in [
        "{",
        "[]",
        "null",
        "42",
        "\"text\"",
        "{\"content\":\"x\"} {}",
        "{\"content\":\"x\",\"content\":\"y\"}",
        "{\"content\":\"\\ud800\"}",
        "{\"content\":NaN}",
        "{content:\"x\"}",
        "{\"content\":1}",
        "{\"content\":null}",
        "{\"content\":[\"x\"]}",
        "{\"reply_to\":1,\"content\":\"x\"}",
        "{}",
        &deep("[", "]"),
        &deep("{\"a\":", "}"),
        &in_field(&deep("[", "]")),
    ] {
        alice.sends("POST", &path, "application/json", body).is_problem(400);
    }
    assert_eq!(
        alice
            .sends("POST", &path, "application/json; charset=utf-8", "{\"content\":\"ok\"}")
            .status,
        201
    );
    assert_eq!(
        alice.says(path.split('/').nth(2).expect("an id"), "the node lives")["offset"],
        2
    );
}

#[test]
fn bodies_over_the_limit_are_413_whether_their_length_is_told_or_not() {
    let node = Node::start_in(Folder::new(), &[("PLENUM_LIMITS__MESSAGE_BYTES", "2048")]);
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Lunch", &[]);
    let path = format!("/chats/{chat}/messages");
    let of = |bytes: usize| json!({ "content": "x".repeat(bytes) });
    assert_eq!(alice.post(&path, &of(2_000)).status, 201);
    // However it is written: half of these letters' bytes are told in six characters each.
    let escaped = format!("{{\"content\":\"{}\"}}", "\\u0430".repeat(1_000));
    assert_eq!(alice.sends("POST", &path, "application/json", &escaped).status, 201);
    alice.post(&path, &of(2_049)).is_problem(413);
    alice.post(&path, &of(100_000)).is_problem(413);

    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\n",
        node.host(),
        alice.token
    );
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let chunked = node.raw(&format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"));
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked:.100}");
    let told = node.raw(&format!("{head}content-length: 999999999999\r\n\r\n{{"));
    assert!(told.starts_with("HTTP/1.1 413 "), "{told:.100}");
}

#[test]
fn a_body_that_is_not_json_is_415() {
    let node = Node::start();
    let alice = node.registers("alice");
    let path = format!("/chats/{}/messages", alice.creates_chat("Lunch", &[]));
    for content_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data",
    ] {
        alice
            .sends("POST", &path, content_type, "{\"content\":\"x\"}")
            .is_problem(415);
    }
}

#[test]
fn a_wrong_method_is_405_with_the_right_ones_and_a_wrong_path_404() {
    let node = Node::start();
    let alice = node.registers("alice");
    for (path, allow) in [
        ("/login", "POST"),
        ("/chats", "POST, GET, HEAD"),
        ("/chats/0000000000000", "GET, HEAD, PATCH, DELETE"),
        ("/messages/0/read", "PUT"),
        ("/healthz", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ] {
        let answer = alice.put(path, &json!({}));
        let answer = if answer.status == 405 { answer } else { alice.get(path) };
        answer.is_problem(405);
        let (mut got, mut wanted): (Vec<_>, Vec<_>) = (
            answer.header("allow").split(", ").collect(),
            allow.split(", ").collect(),
        );
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted, "{path}");
    }
    for path in [
        "/nothing",
        "/chats/",
        "/chats/a/b/c",
        "/Login",
        "//",
        "/%2e%2e/etc/passwd",
    ] {
        alice.get(path).is_problem(404);
    }
}

#[test]
fn a_query_with_nonsense_is_400_and_limits_are_bounded() {
    let node = Node::start();
    let alice = node.registers("alice");
    let path = format!("/chats/{}/messages", alice.creates_chat("Lunch", &[]));
    for query in [
        "limit=0",
        "limit=-1",
        "limit=many",
        "limit=1e3",
        "cursor=nonsense",
        "cursor=%FF%FE",
    ] {
        alice.get(&format!("{path}?{query}")).is_problem(400);
    }
    assert_eq!(alice.get(&format!("{path}?limit=99999")).status, 200);
    assert_eq!(alice.get(&format!("{path}?unknown=1&&=&x")).status, 200);
}

#[test]
fn the_path_can_not_be_contradicted() {
    let node = Node::start();
    let alice = node.registers("alice");
    let (one, other) = (alice.creates_chat("One", &[]), alice.creates_chat("Other", &[]));
    for spelling in ["chat_id", "chatId", "conversationId", "channelId"] {
        let path = format!("/chats/{one}/messages?{spelling}={other}");
        let sent = alice.post(&path, &json!({ spelling: other, "content": "x" }));
        assert_eq!(sent.status, 201, "{spelling}: {sent:?}");
        assert_eq!(sent.json()["chat_id"], json!(one), "{spelling}");
    }
}

#[test]
fn guessing_a_password_is_slowed_down_with_429_and_when_to_try_again() {
    let node = Node::start();
    node.registers("alice");
    let refused = loop {
        let answer = node
            .nobody()
            .post("/login", &json!({ "username": "alice", "password": "wrong guess" }));
        if answer.status != 401 {
            break answer;
        }
    };
    refused.is_problem(429);
    assert!(
        refused
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0),
        "{refused:?}"
    );
}

#[test]
fn handshakes_that_lead_nowhere_are_refused_in_http() {
    let node = Node::start();
    let handshake = |path: &str, more: &str| {
        node.raw(&format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
            node.host()
        ))
    };
    let starts = |answer: String, status: &str| assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    starts(handshake("/nothing", ""), "404");
    starts(handshake("/", ""), "404");
    starts(handshake("/chats", ""), "404");
    starts(
        handshake("/connection/websocket", "origin: https://evil.example\r\n"),
        "403",
    );
    starts(handshake("/chat", "origin: null\r\n"), "403");
    let raw = |head: &str| node.raw(&format!("{head}\r\nhost: x\r\n\r\n"));
    starts(
        raw("POST /chat HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket"),
        "405",
    );
    starts(
        raw("GET /chat HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 8"),
        "426",
    );
    starts(
        raw("GET /chat HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13"),
        "400",
    );
    starts(raw("CONNECT example.org:443 HTTP/1.1"), "404");
    for path in ["/connection/websocket", "/chat", "/subscriptions"] {
        let answer = node.nobody().get(path);
        answer.is_problem(426);
        assert_eq!(answer.header("upgrade"), "websocket");
    }
}
