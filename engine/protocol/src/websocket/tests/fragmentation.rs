//! Autobahn 5: fragmented messages.

use super::kit::{a_client, text};
use crate::websocket::{DecodeError, Event, Opcode};

#[test]
fn fragments_come_together() {
    let sender = a_client()
        .sends_part(Opcode::Text, false, "frag")
        .sends_part(Opcode::Continuation, false, "");
    let sender = sender.sends(Opcode::Continuation, "ment");
    assert_eq!(sender.received(), [text("fragment")]);
}

#[test]
fn control_frames_between_fragments_come_first() {
    let sender = a_client()
        .sends_part(Opcode::Binary, false, [1, 2])
        .sends(Opcode::Ping, "ping");
    let sender = sender
        .sends_part(Opcode::Continuation, false, [3])
        .sends(Opcode::Pong, "");
    let sender = sender.sends(Opcode::Continuation, [4]);
    let expected = [
        Event::Ping(b"ping".to_vec()),
        Event::Pong(vec![]),
        Event::Binary(vec![1, 2, 3, 4]),
    ];
    assert_eq!(sender.received(), expected);
}

#[test]
fn control_frames_are_not_fragmented() {
    for opcode in [Opcode::Ping, Opcode::Pong, Opcode::Close] {
        let sender = a_client().sends_part(opcode, false, "");
        assert_eq!(sender.refused(), DecodeError::ControlFragmented);
    }
}

#[test]
fn a_continuation_needs_a_message() {
    for fin in [false, true] {
        let sender = a_client().sends_part(Opcode::Continuation, fin, "of what?");
        assert_eq!(sender.refused(), DecodeError::UnexpectedContinuation);
    }
    let sender = a_client()
        .sends_part(Opcode::Text, false, "a")
        .sends(Opcode::Continuation, "b");
    let sender = sender.sends(Opcode::Continuation, "c");
    assert_eq!(
        sender.outcome(),
        (vec![text("ab")], Some(DecodeError::UnexpectedContinuation))
    );
}

#[test]
fn an_open_message_lets_no_other_begin() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        let sender = a_client().sends_part(Opcode::Text, false, "a").sends(opcode, "b");
        assert_eq!(sender.refused(), DecodeError::ExpectedContinuation);
    }
}
