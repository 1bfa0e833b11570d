//! Stories about sockets and streams that ask too much, say nothing, or don't listen.

mod http_kit;
mod kit;

use std::time::{Duration, Instant};

use engine::limits::{PERSONAL_BYTES_MAX, SUBSCRIPTIONS_MAX};
use kit::{Client, node, still_serves, token};
use protocol::{
    client::Encoding,
    websocket::{Opcode, write_close, write_frame},
};
use serde_json::{Value, json};

/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn one_session_has_a_limit_of_subscriptions() {
    let node = node(&[("PLENUM_REALTIME__OPEN_CHANNELS", "true")]);
    let mut client = Client::connects(&node, "greedy");
    // The own channel, which the server has subscribed, is one of them.
    for number in 1..SUBSCRIPTIONS_MAX {
        let reply = client.asks("subscribe", json!({ "channel": format!("channel-{number}") }));
        assert!(reply.get("error").is_none(), "{number}: {reply}");
    }
    assert_eq!(client.is_refused("subscribe", json!({ "channel": "one-more" })), 106);
    assert_eq!(client.is_refused("subscribe", json!({ "channel": "channel-1" })), 105);
    client.asks("unsubscribe", json!({ "channel": "channel-1" }));
    let reply = client.asks("subscribe", json!({ "channel": "one-more" }));
    assert!(reply.get("error").is_none(), "a place was freed: {reply}");
    still_serves(&node);
}

#[test]
fn who_publishes_too_fast_is_told_to_wait() {
    let node = node(&[
        ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "1"),
    ]);
    let mut client = Client::connects(&node, "fast");
    let ids: Vec<u32> = (0..50)
        .map(|number| client.commands("publish", json!({ "channel": "open", "data": number })))
        .collect();
    let replies: Vec<Value> = ids.into_iter().map(|id| client.hears(id)).collect();
    assert!(replies[0].get("error").is_none(), "the first may: {}", replies[0]);
    let refused: Vec<&Value> = replies.iter().filter_map(|reply| reply.get("error")).collect();
    assert!(!refused.is_empty(), "fifty at once are too many for one per second");
    for error in refused {
        assert_eq!(
            (&error["code"], &error["temporary"]),
            (&json!(111), &json!(true)),
            "{error}"
        );
    }
    still_serves(&node);
}

#[test]
fn messages_that_do_not_wait_for_answers_keep_their_order() {
    /// The id of the first message: others have been used before.
    const FIRST: u32 = 1_000;
    const MESSAGES: u32 = 9_000;
    const UNDER_WAY: u32 = 60;
    let node = node(&[("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")]);
    let mut alice = Client::connects(&node, "alice");
    let chat = alice.calls("room.create", json!({ "name": "busy", "kind": "group" }));
    let id = chat["chat_id"].as_str().expect("an id");
    let channel = format!("room:{id}");
    alice.asks("subscribe", json!({ "channel": channel }));
    // Three commands in every message, and answers to earlier ones while they are taken in.
    let say = |alice: &mut Client, first: u32| {
        let commands = (first..first + 3).map(|number| {
            let data = json!({ "chat_id": id, "content": number.to_string() });
            let id = FIRST + number;
            if number % 2 == 0 {
                json!({ "id": id, "publish": { "channel": channel, "data": data } }).to_string()
            } else {
                json!({ "id": id, "rpc": { "method": "message.send", "data": data } }).to_string()
            }
        });
        let commands: Vec<_> = commands.collect();
        assert!(alice.says(&commands.join("\n")), "taken");
    };
    for first in (0..UNDER_WAY).step_by(3) {
        say(&mut alice, first);
    }
    for number in 0..MESSAGES {
        let reply = alice.hears(FIRST + number);
        assert!(reply.get("error").is_none(), "{reply}");
        if number % 3 == 2 && number + UNDER_WAY < MESSAGES {
            say(&mut alice, number + UNDER_WAY - 2);
        }
    }
    for number in 0..MESSAGES {
        let entry = alice.publication(&channel);
        assert_eq!(entry["data"]["data"]["content"], number.to_string());
    }
}

#[test]
fn who_never_connects_is_sent_away() {
    let node = node(&[("PLENUM_REALTIME__CONNECT_TIMEOUT_S", "1")]);
    let mut good = Client::connects(&node, "good");
    let mut silent = Client::opens(&node, Encoding::Json);
    let mut half = Client::opens(&node, Encoding::Json);
    // A frame of 100 bytes of which three come.
    half.sends_bytes(&[0x81, 0x80 | 100, 0, 0, 0, 0, b'{', b'"', b'i']);
    let mut refused = Client::opens(&node, Encoding::Json);
    let expired = kit::signed(&json!({ "sub": "late", "exp": kit::now_s() - 60 }), kit::SECRET);
    assert_eq!(refused.is_refused("connect", json!({ "token": expired })), 109);
    for client in [&mut silent, &mut half, &mut refused] {
        assert_eq!(client.close_code(), 3502);
    }
    assert_eq!(
        good.asks("ping", json!({}))["ping"],
        json!({}),
        "who has connected stays"
    );
    still_serves(&node);
}

#[test]
fn who_asks_and_never_reads_costs_a_bounded_queue() {
    let node = node(&[("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")]);
    let mut client = Client::connects(&node, "deaf");
    let chat = client.calls("room.create", json!({ "name": "mine", "kind": "group" }));
    let channel = format!("room:{}", chat["chat_id"].as_str().expect("an id"));
    for _ in 0..20 {
        let data = json!({ "content": "x".repeat(10_000) });
        let reply = client.asks("publish", json!({ "channel": channel, "data": data }));
        assert!(reply.get("error").is_none(), "{reply}");
    }
    // Two hundred kilobytes each, a hundred megabytes in all.
    let before = client.taken;
    for _ in 0..500 {
        client.commands("history", json!({ "channel": channel, "limit": -1 }));
    }
    let begun = Instant::now();
    while node.metric("plenum_sessions_closed_total{reason=\"slow\"}") == 0 {
        assert!(begun.elapsed() < PATIENCE, "it is closed");
        still_serves(&node);
    }
    assert_eq!(client.close_code(), 3008);
    let taken = client.taken - before;
    assert!(
        taken < 8 * PERSONAL_BYTES_MAX,
        "{taken} bytes were kept for somebody who does not read"
    );
    still_serves(&node);
}

#[test]
fn who_does_not_read_for_a_while_is_behind_and_misses_nothing() {
    let node = node(&[("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")]);
    let mut talker = Client::connects(&node, "talker");
    let mut slow = Client::connects(&node, "slow");
    let chat = talker.calls(
        "room.create",
        json!({ "name": "busy", "kind": "group", "participants": ["slow"] }),
    );
    let channel = format!("room:{}", chat["chat_id"].as_str().expect("an id"));
    let reply = slow.asks("subscribe", json!({ "channel": channel }));
    let from = reply["subscribe"]["offset"].as_u64().unwrap_or(0);
    for number in 0..300 {
        let data = json!({ "content": format!("{number} {}", "x".repeat(20_000)) });
        let reply = talker.asks("publish", json!({ "channel": channel, "data": data }));
        assert!(reply.get("error").is_none(), "{reply}");
    }
    still_serves(&node);
    for offset in from + 1..=from + 300 {
        assert_eq!(slow.publication(&channel)["offset"], offset);
    }
    assert_eq!(slow.asks("ping", json!({}))["ping"], json!({}));
}

#[test]
fn streams_refuse_nonsense_in_plain_http() {
    let node = node(&[]);
    let nobody = node.nobody();
    for path in ["/connection/http_stream", "/connection/sse", "/emulation"] {
        for body in ["nonsense", "[]", r#"{"id":1,"connect":"#] {
            nobody.sends("POST", path, "application/json", body).is_problem(400);
        }
        nobody
            .sends("POST", path, "application/octet-stream", "\u{7f}\u{7f}")
            .is_problem(400);
        let wrong = nobody.sends("PUT", path, "application/json", "{}");
        wrong.is_problem(405);
        assert!(wrong.header("allow").contains("POST"), "{wrong:?}");
        // Told beforehand or not: in pieces it is cut off where the limit is.
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        let told = node.raw(&format!("{head}content-length: {}\r\n\r\n", 4 << 20));
        assert!(told.starts_with("HTTP/1.1 413 "), "{path}: {told:.200}");
        let piece = format!("80000\r\n{}\r\n0\r\n\r\n", " ".repeat(512 << 10));
        let chunked = node.raw(&format!("{head}transfer-encoding: chunked\r\n\r\n{piece}"));
        assert!(chunked.starts_with("HTTP/1.1 413 "), "{path}: {chunked:.200}");
    }
    nobody.get("/connection/http_stream").is_problem(405);
    nobody.get("/emulation").is_problem(405);
    nobody.get("/connection/sse").is_problem(400);
    nobody.get("/connection/sse?cf_connect=nonsense").is_problem(400);

    let command = json!({ "id": 2, "ping": {} }).to_string();
    for session in ["", "nonsense", "6f2d9f0e-3f7b-4a8e-9f57-1f7f0f0e7a11"] {
        let body = json!({ "session": session, "node": "plenum", "data": command });
        nobody.post("/emulation", &body).is_problem(404);
    }
    let broken = json!({ "session": "6f2d9f0e-3f7b-4a8e-9f57-1f7f0f0e7a11", "node": "plenum", "data": "nonsense" });
    nobody.post("/emulation", &broken).is_problem(400);
    still_serves(&node);
}

#[test]
fn a_stream_that_breaks_the_protocol_ends_with_the_code_in_its_last_push() {
    let node = node(&[]);
    let cases = [
        (json!({ "id": 1, "connect": {} }), 3501),
        (json!({ "id": 1, "connect": { "token": "nonsense" } }), 3500),
        (json!({ "id": 1, "ping": {} }), 3501),
    ];
    for (command, code) in cases {
        let answer = node.nobody().sends(
            "POST",
            "/connection/http_stream",
            "application/json",
            &command.to_string(),
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        let last: Value = answer
            .body
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok())
            .expect("a push");
        assert_eq!(last["push"]["disconnect"]["code"], code, "{command}: {}", answer.body);
    }
    // The same token is good elsewhere.
    assert!(!token("good").is_empty());
    still_serves(&node);
}

#[test]
fn what_is_said_right_before_the_end_is_heard() {
    let node = node(&[("PLENUM_REALTIME__OPEN_CHANNELS", "true")]);
    let mut bob = Client::connects(&node, "bob");
    bob.asks("subscribe", json!({ "channel": "last-words" }));
    let mut alice = Client::connects(&node, "alice");
    let words = json!({ "id": 9, "publish": { "channel": "last-words", "data": "goodbye" } }).to_string();
    let (mut bytes, mask) = (Vec::new(), Some([7, 7, 7, 7]));
    write_frame(&mut bytes, Opcode::Text, true, words.as_bytes(), mask);
    write_close(&mut bytes, 1_000, "", mask);
    alice.sends_bytes(&bytes);
    assert_eq!(alice.close_code(), 1_000);
    assert_eq!(bob.publication("last-words")["data"], "goodbye");
}

#[test]
fn what_is_said_behind_a_refused_connect_was_said_before_a_connect() {
    let node = node(&[]);
    let mut client = Client::opens(&node, Encoding::Json);
    let expired = kit::signed(&json!({ "sub": "late", "exp": kit::now_s() - 60 }), kit::SECRET);
    let connect = client.commands("connect", json!({ "token": expired }));
    client.commands("ping", json!({}));
    assert_eq!(client.hears(connect)["error"]["code"], 109);
    assert_eq!(client.close_code(), 3501);
    still_serves(&node);
}
