//! Stories about `/metrics`: a scrape has the same series whatever happens on the node, and its figures say what happened.

mod http_kit;
mod kit;

use std::collections::BTreeSet;

use http_kit::Node;
use kit::{Client, node, token};
use protocol::client::Encoding;
use serde_json::json;

/// Names and labels of everything that a scrape gives.
fn series(node: &Node) -> BTreeSet<String> {
    let page = node.nobody().get("/metrics").body;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let names = lines.map(|line| line.rsplit_once(' ').expect("a series and its value").0.to_owned());
    names.collect()
}

#[test]
fn a_scrape_has_the_same_series_before_and_after_everything_that_can_happen() {
    let node = node(&[
        ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "5"),
    ]);
    let before = series(&node);
    assert!(before.len() > 300, "the check sees nothing: {}", before.len());

    for number in 0..20 {
        let mut person = Client::connects(&node, &format!("person-{number}"));
        let room = person.calls(
            "room.create",
            json!({ "name": format!("room-{number}"), "kind": "group" }),
        );
        let channel = format!("room:{}", room["chat_id"].as_str().expect("an id"));
        person.asks("subscribe", json!({ "channel": channel }));
        person.asks("subscribe", json!({ "channel": format!("open-{number}") }));
        for data in 0..8 {
            person.asks(
                "publish",
                json!({ "channel": channel, "data": { "content": format!("{data}") } }),
            );
        }
        person.is_refused("publish", json!({ "channel": "user:somebody", "data": 1 }));
        person.is_refused(
            "rpc",
            json!({ "method": "room.get", "data": { "chat_id": "nonsense" } }),
        );
        person.is_refused("rpc", json!({ "method": format!("method-{number}"), "data": {} }));
        person.says("nonsense");
        person.close_code();
    }
    let mut expired = Client::opens(&node, Encoding::Json);
    let late = kit::signed(&json!({ "sub": "late", "exp": kit::now_s() - 60 }), kit::SECRET);
    assert_eq!(expired.is_refused("connect", json!({ "token": late })), 109);
    let mut stranger = Client::opens(&node, Encoding::Json);
    stranger.commands("connect", json!({ "token": "nonsense" }));
    stranger.close_code();
    for path in ["/nothing", "/chats", "/users/none", "/docs", "/readyz"] {
        node.nobody().get(path);
    }
    node.raw("GET /nowhere HTTP/1.1\r\nhost: plenum\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    let first = json!({ "id": 1, "connect": { "token": "nonsense" } });
    node.nobody().post("/connection/http_stream", &first);

    let after = series(&node);
    let new: Vec<_> = after.difference(&before).collect();
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:?}; gone: {gone:?}");
    for person in ["person-1", "room-1", "open-1", "method-1"] {
        assert!(
            !after.iter().any(|series| series.contains(person)),
            "{person} is a label"
        );
    }
}

#[test]
fn figures_say_what_happened() {
    let node = node(&[
        ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "2"),
    ]);
    let mut alice = Client::connects(&node, "alice");
    let place = alice.asks("subscribe", json!({ "channel": "news" }))["subscribe"].clone();
    let publish = json!({ "channel": "news", "data": "1" });
    let answers = (0..10).map(|_| alice.asks("publish", publish.clone()));
    let refused = answers.filter(|answer| answer["error"]["code"] == 111).count() as u64;
    assert_eq!(
        node.metric("plenum_limits_reached_total{limit=\"publish_rate\"}"),
        refused
    );
    let sent = 10 - refused;

    let mut bob = Client::connects(&node, "bob");
    let wish = json!({ "channel": "news", "recover": true, "epoch": place["epoch"], "offset": place["offset"] });
    let reply = bob.asks("subscribe", wish);
    assert_eq!(reply["subscribe"]["recovered"], true, "{reply}");
    for _ in 0..sent {
        bob.publication("news");
    }
    assert_eq!(node.metric("plenum_recoveries_total{outcome=\"recovered\"}"), 1);
    assert_eq!(node.metric("plenum_recovered_entries_total"), sent);
    assert_eq!(node.metric("plenum_relay_kept_entries"), sent);
    assert!(node.metric("plenum_relay_kept_bytes") > 0);
    assert_eq!(node.metric("plenum_connects_total{outcome=\"connected\"}"), 2);
    assert!(node.metric("plenum_storage_commit_jobs_count") > 0);
    assert!(node.metric("plenum_deliver_sweep_entries_count") > 0);
    assert_eq!(node.metric("plenum_rooms_woken_total"), 1);
    assert!(node.metric("plenum_sessions_max") > 0);
    node.becomes("plenum_deliver_log_bytes", |bytes| bytes > 0);

    drop((alice, bob));
    node.becomes("plenum_sessions", |sessions| sessions == 0);
    node.becomes("plenum_deliver_log_bytes", |bytes| bytes == 0);
    assert_eq!(node.metric("plenum_relay_kept_entries"), 0, "nobody listens");
    assert_eq!(node.metric("plenum_relay_kept_bytes"), 0);
}

#[test]
fn a_stream_is_counted_while_it_is_open() {
    use std::io::{Read as _, Write as _};
    let node = node(&[]);
    let body = json!({ "id": 1, "connect": { "token": token("alice") } }).to_string();
    let request = format!(
        "POST /connection/http_stream HTTP/1.1\r\nhost: plenum\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(node.host()).expect("the node listens");
    stream.write_all(request.as_bytes()).expect("written");
    stream.read_exact(&mut [0; 16]).expect("an answer begins");
    node.becomes("plenum_streams{transport=\"http_stream\"}", |open| open == 1);
    assert_eq!(node.metric("plenum_streams{transport=\"sse\"}"), 0);
    drop(stream);
    node.becomes("plenum_streams{transport=\"http_stream\"}", |open| open == 0);
}

#[test]
fn who_is_behind_is_seen() {
    let node = node(&[
        ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0"),
    ]);
    let mut speaker = Client::connects(&node, "speaker");
    let mut slow = Client::connects(&node, "slow");
    slow.asks("subscribe", json!({ "channel": "loud" }));
    let data = "x".repeat(60_000);
    for _ in 0..100 {
        let reply = speaker.asks("publish", json!({ "channel": "loud", "data": data }));
        assert!(reply.get("error").is_none(), "{reply}");
    }
    node.becomes("plenum_sessions_lagging", |sessions| sessions == 1);
    node.becomes("plenum_sessions_lag_frames_max", |frames| frames > 10);
    assert!(node.metric("plenum_sessions_lag_frames_count") > 0);
    node.becomes("plenum_sockets_kernel_bytes", |bytes| bytes > 0);
    // It reads on: nothing was lost, and it is behind no more.
    for _ in 0..100 {
        slow.publication("loud");
    }
    node.becomes("plenum_sessions_lagging", |sessions| sessions == 0);
    node.becomes("plenum_sessions_lag_frames_max", |frames| frames == 0);
    node.becomes("plenum_sockets_kernel_bytes", |bytes| bytes == 0);
}

#[test]
fn who_finds_no_place_is_counted() {
    let node = node(&[("PLENUM_LIMITS__CONNECTIONS", "16")]);
    assert_eq!(node.metric("plenum_sessions_max"), 16);
    let people: Vec<_> = (0..16)
        .map(|number| Client::connects(&node, &format!("person-{number}")))
        .collect();
    assert_eq!(node.metric("plenum_sockets"), 16);
    assert_eq!(node.metric("plenum_sockets_refused_total{reason=\"connections\"}"), 0);
    let mut late = Client::opens(&node, Encoding::Json);
    late.close_code();
    assert_eq!(node.metric("plenum_sockets_refused_total{reason=\"connections\"}"), 1);
    drop(people);
}
