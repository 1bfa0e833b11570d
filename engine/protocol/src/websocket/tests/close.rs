//! Autobahn 7: the closing handshake.

use super::kit::{a_client, a_server, text};
use crate::websocket::{
    CLOSE_REASON_LIMIT_BYTES, CloseFrame, DecodeError, Event, Opcode, close_code_is_valid, write_close,
};

fn closed(code: u16, reason: &str) -> Event {
    Event::Close(Some(CloseFrame {
        code,
        reason: reason.to_owned(),
    }))
}

fn close_payload(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

#[test]
fn a_close_frame_may_be_empty_or_carry_code_and_reason() {
    assert_eq!(a_client().sends(Opcode::Close, "").received(), [Event::Close(None)]);
    assert_eq!(
        a_client().sends(Opcode::Close, close_payload(1000, b"")).received(),
        [closed(1000, "")]
    );
    let longest = "*".repeat(CLOSE_REASON_LIMIT_BYTES);
    let sender = a_server().sends(Opcode::Close, close_payload(3001, longest.as_bytes()));
    assert_eq!(sender.received(), [closed(3001, &longest)]);
}

#[test]
fn nothing_after_a_close_frame_is_read() {
    let sender = a_client()
        .sends(Opcode::Text, "last")
        .sends(Opcode::Close, close_payload(1000, b"bye"));
    let sender = sender
        .sends(Opcode::Ping, "too late")
        .sends(Opcode::Text, b"\xff")
        .sends_bytes([0xff; 100]);
    assert_eq!(sender.received(), [text("last"), closed(1000, "bye")]);
}

#[test]
fn nothing_after_an_error_is_read() {
    let mut decoder = crate::websocket::Decoder::new(crate::websocket::Role::Server, 100, None);
    let broken = a_client()
        .sends(Opcode::Text, b"\xff")
        .sends(Opcode::Text, "later")
        .bytes;
    let mut input = &broken[..];
    assert_eq!(decoder.decode(&mut input), Err(DecodeError::InvalidUtf8));
    assert_eq!(input, [0_u8; 0]);
    assert_eq!(decoder.decode(&mut &broken[..]), Ok(None));
    assert!(decoder.is_idle());
}

#[test]
fn a_close_frame_may_come_within_a_message() {
    let sender = a_client()
        .sends_part(Opcode::Text, false, "never")
        .sends(Opcode::Close, close_payload(1001, b""));
    assert_eq!(sender.received(), [closed(1001, "")]);
}

#[test]
fn malformed_close_frames_are_refused() {
    assert_eq!(
        a_client().sends(Opcode::Close, [3]).refused(),
        DecodeError::MalformedClose
    );
    assert_eq!(
        a_client().sends(Opcode::Close, [0; 126]).refused(),
        DecodeError::ControlTooLong
    );
    let reason = a_client().sends(Opcode::Close, close_payload(1000, b"\xce\xba\xe1"));
    assert_eq!(reason.refused(), DecodeError::InvalidUtf8);
}

#[test]
fn codes_are_judged_by_the_registry() {
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ];
    for code in valid {
        assert!(close_code_is_valid(code));
        assert_eq!(
            a_client().sends(Opcode::Close, close_payload(code, b"")).received(),
            [closed(code, "")]
        );
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert!(!close_code_is_valid(code));
        let sender = a_client().sends(Opcode::Close, close_payload(code, b"why"));
        assert_eq!(sender.refused(), DecodeError::InvalidCloseCode, "{code}");
    }
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let mut bytes = Vec::new();
    write_close(&mut bytes, 1008, &"я".repeat(100), None);
    let expected = "я".repeat(61); // 122 bytes: the next character would be torn at 123
    assert_eq!(a_server().sends_bytes(bytes).received(), [closed(1008, &expected)]);
}

#[test]
fn a_client_masks_its_close_frame() {
    let mut bytes = Vec::new();
    write_close(&mut bytes, 1000, "done", Some([9, 8, 7, 6]));
    assert_eq!(a_client().sends_bytes(bytes).received(), [closed(1000, "done")]);
}
