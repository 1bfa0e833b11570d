use protocol::{
    client::{Transport, Variant, encode_publication, frame},
    websocket::Role,
};

use super::*;
use crate::{
    mark::{Mark, Marker},
    phone::Place,
    publisher::Contact,
    random::Random,
};

const ENTRIES: u64 = 300;
const MARKER: Marker = Marker::new(7);

fn bytes_of(offsets: impl Iterator<Item = u64>, encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    for number in offsets {
        let data = MARKER.message(Mark { number, intended_us: 1 }, 100 + number as usize);
        let mut message = Vec::new();
        encode_publication(encoding, "room", &Publication::new(number, data), &mut message);
        frame(
            Variant::new(encoding, Transport::WebSocket).expect("a variant"),
            &message,
            &mut out,
        );
    }
    out
}

fn desk() -> Desk {
    let contact = Contact {
        base: 0,
        end: 0,
        epoch: String::new(),
    };
    let mut desk = Desk::new(3, contact, MARKER, 0, 0);
    for record in &mut desk.records {
        (record.listening, record.joined, record.place) = (true, true, Place::at(0));
    }
    desk
}

/// Gives `bytes` to a phone in pieces of these lengths, taken in turn.
fn give(desk: &mut Desk, phone: usize, encoding: Encoding, mut bytes: &[u8], mut length: impl FnMut() -> usize) {
    let mut decoder = Decoder::new(Role::Client, 1 << 20, None);
    let mut outbox = Outbox::new(encoding, Random::part(1, 1));
    let read = Read {
        phone,
        now_us: 2,
        encoding,
        channel: "room",
    };
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(length().clamp(1, bytes.len()));
        desk.take(read, &mut decoder, piece, &mut outbox).expect("the protocol");
        bytes = rest;
    }
}

#[test]
fn it_makes_no_difference_in_which_pieces_entries_come() {
    let seed = Random::fresh_seed();
    let mut random = Random::part(seed, 0);
    for encoding in Encoding::ALL {
        let (mut desk, bytes) = (desk(), bytes_of(1..=ENTRIES, encoding));
        give(&mut desk, 0, encoding, &bytes, || 10_000);
        give(&mut desk, 1, encoding, &bytes, || 1 + (random.number() % 700) as usize);
        give(&mut desk, 2, encoding, &bytes, || 1);
        let places: Vec<_> = desk
            .records
            .iter()
            .map(|record| (record.place.last(), record.place.holes()))
            .collect();
        assert_eq!(places, [(ENTRIES, 0); 3], "seed {seed}");
        assert_eq!(
            (desk.tally.deliveries, desk.tally.faults.sum()),
            (3 * ENTRIES, 0),
            "seed {seed}"
        );
    }
}

#[test]
fn one_byte_that_differs_from_what_others_got_is_noticed() {
    let (mut desk, mut bytes) = (desk(), bytes_of(1..=ENTRIES, Encoding::Json));
    give(&mut desk, 0, Encoding::Json, &bytes, || usize::MAX);
    let padding = bytes.windows(3).rposition(|window| window == b"...").expect("padding");
    bytes[padding] = b',';
    give(&mut desk, 1, Encoding::Json, &bytes, || usize::MAX);
    assert_eq!(desk.tally.faults.altered, 1);
}

#[test]
fn a_frame_that_is_left_out_is_a_hole_whatever_the_others_had() {
    let mut desk = desk();
    give(
        &mut desk,
        0,
        Encoding::Json,
        &bytes_of(1..=ENTRIES, Encoding::Json),
        || usize::MAX,
    );
    let without_two = bytes_of((1..=ENTRIES).filter(|offset| *offset != 2), Encoding::Json);
    give(&mut desk, 1, Encoding::Json, &without_two, || usize::MAX);
    assert_eq!(desk.records[1].place.holes(), 1);
}
