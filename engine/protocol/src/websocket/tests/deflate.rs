//! Autobahn 12 and 13: compressed messages.

use super::kit::{Dice, LIMIT_BYTES, a_client, a_server, text};
use crate::websocket::{
    DecodeError, Decoder, DeflateParameters, Deflater, Event, Opcode, Role, compress_message, write_compressed_frame,
};

const WIDEST: DeflateParameters = DeflateParameters {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

/// Every agreement: both kinds of context, every window.
fn agreements() -> impl Iterator<Item = DeflateParameters> {
    let windows = 9..=15;
    windows.flat_map(|bits| {
        [false, true].map(|no_context_takeover| DeflateParameters {
            server_no_context_takeover: no_context_takeover,
            client_no_context_takeover: no_context_takeover,
            server_max_window_bits: bits,
            client_max_window_bits: bits,
        })
    })
}

fn chat_lines(dice: &mut Dice, count: usize) -> Vec<String> {
    let line = |dice: &mut Dice| {
        let words = 1 + dice.below(400);
        (0..words)
            .map(|_| ["привет ", "room ", "seq ", "42 ", "{\"data\": "][dice.below(5)])
            .collect()
    };
    (0..count).map(|_| line(dice)).collect()
}

#[test]
fn the_examples_of_the_rfc_inflate() {
    // RFC 7692 sections 7.2.3.1 to 7.2.3.5.
    let one_block = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let hello = a_server()
        .with_deflate(WIDEST)
        .sends_compressed(Opcode::Text, one_block);
    assert_eq!(hello.received(), [text("Hello")]);

    let parts = a_server()
        .with_deflate(WIDEST)
        .begins_compressed(Opcode::Text, &one_block[..3]);
    assert_eq!(
        parts.sends(Opcode::Continuation, &one_block[3..]).received(),
        [text("Hello")]
    );

    let shared_window = hello.sends_compressed(Opcode::Text, [0xf2, 0x00, 0x11, 0x00, 0x00]);
    assert_eq!(shared_window.received(), [text("Hello"), text("Hello")]);

    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    let final_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let two_blocks = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    for payload in [&stored[..], &final_block, &two_blocks] {
        let sender = a_server().with_deflate(WIDEST).sends_compressed(Opcode::Text, payload);
        let sender = sender
            .sends_compressed(Opcode::Text, payload)
            .sends(Opcode::Text, "plain");
        assert_eq!(sender.received(), [text("Hello"), text("Hello"), text("plain")]);
    }
}

#[test]
fn every_agreement_carries_messages_both_ways() {
    let mut dice = Dice::new();
    for parameters in agreements() {
        for (sends, receives) in [(Role::Server, Role::Client), (Role::Client, Role::Server)] {
            let mut deflater = Deflater::for_connection(sends, parameters);
            let mut decoder = Decoder::new(receives, LIMIT_BYTES, Some(parameters));
            for line in chat_lines(&mut dice, 20) {
                let mut frame = Vec::new();
                let mask = (sends == Role::Client).then_some([1, 2, 3, 4]);
                write_compressed_frame(&mut frame, Opcode::Text, &deflater.compress(line.as_bytes()), mask);
                let received = dice
                    .cuts(&frame, 700)
                    .into_iter()
                    .find_map(|mut piece| decoder.decode(&mut piece).unwrap());
                assert_eq!(received, Some(Event::Text(line)), "{parameters:?}");
                assert!(decoder.is_idle());
            }
        }
    }
}

#[test]
fn the_window_carries_over_only_when_agreed() {
    let line = "the same words again, the second time for almost nothing".as_bytes();
    let mut with_takeover = Deflater::new(15, true);
    let first = with_takeover.compress(line);
    let second = with_takeover.compress(line);
    assert!(second.len() < first.len() / 2);
    let mut without = Deflater::new(15, false);
    assert_eq!(without.compress(line), first);
    assert_eq!(without.compress(line), first);

    let forgetful = DeflateParameters {
        server_no_context_takeover: true,
        ..WIDEST
    };
    let sender = a_server()
        .with_deflate(forgetful)
        .sends_compressed(Opcode::Binary, &first);
    let sender = sender.sends_compressed(Opcode::Binary, &second);
    assert_eq!(
        sender.outcome(),
        (vec![Event::Binary(line.to_vec())], Some(DecodeError::InvalidDeflate))
    );
}

#[test]
fn each_side_keeps_to_its_own_half_of_the_agreement() {
    let lopsided = DeflateParameters {
        server_no_context_takeover: true,
        server_max_window_bits: 9,
        ..WIDEST
    };
    let mut dice = Dice::new();
    let noise = dice.bytes(600);
    let line = [&noise[..], &noise].concat();
    let mut by_server = Deflater::for_connection(Role::Server, lopsided);
    let mut by_client = Deflater::for_connection(Role::Client, lopsided);
    let (first, second) = (by_client.compress(&line), by_client.compress(&line));
    assert!(
        first.len() < 800 && second.len() < 100,
        "the client's window is wide and carries over"
    );
    assert!(
        (0..2).all(|_| by_server.compress(&line).len() > 1200),
        "the server's is narrow and does not"
    );
    let sender = a_client()
        .with_deflate(lopsided)
        .sends_compressed(Opcode::Binary, first);
    let sender = sender.sends_compressed(Opcode::Binary, second);
    assert_eq!(sender.received(), [Event::Binary(line.clone()), Event::Binary(line)]);
}

#[test]
fn a_shared_message_inflates_at_any_place_of_any_connection() {
    let line = "x".repeat(2000) + &"y".repeat(500);
    for parameters in agreements() {
        let shared = compress_message(line.as_bytes(), parameters.server_max_window_bits);
        let mut own = Deflater::for_connection(Role::Server, parameters);
        let sender = a_server()
            .with_deflate(parameters)
            .sends_compressed(Opcode::Text, own.compress(b"before"));
        let sender = sender
            .sends_compressed(Opcode::Text, &shared)
            .sends(Opcode::Text, "plain");
        let sender = sender.sends_compressed(Opcode::Text, &shared);
        assert_eq!(
            sender.received(),
            [text("before"), text(&line), text("plain"), text(&line)]
        );
    }
}

#[test]
fn a_short_message_fits_a_smaller_window_than_it_was_compressed_for() {
    let narrow = DeflateParameters {
        server_max_window_bits: 10,
        ..WIDEST
    };
    assert!(narrow.server_window_holds(10, 1 << 20));
    assert!(narrow.server_window_holds(15, 1024));
    assert!(!narrow.server_window_holds(15, 1025));
    let mut dice = Dice::new();
    let noise = dice.bytes(500);
    let payload = [&noise[..], &noise].concat();
    let sender = a_server()
        .with_deflate(narrow)
        .sends_compressed(Opcode::Binary, compress_message(&payload, 15));
    assert_eq!(sender.received(), [Event::Binary(payload)]);
}

#[test]
fn windows_are_kept_to() {
    let mut dice = Dice::new();
    let noise = dice.bytes(600);
    let repeated_after_600 = [&noise[..], &noise].concat();
    let wide = compress_message(&repeated_after_600, 15);
    let narrow = compress_message(&repeated_after_600, 9);
    assert!(
        wide.len() < 800 && narrow.len() > 1200,
        "{} and {} bytes",
        wide.len(),
        narrow.len()
    );
}

#[test]
fn empty_messages_compress_and_inflate() {
    let mut deflater = Deflater::new(15, true);
    let mut sender = a_server().with_deflate(WIDEST);
    for payload in ["", "", "a", "", "a"] {
        sender = sender.sends_compressed(Opcode::Text, deflater.compress(payload.as_bytes()));
    }
    assert_eq!(sender.received(), [text(""), text(""), text("a"), text(""), text("a")]);
}

#[test]
fn what_can_not_be_compressed_arrives_too() {
    let mut dice = Dice::new();
    for length in [1, 100, 1000, 70_000] {
        let noise = dice.bytes(length);
        let sender = a_client().with_deflate(WIDEST).limited_to(length as u32);
        let sender = sender.sends_compressed(Opcode::Binary, compress_message(&noise, 15));
        let bytes = sender.bytes.clone();
        assert_eq!(
            sender.outcome_in(dice.cuts(&bytes, 5000)),
            (vec![Event::Binary(noise)], None)
        );
    }
}

#[test]
fn a_bomb_is_refused_while_it_goes_off() {
    let bomb = compress_message(&vec![0; 50 << 20], 15);
    let sender = a_client()
        .with_deflate(WIDEST)
        .limited_to(100_000)
        .sends_compressed(Opcode::Binary, bomb);
    assert_eq!(
        sender.outcome_in([&sender.bytes[..]]),
        (vec![], Some(DecodeError::MessageTooLarge))
    );
    let at = sender.refused_after_bytes().expect("the bomb is refused");
    assert!(at < 200, "only after {at} bytes");
}

#[test]
fn a_message_of_exactly_the_limit_passes() {
    for length in [1, 255, 256, 257, 5000] {
        let payload = "z".repeat(length);
        let compressed = compress_message(payload.as_bytes(), 15);
        let exact = a_client().with_deflate(WIDEST).limited_to(length as u32);
        assert_eq!(
            exact.sends_compressed(Opcode::Text, &compressed).received(),
            [text(&payload)]
        );
        let above = a_client().with_deflate(WIDEST).limited_to(length as u32 - 1);
        assert_eq!(
            above.sends_compressed(Opcode::Text, &compressed).refused(),
            DecodeError::MessageTooLarge
        );
    }
}

#[test]
fn endless_empty_blocks_count_as_bytes_too() {
    let empty_blocks = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(100);
    let mut sender = a_client().with_deflate(WIDEST).limited_to(1000);
    sender = sender.begins_compressed(Opcode::Binary, &empty_blocks);
    for _ in 0..3 {
        sender = sender.sends_part(Opcode::Continuation, false, &empty_blocks);
    }
    assert_eq!(sender.refused(), DecodeError::MessageTooLarge);
}

#[test]
fn broken_data_is_refused() {
    for broken in [&[0xff, 0xff, 0xff][..], &[0x07], &[0x00, 0x05, 0x00, 0x00, 0x00, 0x48]] {
        let sender = a_client().with_deflate(WIDEST).sends_compressed(Opcode::Binary, broken);
        assert_eq!(sender.refused(), DecodeError::InvalidDeflate, "{broken:x?}");
        assert_eq!(sender.refused().close_code(), 1007);
    }
}

#[test]
fn compressed_text_is_checked_while_it_comes() {
    let payload = [b"valid until here \xf4\x90".to_vec(), vec![b'a'; 5000]].concat();
    let compressed = Deflater::new(15, false).compress(&payload);
    let sender = a_client()
        .with_deflate(WIDEST)
        .sends_compressed(Opcode::Text, &compressed);
    assert_eq!(sender.refused(), DecodeError::InvalidUtf8);
}

#[test]
fn control_frames_within_a_compressed_message_are_plain() {
    let compressed = compress_message(b"compressed in two fragments", 15);
    let (start, end) = compressed.split_at(10);
    let sender = a_client().with_deflate(WIDEST).begins_compressed(Opcode::Text, start);
    let sender = sender.sends(Opcode::Ping, "ping").sends(Opcode::Continuation, end);
    assert_eq!(
        sender.received(),
        [Event::Ping(b"ping".to_vec()), text("compressed in two fragments")]
    );
}

#[test]
fn random_compressed_bytes_never_panic() {
    let mut dice = Dice::new();
    for _ in 0..2000 {
        let length = dice.below(300);
        let sender = a_client().with_deflate(WIDEST).limited_to(10_000);
        let sender = sender.sends_compressed(Opcode::Binary, dice.bytes(length));
        let bytes = sender.bytes.clone();
        let (events, error) = sender.outcome_in(dice.cuts(&bytes, 50));
        assert!(events.len() == 1 || error.is_some());
    }
}
