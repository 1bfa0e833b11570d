//! The opening handshake from both sides.

use crate::websocket::{ClientHandshake, DeflatePolicy, HandshakeError, ResponseError, Upgrade, accept_key};

const RFC_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const RFC_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The request of RFC 6455 section 1.3, as header lines.
const REQUEST: [(&str, &str); 6] = [
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", RFC_KEY),
    ("Sec-WebSocket-Protocol", "chat, superchat"),
    ("Sec-WebSocket-Version", "13"),
];

fn bytes<'a>(headers: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    headers.iter().map(|&(name, value)| (name, value.as_bytes()))
}

fn check<'a>(headers: &'a [(&'a str, &'a str)]) -> Result<Upgrade<'a>, HandshakeError> {
    Upgrade::check("GET", (1, 1), bytes(headers))
}

/// The request with one header replaced, or left out.
fn request_with<'a>(name: &'a str, value: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let others = REQUEST
        .into_iter()
        .filter(|(other, _)| !other.eq_ignore_ascii_case(name));
    others.chain(value.map(|value| (name, value))).collect()
}

#[test]
fn the_request_of_the_rfc_gets_its_answer() {
    assert_eq!(accept_key(RFC_KEY), RFC_ACCEPT);
    let upgrade = check(&REQUEST).unwrap();
    assert_eq!(upgrade.protocols(), ["chat", "superchat"]);
    assert_eq!(
        upgrade.response(Some("chat"), None),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
}

#[test]
fn tokens_are_found_in_lists_and_in_any_case() {
    let firefox = request_with("connection", Some("keep-alive, UPGRADE"));
    assert!(check(&firefox).is_ok());
    assert!(check(&request_with("UPGRADE", Some("h2c,WebSocket"))).is_ok());
    let mut in_two_lines = request_with("Connection", Some("keep-alive"));
    in_two_lines.push(("Connection", "upgrade"));
    assert!(check(&in_two_lines).is_ok());
}

#[test]
fn what_is_no_upgrade_is_a_bad_request() {
    for (name, value) in [
        ("Upgrade", None),
        ("Upgrade", Some("websockets")),
        ("Connection", None),
        ("Connection", Some("keep-alive")),
        ("Connection", Some("no-upgrade")),
    ] {
        let refusal = check(&request_with(name, value)).unwrap_err();
        assert_eq!(refusal, HandshakeError::NotAnUpgrade);
        assert_eq!(refusal.status(), 400);
    }
}

#[test]
fn other_versions_are_told_the_right_one() {
    for version in [None, Some("8"), Some("013"), Some("13, 8"), Some("")] {
        let refusal = check(&request_with("Sec-WebSocket-Version", version)).unwrap_err();
        assert_eq!(refusal, HandshakeError::Version);
        assert_eq!(refusal.status(), 426);
        let response = refusal.response();
        assert!(response.starts_with("HTTP/1.1 426 "));
        assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    }
}

#[test]
fn the_key_is_the_base64_of_16_bytes() {
    let of_15_bytes = "dGhlIHNhbXBsZSBub25j";
    let of_17_bytes = "dGhlIHNhbXBsZSBub25jZSE=";
    for key in [
        None,
        Some(""),
        Some("hello"),
        Some(of_15_bytes),
        Some(of_17_bytes),
        Some("dGhlIHNhbXBsZSBub25jZQ"),
    ] {
        assert_eq!(
            check(&request_with("Sec-WebSocket-Key", key)).unwrap_err(),
            HandshakeError::Key,
            "{key:?}"
        );
    }
    let mut twice = REQUEST.to_vec();
    twice.push(("sec-websocket-key", RFC_KEY));
    assert_eq!(check(&twice).unwrap_err(), HandshakeError::Key);
}

#[test]
fn method_and_http_version_are_checked_first() {
    assert_eq!(
        Upgrade::check("POST", (1, 1), bytes(&REQUEST)).unwrap_err(),
        HandshakeError::Method
    );
    assert!(
        HandshakeError::Method
            .response()
            .contains("405 Method Not Allowed\r\nAllow: GET\r\n")
    );
    for version in [(1, 0), (0, 9), (2, 0)] {
        assert_eq!(
            Upgrade::check("GET", version, bytes(&REQUEST)).unwrap_err(),
            HandshakeError::HttpVersion
        );
    }
}

#[test]
fn malformed_headers_are_refused_only_where_they_matter() {
    let with = |name, value| {
        let headers = bytes(&REQUEST).chain([(name, value)]);
        Upgrade::check("GET", (1, 1), headers).map(|_| ())
    };
    assert_eq!(with("X-Anything", b"\xff"), Ok(()));
    assert_eq!(
        with("Sec-WebSocket-Protocol", b"\xff"),
        Err(HandshakeError::MalformedHeader)
    );
    assert_eq!(
        with("Sec-WebSocket-Protocol", b"a b"),
        Err(HandshakeError::MalformedHeader)
    );
}

#[test]
fn the_client_prefers_and_the_server_supports() {
    let headers = request_with(
        "Sec-WebSocket-Protocol",
        Some("unknown, centrifuge-protobuf,centrifuge-json"),
    );
    let upgrade = check(&headers).unwrap();
    assert_eq!(
        upgrade.choose_protocol(&["centrifuge-json", "centrifuge-protobuf"]),
        Some("centrifuge-protobuf")
    );
    assert_eq!(upgrade.choose_protocol(&["Unknown"]), None);
}

#[test]
fn our_client_and_our_server_agree() {
    let handshake = ClientHandshake::new(
        "example.org",
        "/chat?a=b",
        [7; 16],
        &["one", "two"],
        true,
        &[("Origin", "x")],
    );
    let (line, rest) = handshake.request().split_once("\r\n").unwrap();
    assert_eq!(line, "GET /chat?a=b HTTP/1.1");
    let headers: Vec<_> = header_lines(rest).collect();
    assert!(headers.contains(&("Host", "example.org")) && headers.contains(&("Origin", "x")));

    let upgrade = check(&headers).unwrap();
    let deflate = upgrade.negotiate_deflate(&DeflatePolicy {
        client_max_window_bits: 11,
        ..Default::default()
    });
    let response = upgrade.response(Some("two"), deflate.as_ref());
    let answer: Vec<_> = header_lines(response.split_once("\r\n").unwrap().1).collect();
    let accepted = handshake.check_response(101, bytes(&answer)).unwrap();
    assert_eq!(accepted.protocol.as_deref(), Some("two"));
    assert_eq!(accepted.deflate, deflate.map(|agreement| agreement.parameters));
    assert_eq!(accepted.deflate.unwrap().client_max_window_bits, 11);
}

fn header_lines(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.trim_end().split("\r\n").filter_map(|line| line.split_once(": "))
}

#[test]
fn the_client_refuses_what_it_did_not_ask_for() {
    let nonce = *b"the sample nonce";
    let asks = |protocols: &[&str], deflate| ClientHandshake::new("h", "/", nonce, protocols, deflate, &[]);
    let answer = |extra: &'static [(&str, &str)]| {
        let opened = [
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-accept", RFC_ACCEPT),
        ];
        [&opened[..], extra].concat()
    };
    let plain = asks(&[], false);
    assert!(plain.check_response(101, bytes(&answer(&[]))).is_ok());
    assert_eq!(
        plain.check_response(200, bytes(&answer(&[]))),
        Err(ResponseError::Status(200))
    );
    assert_eq!(
        plain.check_response(101, bytes(&answer(&[])[1..])),
        Err(ResponseError::NotAnUpgrade)
    );
    assert_eq!(
        plain.check_response(101, bytes(&answer(&[])[..2])),
        Err(ResponseError::Accept)
    );
    let protocol = answer(&[("Sec-WebSocket-Protocol", "chat")]);
    assert_eq!(
        plain.check_response(101, bytes(&protocol)),
        Err(ResponseError::Protocol)
    );
    assert!(asks(&["chat"], false).check_response(101, bytes(&protocol)).is_ok());
    let deflate = answer(&[("Sec-WebSocket-Extensions", "permessage-deflate")]);
    assert_eq!(
        plain.check_response(101, bytes(&deflate)),
        Err(ResponseError::Extension)
    );
    assert!(asks(&[], true).check_response(101, bytes(&deflate)).is_ok());
    let without_value = answer(&[("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]);
    assert_eq!(
        asks(&[], true).check_response(101, bytes(&without_value)),
        Err(ResponseError::Extension)
    );
    let twice = answer(&[("Sec-WebSocket-Extensions", "permessage-deflate, permessage-deflate")]);
    assert_eq!(
        asks(&[], true).check_response(101, bytes(&twice)),
        Err(ResponseError::Extension)
    );
}
