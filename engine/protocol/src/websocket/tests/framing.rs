//! Autobahn 1 and 9: lengths, masks, roles and limits.

use super::kit::{Dice, a_client, a_server, text};
use crate::websocket::{DecodeError, Decoder, Event, Opcode, Role, apply_mask, frame_header, write_frame};

#[test]
fn payloads_of_every_length_encoding_arrive_from_both_sides() {
    for length in [0, 1, 7, 125, 126, 127, 128, 65_535, 65_536, 65_537] {
        let payload = "*".repeat(length);
        for sender in [a_client(), a_server()] {
            let sender = sender.sends(Opcode::Text, &payload).sends(Opcode::Binary, &payload);
            let bytes = sender.bytes.clone();
            let expected = vec![text(&payload), Event::Binary(payload.clone().into())];
            assert_eq!(sender.outcome_in([&bytes[..]]), (expected.clone(), None), "{length}");
            assert_eq!(
                sender.outcome_in(bytes.chunks(997)),
                (expected, None),
                "{length} in pieces"
            );
        }
    }
}

#[test]
fn the_example_of_the_rfc_decodes_and_encodes() {
    let masked_hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(a_client().sends_bytes(masked_hello).received(), [text("Hello")]);
    assert_eq!(a_client().sends(Opcode::Text, "Hello").bytes, masked_hello);
    assert_eq!(a_server().sends(Opcode::Text, "Hello").bytes, b"\x81\x05Hello");
    assert_eq!(
        frame_header(Opcode::Binary, true, false, 256, None).as_ref(),
        [0x82, 0x7e, 0x01, 0x00]
    );
    let long = frame_header(Opcode::Binary, true, false, 65_536, None);
    assert_eq!(long.as_ref(), [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn many_messages_in_one_read_come_out_one_by_one() {
    let sender = a_client()
        .sends(Opcode::Text, "one")
        .sends(Opcode::Text, "")
        .sends(Opcode::Binary, "three");
    assert_eq!(
        sender.received(),
        [text("one"), text(""), Event::Binary(b"three".to_vec())]
    );
}

#[test]
fn lengths_in_more_bytes_than_needed_are_refused() {
    let of_16_bits = [&[0x81, 0x7e, 0, 125][..], &[b'*'; 125]].concat();
    assert_eq!(
        a_server().sends_bytes(of_16_bits).refused(),
        DecodeError::MalformedLength
    );
    let of_64_bits = [&[0x81, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff][..], &[b'*'; 8]].concat();
    assert_eq!(
        a_server().sends_bytes(of_64_bits).refused(),
        DecodeError::MalformedLength
    );
}

#[test]
fn a_length_of_64_bits_is_refused_before_anything_is_reserved() {
    let most_significant = [0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(
        a_server().sends_bytes(most_significant).refused(),
        DecodeError::MalformedLength
    );
    let largest = [0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(a_server().sends_bytes(largest).refused(), DecodeError::MessageTooLarge);
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_header() {
    let exact = a_client().limited_to(300).sends(Opcode::Binary, [0; 300]);
    assert_eq!(exact.received(), [Event::Binary(vec![0; 300])]);
    let above = a_client().limited_to(300).sends(Opcode::Binary, [0; 301]);
    assert_eq!(above.refused(), DecodeError::MessageTooLarge);
    assert_eq!(above.refused().close_code(), 1009);
    assert_eq!(above.refused_after_bytes(), Some(8), "with the last byte of the header");
}

#[test]
fn fragments_count_together_against_the_limit() {
    let sender = a_client().limited_to(300).sends_part(Opcode::Text, false, [b'a'; 200]);
    let sender = sender
        .sends(Opcode::Ping, "still here")
        .sends(Opcode::Continuation, [b'b'; 101]);
    assert_eq!(
        sender.outcome(),
        (
            vec![Event::Ping(b"still here".to_vec())],
            Some(DecodeError::MessageTooLarge)
        )
    );
}

#[test]
fn each_role_refuses_frames_of_its_own_kind() {
    let from_server = a_server().sends(Opcode::Text, "hi").bytes;
    assert_eq!(a_client().sends_bytes(from_server).refused(), DecodeError::NotMasked);
    let from_client = a_client().sends(Opcode::Text, "hi").bytes;
    assert_eq!(a_server().sends_bytes(from_client).refused(), DecodeError::Masked);
}

#[test]
fn masking_by_words_is_masking_by_bytes() {
    let mut dice = Dice::new();
    for length in 0..200 {
        let (original, mask) = (dice.bytes(length), [1, 2, 4, 8].map(|bit| dice.number() as u8 ^ bit));
        let mut masked = original.clone();
        apply_mask(&mut masked, mask);
        let expected: Vec<u8> = original
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ mask[at % 4])
            .collect();
        assert_eq!(masked, expected);
    }
}

#[test]
fn random_messages_arrive_in_random_pieces() {
    let mut dice = Dice::new();
    for _ in 0..200 {
        let mut sender = a_client();
        let mut expected = Vec::new();
        for _ in 0..dice.below(6) {
            let (length, parts) = (dice.below(3000), 1 + dice.below(4));
            let payload = dice.bytes(length);
            sender = send_in_parts(sender, &payload, parts, &mut expected, &mut dice);
            expected.push(Event::Binary(payload));
        }
        let bytes = sender.bytes.clone();
        let longest = 1 + dice.below(500);
        assert_eq!(sender.outcome_in(dice.cuts(&bytes, longest)), (expected, None));
    }
}

fn send_in_parts(
    mut sender: super::kit::Sender,
    payload: &[u8],
    parts: usize,
    events: &mut Vec<Event>,
    dice: &mut Dice,
) -> super::kit::Sender {
    let size = payload.len().div_ceil(parts).max(1);
    let pieces: Vec<_> = if payload.is_empty() {
        vec![payload]
    } else {
        payload.chunks(size).collect()
    };
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = if index == 0 {
            Opcode::Binary
        } else {
            Opcode::Continuation
        };
        sender = sender.sends_part(opcode, index + 1 == pieces.len(), piece);
        if index + 1 < pieces.len() && dice.below(2) == 0 {
            let length = dice.below(126);
            let ping = dice.bytes(length);
            sender = sender.sends(Opcode::Ping, &ping);
            events.push(Event::Ping(ping));
        }
    }
    sender
}

#[test]
fn random_bytes_never_panic_and_never_hold_more_than_the_limit() {
    let mut dice = Dice::new();
    for _ in 0..2000 {
        let length = dice.below(400);
        let mut bytes = dice.bytes(length);
        // Most random first bytes fail at once: make some of them plausible.
        if let [first, second, ..] = &mut bytes[..] {
            *first &= 0x8f;
            *second |= 0x80;
        }
        let sender = a_client().limited_to(100).sends_bytes(&bytes);
        let (events, _) = sender.outcome_in(dice.cuts(&bytes, 20));
        let longest = events.iter().map(|event| match event {
            Event::Text(text) => text.len(),
            Event::Binary(bytes) => bytes.len(),
            _ => 0,
        });
        assert!(longest.max().unwrap_or(0) <= 100);
    }
}

#[test]
fn an_idle_decoder_is_small_and_holds_nothing() {
    assert!(size_of::<Decoder>() <= 32, "{} bytes", size_of::<Decoder>());
    let mut decoder = Decoder::new(Role::Client, 1000, None);
    let mut frame = Vec::new();
    write_frame(&mut frame, Opcode::Text, true, b"hello", None);
    let (start, mut end) = frame.split_at(4);
    assert_eq!(decoder.decode(&mut &start[..]), Ok(None));
    assert!(!decoder.is_idle());
    assert_eq!(decoder.decode(&mut end), Ok(Some(text("hello"))));
    assert!(decoder.is_idle());
}
