//! A story about phones that take nothing: the kernel's memory for them is seen, and bounded by refusing new sockets politely.

mod http_kit;
mod kit;

use kit::{Client, node, token};
use serde_json::json;

/// Less than a few slow sockets hold.
const LIMIT_BYTES: u64 = 30_000;
const HANDSHAKE: &str = "GET /connection/websocket HTTP/1.1\r\nhost: plenum\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// What the kernel holds for slow sockets, in bytes.
const HELD: &str = "plenum_sockets_kernel_bytes";

#[test]
fn while_slow_phones_hold_the_sockets_memory_nobody_else_comes_in() {
    let node = node(&[
        ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0"),
        ("PLENUM_LIMITS__SOCKET_MEMORY_BYTES", &LIMIT_BYTES.to_string()),
    ]);
    assert_eq!(node.metric("plenum_sockets_kernel_max_bytes"), LIMIT_BYTES);
    let mut speaker = Client::connects(&node, "speaker");
    let mut slow: Vec<_> = (0..4)
        .map(|number| Client::connects(&node, &format!("slow-{number}")))
        .collect();
    for phone in &mut slow {
        phone.asks("subscribe", json!({ "channel": "loud" }));
    }
    assert_eq!(node.metric(HELD), 0, "who takes everything holds nothing");

    // More than the phones' own kernel takes, and less than the node keeps of a channel.
    let data = "x".repeat(60_000);
    for _ in 0..100 {
        let reply = speaker.asks("publish", json!({ "channel": "loud", "data": data }));
        assert!(reply.get("error").is_none(), "{reply}");
    }
    node.becomes(HELD, |bytes| bytes >= LIMIT_BYTES);

    let answer = node.raw(HANDSHAKE);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 10\r\n"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    let connect = json!({ "id": 1, "connect": { "token": token("late") } });
    let stream = node.nobody().post("/connection/http_stream", &connect);
    stream.is_problem(503);
    assert!(!stream.header("retry-after").is_empty());
    assert_eq!(node.metric("plenum_sockets_refused_total{reason=\"memory\"}"), 2);

    // Those who are there go on, and requests are answered.
    let reply = speaker.asks("publish", json!({ "channel": "loud", "data": "still here" }));
    assert!(reply.get("error").is_none(), "{reply}");
    assert_eq!(node.nobody().get("/readyz").status, 200);

    drop(slow);
    node.becomes(HELD, |bytes| bytes == 0);
    Client::connects(&node, "late");
}
