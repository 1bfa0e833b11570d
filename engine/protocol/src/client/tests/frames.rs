//! Messages on their transports.

use super::*;

fn framed(encoding: Encoding, transport: Transport, message: &[u8]) -> Vec<u8> {
    let variant = Variant::new(encoding, transport).expect("the transport carries the encoding");
    let mut out = b"before".to_vec();
    frame(variant, message, &mut out);
    out.split_off(6)
}

#[test]
fn websocket_messages_are_text_for_json_and_binary_for_the_others() {
    assert_eq!(framed(Encoding::Json, Transport::WebSocket, b"{}"), b"\x81\x02{}");
    assert_eq!(
        framed(Encoding::Protobuf, Transport::WebSocket, b"ab"),
        b"\x82\x03\x02ab"
    );
    assert_eq!(
        framed(Encoding::MessagePack, Transport::WebSocket, b"\x80"),
        b"\x82\x01\x80"
    );
}

#[test]
fn websocket_lengths_count_the_protobuf_prefix() {
    for (length, head) in [
        (125, &b"\x82\x7e\x00\x7e\x7d"[..]),
        (128, b"\x82\x7e\x00\x82\x80\x01"),
        (65_532, b"\x82\x7e\xff\xff\xfc\xff\x03"),
        (65_533, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00\xfd\xff\x03"),
    ] {
        let message = vec![7; length];
        let frame = framed(Encoding::Protobuf, Transport::WebSocket, &message);
        let (start, rest) = frame.split_at(head.len());
        assert_eq!((start, rest), (head, &*message), "{length}");
    }
}

#[test]
fn a_ping_is_a_frame_in_every_variant() {
    let expected: [&[u8]; 6] = [
        b"\x81\x02{}",
        b"\x82\x01\x00",
        b"\x82\x01\x80",
        b"{}\n",
        b"\x00",
        b"data: {}\n\n",
    ];
    for (variant, expected) in Variant::ALL.into_iter().zip(expected) {
        let (mut message, mut out) = (Vec::new(), Vec::new());
        encode_ping(variant.encoding(), &mut message);
        frame(variant, &message, &mut out);
        assert_eq!(out, expected, "{variant:?}");
        let inside = match variant.transport() {
            Transport::WebSocket => &out[2..],
            Transport::HttpStream => &out,
            Transport::Sse => &out[6..out.len() - 2],
        };
        let read: Vec<_> = decode_replies(variant.encoding(), inside).collect();
        assert_eq!(read, [Ok(Outgoing::Ping)], "{variant:?}");
    }
}

#[test]
fn a_line_of_a_json_stream_is_ascii_and_an_event_is_not() {
    let message = "{\"a\":\"да 😀\"}";
    let line = framed(Encoding::Json, Transport::HttpStream, message.as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&line),
        "{\"a\":\"\\u0434\\u0430 \\ud83d\\ude00\"}\n"
    );
    let event = framed(Encoding::Json, Transport::Sse, message.as_bytes());
    assert_eq!(event, format!("data: {message}\n\n").into_bytes());
}

#[test]
fn a_transport_refuses_what_it_can_not_carry() {
    assert_eq!(Variant::new(Encoding::Protobuf, Transport::Sse), None);
    assert_eq!(Variant::new(Encoding::MessagePack, Transport::Sse), None);
    assert_eq!(Variant::new(Encoding::MessagePack, Transport::HttpStream), None);
    for (index, variant) in Variant::ALL.into_iter().enumerate() {
        assert_eq!(Variant::new(variant.encoding(), variant.transport()), Some(variant));
        assert_eq!(variant.index(), index);
    }
}

#[test]
fn sub_protocols_name_their_encoding() {
    for encoding in Encoding::ALL {
        assert_eq!(Encoding::from_subprotocol(encoding.subprotocol()), Some(encoding));
    }
    assert_eq!(Encoding::from_subprotocol("graphql-ws"), None);
}
