//! Frames as SDKs send them.

use std::collections::BTreeMap;

use super::*;
use crate::payload::PayloadError;

#[test]
fn a_batch_of_json_lines_is_read_in_order() {
    let frame = concat!(
        r#"{"connect":{"token":"t","name":"js","subs":{"user:u1":{"recover":true,"offset":7,"epoch":"e"}}},"id":1}"#,
        "\n",
        r#"{"subscribe":{"channel":"room:a","recoverable":true,"flag":2},"id":2}"#,
        "\n",
        r#"{"publish":{"channel":"room:a","data":{"content": "hi"}},"id":3}"#,
        "\n",
        r#"{"send":{"data":[1]}}"#,
        "\n{}\n",
    );
    let user = SubscribeRequest {
        recover: true,
        offset: 7,
        epoch: "e".into(),
        ..Default::default()
    };
    let connect = ConnectRequest {
        token: "t".into(),
        name: "js".into(),
        subs: BTreeMap::from([("user:u1".into(), user)]),
        ..Default::default()
    };
    let subscribe = SubscribeRequest {
        channel: "room:a".into(),
        recoverable: true,
        flag: 2,
        ..Default::default()
    };
    let publish = PublishRequest {
        channel: "room:a".into(),
        data: Ok(payload(r#"{"content":"hi"}"#)),
        kind: 0,
    };
    let expected = vec![
        command(1, Request::Connect(connect)),
        command(2, Request::Subscribe(subscribe)),
        command(3, Request::Publish(publish)),
        command(
            0,
            Request::Send(SendRequest {
                data: Ok(payload("[1]")),
            }),
        ),
        Incoming::Pong,
    ];
    assert_eq!(decoded(Encoding::Json, frame.as_bytes()), Ok(expected));
}

#[test]
fn data_that_is_refused_fails_its_command_alone() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (data, error) in [
        ("9007199254740993", PayloadError::NumberOutOfRange),
        (r#"{"a":1,"a":2}"#, PayloadError::DuplicateKey),
        (r#""\ud800""#, PayloadError::LoneSurrogate),
        ("1e999", PayloadError::NumberOutOfRange),
        (&*deep, PayloadError::TooDeep),
        (&*format!("\"{}\"", "a".repeat(70_000)), PayloadError::TooLarge),
    ] {
        let frame = format!("{{\"id\":1,\"rpc\":{{\"method\":\"m\",\"data\":{data}}}}}\n{{\"id\":2,\"ping\":{{}}}}");
        let method = "m".to_owned();
        let rpc = RpcRequest {
            method,
            data: Some(Err(error)),
        };
        let expected = vec![command(1, Request::Rpc(rpc)), command(2, Request::Ping)];
        assert_eq!(decoded(Encoding::Json, frame.as_bytes()), Ok(expected), "{error}");
    }
}

#[test]
fn null_is_a_value_as_data_and_nothing_anywhere_else() {
    let publish = |data| {
        command(
            1,
            Request::Publish(PublishRequest {
                channel: "c".into(),
                data,
                kind: 0,
            }),
        )
    };
    for (frame, expected) in [
        (
            r#"{"id":1,"publish":{"channel":"c","data":null}}"#,
            publish(Ok(payload("null"))),
        ),
        (
            r#"{"id":1,"publish":{"channel":"c","type":null}}"#,
            publish(Err(PayloadError::Malformed)),
        ),
        (r#"{"id":1,"connect":null,"ping":{}}"#, command(1, Request::Ping)),
        (r#"{"id":null,"connect":null}"#, Incoming::Pong),
    ] {
        assert_eq!(decoded(Encoding::Json, frame.as_bytes()), Ok(vec![expected]), "{frame}");
    }
}

#[test]
fn fields_that_are_not_known_here_are_skipped() {
    let frame = r#"{"id":1,"later":[{}],"subscribe":{"channel":"c","delta":"fossil","tf":{"op":"and","nodes":[]},"type":1,"x":1e999}}"#;
    let subscribe = SubscribeRequest {
        channel: "c".into(),
        filtered: true,
        kind: 1,
        ..Default::default()
    };
    let expected = vec![command(1, Request::Subscribe(subscribe))];
    assert_eq!(decoded(Encoding::Json, frame.as_bytes()), Ok(expected));
}

#[test]
fn frames_that_are_not_commands_are_refused() {
    for frame in [
        "null",
        "1",
        "\"{}\"",
        "[]",
        "[1,{}]",
        "{",
        "{}}",
        "\n",
        "{}\n\n{}",
        "{}\u{0}",
        r#"{"id":1}"#,
        r#"{"id":-1,"ping":{}}"#,
        r#"{"id":"1","ping":{}}"#,
        r#"{"id":4294967296,"ping":{}}"#,
        r#"{"id":1,"id":2,"ping":{}}"#,
        r#"{"ping":{}}"#,
        r#"{"subscribe":{"channel":"c"}}"#,
        r#"{"id":1,"subscribe":"c"}"#,
        r#"{"id":1,"history":{"limit":2147483648}}"#,
        r#"{"id":1,"publish":{"channel":"c","data":nul}}"#,
    ] {
        assert_eq!(decoded(Encoding::Json, frame.as_bytes()), Err(DecodeError), "{frame:?}");
    }
    assert_eq!(
        decoded(Encoding::Json, b"{\"id\":1,\"send\":{\"data\":\"\xff\"}}"),
        Err(DecodeError)
    );
}

#[test]
fn what_comes_before_a_malformed_line_is_read_and_nothing_after_it() {
    let frame = b"{\"id\":1,\"ping\":{}}\n{\"id\":0,\"ping\":{}}\n{\"id\":2,\"ping\":{}}";
    let all: Vec<_> = decode_commands(Encoding::Json, frame, &PayloadLimits::default()).collect();
    assert_eq!(all, [Ok(command(1, Request::Ping)), Err(DecodeError)]);
}

#[test]
fn an_empty_message_is_a_pong_in_every_encoding() {
    for encoding in Encoding::ALL {
        let mut frame = Vec::new();
        encode_pong(encoding, &mut frame);
        assert_eq!(decoded(encoding, &frame), Ok(vec![Incoming::Pong]), "{encoding:?}");
        assert_eq!(decoded(encoding, b""), Ok(vec![]), "{encoding:?}");
    }
}

#[test]
fn tokens_are_not_in_debug_output() {
    let frame = concat!(
        r#"{"id":1,"connect":{"token":"secret","subs":{"c":{"token":"secret"}}}}"#,
        "\n",
        r#"{"id":2,"refresh":{"token":"secret"}}"#,
        "\n",
        r#"{"id":3,"sub_refresh":{"token":"secret"}}"#
    );
    let shown = format!("{:?}", decoded(Encoding::Json, frame.as_bytes()));
    assert!(shown.contains("given") && !shown.contains("secret"), "{shown}");
}
