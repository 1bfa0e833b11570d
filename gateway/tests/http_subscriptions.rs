//! Stories about WS `/subscriptions`: events of one's rooms, at once.

mod http_kit;

use http_kit::{Node, socket::Socket};
use rustix::process::Signal;
use serde_json::json;

fn by_query(node: &Node, token: &str) -> Socket {
    Socket::open(node.host(), &format!("/subscriptions?token={token}"), &[]).expect("let in")
}

#[test]
fn everything_in_ones_rooms_comes_as_it_happens_and_nothing_else() {
    let node = Node::start();
    let (alice, bob, mallory) = (
        node.registers("alice"),
        node.registers("bob"),
        node.registers("mallory"),
    );
    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    let private = mallory.creates_chat("Private", &[]);
    let mut events = by_query(&node, &bob.token);
    alice.says(&chat, "one");
    let first = events.receives();
    assert_eq!(
        (&first["event"], &first["data"]["content"]),
        (&json!("message.created"), &json!("one"))
    );
    assert_eq!(first["data"]["chat_id"], json!(chat));

    mallory.says(&private, "not for bob");
    let id = first["data"]["message_id"].as_str().expect("an id");
    alice.patch(&format!("/messages/{id}"), &json!({ "content": "two" }));
    let edited = events.receives();
    assert_eq!(
        (&edited["event"], &edited["data"]["content"]),
        (&json!("message.updated"), &json!("two"))
    );
    bob.put(&format!("/messages/{id}/read"), &json!({}));
    assert_eq!(events.receives()["event"], "message.read");
    alice.delete(&format!("/messages/{id}"));
    assert_eq!(events.receives()["event"], "message.deleted");
    alice.patch(&format!("/chats/{chat}"), &json!({ "name": "Dinner" }));
    let renamed = events.receives();
    assert_eq!(
        (&renamed["event"], &renamed["data"]["name"]),
        (&json!("chat.updated"), &json!("Dinner"))
    );
    alice.delete(&format!("/chats/{chat}"));
    assert_eq!(events.receives()["event"], "chat.deleted");
}

#[test]
fn a_room_joined_later_is_heard_and_a_room_left_is_not() {
    let node = Node::start();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let own = bob.creates_chat("Own", &[]);
    let mut events = by_query(&node, &bob.token);
    bob.says(&own, "listening");
    assert_eq!(events.receives()["data"]["content"], "listening");

    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    let created = events.receives();
    assert_eq!(
        (&created["event"], &created["data"]["chat_id"]),
        (&json!("chat.created"), &json!(chat))
    );
    alice.says(&chat, "welcome");
    assert_eq!(events.receives()["data"]["content"], "welcome");

    assert_eq!(
        alice.delete(&format!("/chats/{chat}/participants/{}", bob.id)).status,
        200
    );
    assert_eq!(events.receives()["event"], "participants.changed");
    alice.says(&chat, "behind bob's back");
    bob.says(&own, "still listening");
    assert_eq!(events.receives()["data"]["content"], "still listening");
}

#[test]
fn the_token_comes_in_the_header_in_the_query_or_in_a_first_frame() {
    let node = Node::start();
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Own", &[]);
    let bearer = format!("Bearer {}", alice.token);
    let in_header = Socket::open(node.host(), "/subscriptions", &[("authorization", &bearer)]).expect("let in");
    let mut in_frame = Socket::open(node.host(), "/subscriptions", &[]).expect("let in");
    in_frame.sends(&json!({ "type": "auth", "data": { "token": alice.token } }).to_string());
    for (number, mut events) in [in_header, by_query(&node, &alice.token), in_frame]
        .into_iter()
        .enumerate()
    {
        // Until it listens, messages pass it by.
        let heard = std::thread::scope(|scope| {
            let heard = scope.spawn(move || events.receives());
            while !heard.is_finished() {
                alice.says(&chat, "hello");
            }
            heard.join().expect("no panic")
        });
        assert_eq!(heard["event"], "message.created", "{number}");
    }
}

#[test]
fn without_a_token_that_holds_nobody_listens() {
    let node = Node::start();
    assert_eq!(
        Socket::open(node.host(), "/subscriptions?token=x", &[]).err(),
        Some(401)
    );
    assert_eq!(
        Socket::open(node.host(), "/subscriptions", &[("authorization", "Bearer x")]).err(),
        Some(401)
    );
    assert_eq!(
        Socket::open(node.host(), "/subscriptions", &[("origin", "https://evil.example")]).err(),
        Some(403)
    );
    for frame in ["hello", r#"{"type":"auth","data":{"token":"x"}}"#, r#"{"type":"auth"}"#] {
        let mut socket = Socket::open(node.host(), "/subscriptions", &[]).expect("open");
        socket.sends(frame);
        assert_eq!(socket.is_closed(), 1_008, "{frame}");
    }
}

#[test]
fn broken_frames_end_the_socket_and_a_leaving_node_says_goodbye() {
    let mut node = Node::start();
    let token = node.registers("alice").token;
    let mut broken = by_query(&node, &token);
    broken.sends_frame(0x83, b"reserved");
    assert_eq!(broken.is_closed(), 1_002);
    let mut polite = by_query(&node, &token);
    polite.sends_frame(0x88, &1_000_u16.to_be_bytes());
    assert_eq!(polite.is_closed(), 1_000);
    let mut left = by_query(&node, &token);
    node.signal(Signal::TERM);
    assert_eq!(left.is_closed(), 1_001);
    assert_eq!(node.ends().code(), Some(0));
}
