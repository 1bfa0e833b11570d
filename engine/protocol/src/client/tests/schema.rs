//! Protobuf and MessagePack frames put together by hand from the published schema, not by this crate.

use rmpv::Value;

use super::*;
use crate::payload::PayloadError;

#[test]
fn protobuf_commands_are_read_by_their_field_numbers() {
    // id = 1, subscribe (5) { channel (1) = "c", recover (3), epoch (6) = "e", offset (7) = 300 }
    let subscribe = b"\x08\x01\x2a\x0d\x0a\x01c\x18\x01\x32\x01e\x38\xac\x02\x72\x00";
    let subscribe = [&subscribe[..3], b"\x0b", &subscribe[4..15]].concat();
    // id = 2, publish (7) { channel (1) = "c", data (2) = "[1]" }, and a field that is not known
    let publish = b"\x08\x02\x3a\x08\x0a\x01c\x12\x03[1]\xf8\x3f\x05";
    // send (12) { data (1) = "{" }
    let send = b"\x62\x03\x0a\x01{";
    let mut frame = Vec::new();
    for message in [&subscribe[..], publish, send, b""] {
        frame.push(message.len() as u8);
        frame.extend_from_slice(message);
    }
    let wanted = SubscribeRequest {
        channel: "c".into(),
        recover: true,
        epoch: "e".into(),
        offset: 300,
        ..Default::default()
    };
    let post = PublishRequest {
        channel: "c".into(),
        data: Ok(payload("[1]")),
        kind: 0,
    };
    let expected = vec![
        command(1, Request::Subscribe(wanted)),
        command(2, Request::Publish(post)),
        command(
            0,
            Request::Send(SendRequest {
                data: Err(PayloadError::Malformed),
            }),
        ),
        Incoming::Pong,
    ];
    assert_eq!(decoded(Encoding::Protobuf, &frame), Ok(expected));
}

#[test]
fn protobuf_pushes_are_written_by_their_field_numbers() {
    let mut out = Vec::new();
    encode_publication(Encoding::Protobuf, "c", &Publication::new(5, payload("{}")), &mut out);
    // push (4) { channel (2) = "c", pub (4) { data (4) = "{}", offset (6) = 5 } }
    assert_eq!(out, b"\x22\x0b\x12\x01c\x22\x06\x22\x02{}\x30\x05");

    out.clear();
    encode_reply(
        Encoding::Protobuf,
        &Reply::success(9, CommandResult::Subscribe(SubscribeResult::default())),
        &mut out,
    );
    // An empty result is there all the same: SDKs ask whether the field is set.
    assert_eq!(out, b"\x08\x09\x32\x00");
}

fn packed(messages: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        rmpv::encode::write_value(&mut bytes, message).expect("writing to memory");
    }
    bytes
}

fn map(pairs: &[(&str, Value)]) -> Value {
    Value::Map(
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
    )
}

#[test]
fn message_pack_commands_have_the_names_of_json_and_native_data() {
    let data = map(&[
        ("content", "hi".into()),
        ("n", Value::Array(vec![1.into(), 0.5.into(), Value::Nil])),
    ]);
    let publish = map(&[
        ("channel", "c".into()),
        ("data", data),
        ("later", Value::Ext(1, vec![1])),
    ]);
    let bad = map(&[("method", "m".into()), ("data", Value::Binary(vec![1, 2]))]);
    let frame = packed(&[
        map(&[("id", 1.into()), ("publish", publish)]),
        map(&[("rpc", bad), ("id", 2.into())]),
        map(&[]),
        map(&[("id", 3.into()), ("connect", Value::Nil), ("ping", map(&[]))]),
    ]);
    let post = PublishRequest {
        channel: "c".into(),
        data: Ok(payload(r#"{"content":"hi","n":[1,0.5,null]}"#)),
        kind: 0,
    };
    let call = RpcRequest {
        method: "m".into(),
        data: Some(Err(PayloadError::NotJson)),
    };
    let expected = vec![
        command(1, Request::Publish(post)),
        command(2, Request::Rpc(call)),
        Incoming::Pong,
        command(3, Request::Ping),
    ];
    assert_eq!(decoded(Encoding::MessagePack, &frame), Ok(expected));
}

#[test]
fn message_pack_that_is_no_command_is_refused() {
    for message in [
        Value::Nil,
        1.into(),
        Value::Array(vec![]),
        Value::Array(vec![1.into(), map(&[])]),
        Value::Binary(vec![]),
        map(&[("id", 1.into())]),
        map(&[("id", "1".into()), ("ping", map(&[]))]),
        map(&[("id", (-1).into()), ("ping", map(&[]))]),
        map(&[("id", 0.into()), ("ping", map(&[]))]),
        map(&[
            ("id", 1.into()),
            ("publish", map(&[("channel", Value::Binary(vec![]))])),
        ]),
        Value::Map(vec![(1.into(), 1.into())]),
    ] {
        assert_eq!(
            decoded(Encoding::MessagePack, &packed(std::slice::from_ref(&message))),
            Err(DecodeError),
            "{message}"
        );
    }
}

#[test]
fn message_pack_offsets_stay_exact_in_a_double() {
    let result = SubscribeResult {
        offset: u64::MAX,
        ..Default::default()
    };
    let mut out = Vec::new();
    encode_reply(
        Encoding::MessagePack,
        &Reply::success(1, CommandResult::Subscribe(result)),
        &mut out,
    );
    let reply = rmpv::decode::read_value(&mut &*out).expect("valid MessagePack");
    assert_eq!(reply["subscribe"]["offset"].as_u64(), Some(1 << 53));
}
