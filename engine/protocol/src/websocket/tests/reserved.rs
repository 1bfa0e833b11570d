//! Autobahn 3 and 4: reserved bits and opcodes.

use super::kit::{a_client, text};
use crate::websocket::{DecodeError, DeflateParameters, Opcode};

const MASKED_EMPTY: [u8; 5] = [0x80, 0x37, 0xfa, 0x21, 0x3d];

#[test]
fn every_reserved_bit_is_refused_in_every_frame_at_its_second_byte() {
    for reserved in 1..=7_u8 {
        for opcode in [1, 2, 8, 9, 10] {
            let first = 0x80 | reserved << 4 | opcode;
            let sender = a_client().sends_bytes([first]).sends_bytes(MASKED_EMPTY);
            assert_eq!(sender.refused(), DecodeError::ReservedBits, "{first:#x}");
            assert_eq!(sender.refused_after_bytes(), Some(2));
        }
    }
}

#[test]
fn with_deflate_the_first_bit_is_for_the_first_data_frame_only() {
    let deflate = DeflateParameters {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    for first in [0xc8, 0xc9, 0xca, 0xa1, 0x91, 0xe1] {
        let sender = a_client()
            .with_deflate(deflate)
            .sends_bytes([first])
            .sends_bytes(MASKED_EMPTY);
        assert_eq!(sender.refused(), DecodeError::ReservedBits, "{first:#x}");
    }
    let continued = a_client().with_deflate(deflate).sends_part(Opcode::Text, false, "a");
    let continued = continued.sends_bytes([0xc0]).sends_bytes(MASKED_EMPTY);
    assert_eq!(continued.refused(), DecodeError::ReservedBits);
}

#[test]
fn every_reserved_opcode_is_refused_after_what_came_before_it() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let sender = a_client()
            .sends(Opcode::Text, "before")
            .sends_bytes([0x80 | opcode])
            .sends_bytes(MASKED_EMPTY);
        assert_eq!(
            sender.outcome(),
            (vec![text("before")], Some(DecodeError::ReservedOpcode)),
            "{opcode}"
        );
        assert_eq!(DecodeError::ReservedOpcode.close_code(), 1002);
    }
}
