//! Stories about clients that send nonsense: each is told so by an exact code, and everybody else goes on undisturbed.

mod http_kit;
mod kit;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Client, SECRET, node, now_s, signed, still_serves, token};
use protocol::{
    client::{Command, Encoding, Request, SubscribeRequest, encode_command},
    payload::{Payload, PayloadLimits},
    websocket::Opcode,
};
use serde_json::{Value, json};

/// Bytes of one message by default, and of the largest frame.
const MESSAGE_BYTES: usize = 65_536;
const FRAME_BYTES: usize = 4 * MESSAGE_BYTES;

#[test]
fn broken_frames_are_told_apart() {
    let node = node(&[]);
    let masked = |first: u8, length: u8| [first, 0x80 | length, 0, 0, 0, 0];
    let eight_bytes = |length: u64| {
        let mut header = vec![0x82, 0xff];
        header.extend(length.to_be_bytes());
        header.extend([0; 4]);
        header
    };
    let broken: [(&str, Vec<u8>, u16); 14] = [
        ("not masked", vec![0x81, 0x02, b'{', b'}'], 1002),
        ("reserved bit 1", masked(0xc1, 0).into(), 1002),
        ("reserved bit 2", masked(0xa1, 0).into(), 1002),
        ("reserved bit 3", masked(0x91, 0).into(), 1002),
        ("reserved opcode", masked(0x83, 0).into(), 1002),
        ("reserved control opcode", masked(0x8b, 0).into(), 1002),
        ("a ping in parts", masked(0x09, 0).into(), 1002),
        ("a continuation of nothing", masked(0x80, 0).into(), 1002),
        (
            "a message inside of a message",
            [masked(0x01, 0), masked(0x81, 0)].concat(),
            1002,
        ),
        ("a length of 2^63", eight_bytes(1 << 63), 1002),
        ("a length in more bytes than it needs", eight_bytes(1), 1002),
        ("larger than allowed", eight_bytes(FRAME_BYTES as u64 + 1), 1009),
        ("as large as numbers go", eight_bytes((1 << 63) - 1), 1009),
        ("not UTF-8", [&masked(0x81, 2)[..], &[0xc3, 0x28]].concat(), 1007),
    ];
    for (what, bytes, code) in broken {
        for is_connected in [false, true] {
            let mut client = if is_connected {
                Client::connects(&node, "bad")
            } else {
                Client::opens(&node, Encoding::Json)
            };
            client.sends_bytes(&bytes);
            assert_eq!(client.close_code(), code, "{what}");
        }
        still_serves(&node);
    }
}

#[test]
fn a_message_in_parts_counts_as_a_whole() {
    let node = node(&[]);
    let mut client = Client::connects(&node, "parts");
    client.sends(Opcode::Text, false, br#"{"id":100,"#);
    client.sends(Opcode::Ping, true, b"between");
    client.sends(Opcode::Continuation, false, b"");
    client.sends(Opcode::Continuation, true, br#""ping":{}}"#);
    assert_eq!(client.hears(100)["ping"], json!({}));

    let half = vec![b' '; FRAME_BYTES / 2];
    client.sends(Opcode::Text, false, &half);
    client.sends(Opcode::Continuation, false, &half);
    client.sends(Opcode::Continuation, true, b" ");
    assert_eq!(client.close_code(), 1009);
    still_serves(&node);
}

#[test]
fn what_is_no_command_ends_the_connection() {
    let node = node(&[]);
    let nonsense = [
        "nonsense",
        "[]",
        "7",
        r#"{"id":1,"#,
        r#"{"id":1}"#,
        r#"{"id":1,"dance":{}}"#,
        r#"{"ping":{}}"#,
        r#"{"id":"one","ping":{}}"#,
        r#"{"id":-1,"ping":{}}"#,
        r#"{"id":4294967296,"ping":{}}"#,
        r#"{"id":1,"subscribe":7}"#,
        r#"{"id":1,"subscribe":{"channel":7}}"#,
    ];
    for text in nonsense {
        let mut client = Client::connects(&node, "bad");
        client.says(text);
        assert_eq!(client.close_code(), 3501, "{text}");
    }
    for name in [
        "subscribe",
        "publish",
        "rpc",
        "history",
        "presence",
        "ping",
        "refresh",
        "unsubscribe",
    ] {
        let mut client = Client::opens(&node, Encoding::Json);
        client.commands(
            name,
            json!({ "channel": "x", "data": {}, "method": "room.list", "token": "" }),
        );
        assert_eq!(client.close_code(), 3501, "{name} before connect");
    }
    let mut client = Client::connects(&node, "twice");
    client.commands("connect", json!({ "token": token("twice") }));
    assert_eq!(client.close_code(), 3501, "a second connect");
    let mut client = Client::opens(&node, Encoding::Json);
    let connect = json!({ "id": 1, "connect": { "token": token("hasty") } });
    client.says(&format!("{connect}\n{connect}"));
    assert_eq!(client.close_code(), 3501, "a second connect behind the first");
    let mut client = Client::opens(&node, Encoding::Json);
    client.commands("connect", json!({}));
    assert_eq!(client.close_code(), 3501, "nobody, without allow_anonymous");
    still_serves(&node);
}

#[test]
fn tokens_that_do_not_hold_admit_nobody() {
    let node = node(&[]);
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": "eve" });
    let unsigned = format!(
        "{}.{}.",
        part(json!({ "alg": "none", "typ": "JWT" })),
        part(claims.clone())
    );
    let good = token("eve");
    let invalid = [
        ("nonsense", "nonsense".to_owned()),
        ("dots", "..".to_owned()),
        ("a foreign key", signed(&claims, "another secret")),
        ("no algorithm", unsigned),
        ("no signature", good[..=good.rfind('.').expect("a dot")].to_owned()),
        ("nobody", signed(&json!({}), SECRET)),
        ("somebody impossible", signed(&json!({ "sub": "a\u{0}b" }), SECRET)),
        ("very long", "x".repeat(100_000)),
    ];
    for (what, token) in invalid {
        let mut client = Client::opens(&node, Encoding::Json);
        client.commands("connect", json!({ "token": token }));
        assert_eq!(client.close_code(), 3500, "{what}");
    }
    let mut client = Client::opens(&node, Encoding::Json);
    let expired = signed(&json!({ "sub": "eve", "exp": now_s() - 60 }), SECRET);
    assert_eq!(client.is_refused("connect", json!({ "token": expired })), 109);
    // Who brings a better one is let in.
    let reply = client.asks("connect", json!({ "token": good }));
    assert!(reply["connect"]["client"].is_string(), "{reply}");
    still_serves(&node);
}

#[test]
fn channels_that_are_not_ones_own_are_not_there() {
    let node = node(&[]);
    let mut owner = Client::connects(&node, "owner");
    let chat = owner.calls("room.create", json!({ "name": "closed", "kind": "group" }));
    let foreign = format!("room:{}", chat["chat_id"].as_str().expect("an id"));
    let mut eve = Client::connects(&node, "eve");
    let (long, absent) = ("x".repeat(256), "room:00000000-0000-7000-8000-000000000000".to_owned());
    let cases = [
        (foreign.as_str(), 102),
        (absent.as_str(), 102),
        ("room:nonsense", 102),
        ("room:", 102),
        ("user:owner", 102),
        ("user:", 102),
        ("open", 102),
        ("", 107),
        (long.as_str(), 107),
        ("with\u{7}bell", 107),
    ];
    for (channel, code) in cases {
        for name in ["subscribe", "history", "presence", "presence_stats", "publish"] {
            let request = json!({ "channel": channel, "data": { "content": "x" } });
            assert_eq!(eve.is_refused(name, request), code, "{name} {channel:?}");
        }
    }
    assert_eq!(
        eve.is_refused("publish", json!({ "channel": "user:eve", "data": {} })),
        103
    );
    let own = eve.is_refused("subscribe", json!({ "channel": "user:eve" }));
    assert!([102, 105].contains(&own), "the server has subscribed it already: {own}");
    let with_token = json!({ "channel": foreign, "token": "nonsense" });
    assert_eq!(eve.is_refused("subscribe", with_token), 103);
    still_serves(&node);
}

#[test]
fn bad_texts_ids_and_places_fail_alone() {
    let node = node(&[("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")]);
    let mut client = Client::connects(&node, "clumsy");
    let chat = client.calls("room.create", json!({ "name": "mine", "kind": "group" }));
    let chat = chat["chat_id"].as_str().expect("an id").to_owned();
    let channel = format!("room:{chat}");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (data, code) in [
        (json!({ "content": "" }).to_string(), 422),
        (json!({ "content": "a\u{7}b" }).to_string(), 422),
        (json!({ "content": "x".repeat(MESSAGE_BYTES + 1) }).to_string(), 107),
        (json!({ "content": 7 }).to_string(), 107),
        (json!({}).to_string(), 107),
        ("7".to_owned(), 107),
        (deep, 107),
    ] {
        client.says(&format!(
            r#"{{"id":900,"publish":{{"channel":"{channel}","data":{data}}}}}"#
        ));
        let reply = client.hears(900);
        let found = reply["error"]["code"].as_u64();
        // A field that is missing or of a wrong type is a bad request or an invalid one.
        let is_expected = found == Some(code) || (code == 107 && found == Some(422));
        assert!(is_expected, "{}: {reply}", &data[..data.len().min(60)]);
    }
    let calls = [
        ("message.delete", json!({ "message_id": "nonsense" }), 404),
        ("message.edit", json!({ "message_id": "", "content": "x" }), 404),
        ("message.history", json!({ "chat_id": "nonsense" }), 404),
        ("message.history", json!({ "chat_id": format!("{chat}{chat}") }), 404),
        ("message.history", json!({ "chat_id": chat, "cursor": "nonsense" }), 107),
        ("message.history", json!({ "chat_id": chat, "limit": -1 }), 107),
        ("message.history", json!({ "chat_id": chat, "from": "yesterday" }), 107),
        ("no.such", json!({}), 104),
    ];
    for (method, params, code) in calls {
        let found = client.is_refused("rpc", json!({ "method": method, "data": params }));
        assert!(
            found == code || (code == 107 && found == 422),
            "{method} {params}: {found}"
        );
    }
    let since = json!({ "epoch": "nonsense", "offset": 1 });
    let history = json!({ "channel": channel, "limit": 10, "since": since });
    assert_eq!(client.is_refused("history", history), 112);
    // The connection has survived all of it.
    let reply = client.asks("publish", json!({ "channel": channel, "data": { "content": "fine" } }));
    assert!(reply.get("error").is_none(), "{reply}");
    still_serves(&node);
}

#[test]
fn broken_message_pack_and_protobuf_end_the_connection_and_nothing_else() {
    let node = node(&[]);
    let four_gigabytes: [&[u8]; 6] = [
        &[0xdf, 0xff, 0xff, 0xff, 0xff],
        &[0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0x81, 0xdb, 0xff, 0xff, 0xff, 0xff],
        &[0x81, 0xa2, b'i', b'd', 0xc6, 0xff, 0xff, 0xff, 0xff],
        &[0x81, 0xa2, b'i', b'd', 0xc9, 0xff, 0xff, 0xff, 0xff, 0],
        &[0xc1],
    ];
    for bytes in four_gigabytes {
        let mut client = Client::opens(&node, Encoding::MessagePack);
        client.sends(Opcode::Binary, true, bytes);
        assert_eq!(client.close_code(), 3501, "{bytes:x?}");
    }
    for bytes in [&[0xff; 10][..], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0x05, 0x08]] {
        let mut client = Client::opens(&node, Encoding::Protobuf);
        client.sends(Opcode::Binary, true, bytes);
        assert_eq!(client.close_code(), 3501, "{bytes:x?}");
    }
    still_serves(&node);
}

#[test]
fn commands_cut_at_every_byte_break_nothing() {
    let node = node(&[]);
    let data = Payload::from_json(br#"{"a":[1,"two",null]}"#, &PayloadLimits::default());
    let command = Command {
        id: 7,
        request: Request::Subscribe(SubscribeRequest {
            channel: "a channel".to_owned(),
            recover: true,
            epoch: "epoch".to_owned(),
            offset: 300,
            data: Some(data),
            ..SubscribeRequest::default()
        }),
    };
    for encoding in [Encoding::MessagePack, Encoding::Protobuf] {
        let mut whole = Vec::new();
        encode_command(encoding, &command, &mut whole);
        for cut in 1..whole.len() {
            let mut client = Client::opens(&node, encoding);
            client.sends(Opcode::Binary, true, &whole[..cut]);
            assert_eq!(client.close_code(), 3501, "{encoding:?} cut at {cut}");
        }
        // An empty message says nothing; the whole one is a command, though before its time.
        let mut client = Client::opens(&node, encoding);
        client.sends(Opcode::Binary, true, b"");
        client.sends(Opcode::Binary, true, &whole);
        assert_eq!(client.close_code(), 3501);
    }
    still_serves(&node);
}
