//! A node whose descriptors run out: who is there stays, who is too many is told so, and who comes later finds a place again.

mod http_kit;
mod kit;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use http_kit::Node;
use kit::{Client, SECRET, still_serves};
use protocol::{client::Encoding, websocket::ClientHandshake};
use serde_json::json;

/// Files and sockets that the node may open.
const DESCRIPTORS: u32 = 300;
/// Sessions that follow from it: some descriptors are kept back.
const PLACES: usize = 172;
/// More than the node has descriptors for.
const TOO_MANY: usize = 400;

/// Asks for a socket, says nothing more and keeps the line open; gives the line with the status of the answer.
fn knocks(node: &Node) -> (TcpStream, String) {
    let protocols = [Encoding::Json.subprotocol()];
    let handshake = ClientHandshake::new(node.host(), "/connection/websocket", [7; 16], &protocols, false, &[]);
    let mut line = TcpStream::connect(node.host()).expect("the node listens");
    line.write_all(handshake.request().as_bytes()).expect("written");
    let mut status = [0; 12];
    line.read_exact(&mut status).expect("an answer");
    (line, String::from_utf8_lossy(&status).into_owned())
}

#[test]
fn a_node_without_free_descriptors_refuses_politely_and_accepts_again() {
    let secret = ("PLENUM_AUTH__JWT__HMAC_SECRET", SECRET);
    let node = Node::start_with_descriptors(DESCRIPTORS, &[secret, ("PLENUM_REALTIME__OPEN_CHANNELS", "true")]);
    assert!(node.log().contains(&format!("sessions={PLACES}")), "{}", node.log());
    let mut people: Vec<_> = (0..PLACES)
        .map(|number| Client::connects(&node, &format!("person-{number}")))
        .collect();

    // The first of them are told in the protocol's words, the others before they are sockets.
    let lines: Vec<_> = (0..TOO_MANY).map(|_| knocks(&node)).collect();
    for (_, status) in &lines {
        assert!(status == "HTTP/1.1 101" || status == "HTTP/1.1 503", "{status}");
    }
    assert_eq!(
        node.nobody().get("/healthz").status,
        200,
        "ordinary requests are still answered"
    );
    let [one, .., other] = people.as_mut_slice() else {
        unreachable!("more than two");
    };
    other.asks("subscribe", json!({ "channel": "hall" }));
    one.asks(
        "publish",
        json!({ "channel": "hall", "data": { "content": "still here" } }),
    );
    assert_eq!(other.publication("hall")["data"]["content"], "still here");
    assert!(!node.log().contains("Too many open files"), "{}", node.log());

    drop(lines);
    drop(people);
    node.becomes("plenum_sockets", |sockets| sockets == 0);
    still_serves(&node);
}
