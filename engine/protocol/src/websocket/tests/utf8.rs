//! Autobahn 6: text is UTF-8, and the first wrong byte is the last that is waited for.

use super::kit::{Dice, a_client, text};
use crate::websocket::{DecodeError, Opcode};

const VALID: &str = "κόσμε, Hellö, мир, 日本, 𝄞 \u{0} \u{7f} \u{80} \u{7ff} \u{800} \u{ffff} \u{10ffff}";

/// Overlong forms, surrogates, numbers beyond the last, lone bytes and unfinished characters.
const INVALID: [&[u8]; 16] = [
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xe0\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xf0\x80\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xfe",
    b"\xff",
    b"\xc2\x20",
    b"\xe4\xbd\x20",
];

#[test]
fn characters_may_be_torn_between_fragments() {
    for at in 0..=VALID.len() {
        let (start, end) = VALID.as_bytes().split_at(at);
        let sender = a_client()
            .sends_part(Opcode::Text, false, start)
            .sends(Opcode::Continuation, end);
        assert_eq!(sender.received(), [text(VALID)]);
    }
}

#[test]
fn one_byte_per_fragment_is_enough() {
    let mut sender = a_client().sends_part(Opcode::Text, false, "");
    for byte in VALID.as_bytes() {
        sender = sender.sends_part(Opcode::Continuation, false, [*byte]);
    }
    assert_eq!(sender.sends(Opcode::Continuation, "").received(), [text(VALID)]);
}

#[test]
fn invalid_text_is_refused_however_it_comes() {
    for wrong in INVALID {
        let payload = [VALID.as_bytes(), wrong, b"edited"].concat();
        let whole = a_client().sends(Opcode::Text, &payload);
        assert_eq!(whole.refused(), DecodeError::InvalidUtf8, "{wrong:x?}");
        let (start, end) = payload.split_at(VALID.len() + 1);
        let parts = a_client()
            .sends_part(Opcode::Text, false, start)
            .sends(Opcode::Continuation, end);
        assert_eq!(parts.refused(), DecodeError::InvalidUtf8, "{wrong:x?}");
        assert_eq!(parts.refused().close_code(), 1007);
    }
}

#[test]
fn text_that_ends_within_a_character_is_refused() {
    for unfinished in [&b"\xce"[..], b"\xe4\xbd", b"\xf0\x9d\x84"] {
        assert_eq!(
            a_client().sends(Opcode::Text, unfinished).refused(),
            DecodeError::InvalidUtf8
        );
        let parts = a_client()
            .sends_part(Opcode::Text, false, unfinished)
            .sends(Opcode::Continuation, "");
        assert_eq!(parts.refused(), DecodeError::InvalidUtf8);
    }
}

#[test]
fn the_first_impossible_byte_fails_the_message_at_once() {
    let start = "κόσμε".as_bytes();
    let sender = a_client().sends_part(Opcode::Text, false, [start, b"\xf4\x90\x80\x80", b"edited"].concat());
    let header_bytes = 6;
    assert_eq!(
        sender.refused_after_bytes(),
        Some(header_bytes + start.len() + 2),
        "f4 may begin a character, f4 90 not"
    );
    let whole = a_client().sends(Opcode::Text, [start, b"\xff", b"edited"].concat());
    assert_eq!(whole.refused_after_bytes(), Some(header_bytes + start.len() + 1));
}

#[test]
fn binary_messages_may_hold_anything() {
    let payload = INVALID.concat();
    let sender = a_client().sends(Opcode::Binary, &payload);
    assert_eq!(sender.received(), [crate::websocket::Event::Binary(payload)]);
}

#[test]
fn random_text_is_judged_in_pieces_as_in_whole() {
    let mut dice = Dice::new();
    for _ in 0..3000 {
        let mut payload = VALID.as_bytes().to_vec();
        for _ in 0..dice.below(3) {
            let at = dice.below(payload.len());
            payload[at] = dice.number() as u8;
        }
        let sender = a_client().sends(Opcode::Text, &payload);
        let expected = match String::from_utf8(payload) {
            Ok(valid) => (vec![text(&valid)], None),
            Err(_) => (vec![], Some(DecodeError::InvalidUtf8)),
        };
        let bytes = sender.bytes.clone();
        assert_eq!(sender.outcome_in(dice.cuts(&bytes, 9)), expected);
    }
}
