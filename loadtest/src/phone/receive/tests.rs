use protocol::client::{Transport, Variant, encode_publication, frame};

use super::*;
use crate::{
    mark::{Mark, Marker},
    phone::{Chats, Doors, Place},
    publisher::Contact,
    random::Random,
};

const ENTRIES: u64 = 300;
const MARKER: Marker = Marker::new(7);

fn websocket(encoding: Encoding) -> Variant {
    Variant::new(encoding, Transport::WebSocket).expect("a variant")
}

fn bytes_of(offsets: impl Iterator<Item = u64>, variant: Variant) -> Vec<u8> {
    let mut out = Vec::new();
    for number in offsets {
        let data = MARKER.message(Mark { number, intended_us: 1 }, 100 + number as usize);
        let mut message = Vec::new();
        let entry = Publication::new(number, data);
        encode_publication(variant.encoding(), "room", &entry, &mut message);
        frame(variant, &message, &mut out);
    }
    out
}

fn desk() -> Desk {
    let contact = Contact {
        base: 0,
        end: 0,
        epoch: String::new(),
    };
    let mut desk = Desk::new(3, contact, MARKER, 0, 0, Chats::new(0, 3, MARKER, 0), Doors::default());
    for record in &mut desk.records {
        (record.listening, record.joined, record.place) = (true, true, Place::at(0));
    }
    desk
}

/// Gives `bytes` to a phone in pieces of these lengths, taken in turn.
fn give(desk: &mut Desk, phone: usize, variant: Variant, mut bytes: &[u8], mut length: impl FnMut() -> usize) {
    let mut incoming = Incoming::new(variant, false);
    let mut outbox = Outbox::new(variant.encoding(), Random::part(1, 1));
    let read = Read {
        phone,
        now_us: 2,
        encoding: variant.encoding(),
        channel: "room",
    };
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(length().clamp(1, bytes.len()));
        desk.take(read, &mut incoming, piece, &mut outbox)
            .expect("the protocol");
        bytes = rest;
    }
}

#[test]
fn it_makes_no_difference_in_which_pieces_entries_come() {
    let seed = Random::fresh_seed();
    let mut random = Random::part(seed, 0);
    for variant in Variant::ALL {
        let (mut desk, bytes) = (desk(), bytes_of(1..=ENTRIES, variant));
        give(&mut desk, 0, variant, &bytes, || 10_000);
        give(&mut desk, 1, variant, &bytes, || 1 + (random.number() % 700) as usize);
        give(&mut desk, 2, variant, &bytes, || 1);
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
    let (mut desk, mut bytes) = (desk(), bytes_of(1..=ENTRIES, websocket(Encoding::Json)));
    give(&mut desk, 0, websocket(Encoding::Json), &bytes, || usize::MAX);
    let padding = bytes.windows(3).rposition(|window| window == b"...").expect("padding");
    bytes[padding] = b',';
    give(&mut desk, 1, websocket(Encoding::Json), &bytes, || usize::MAX);
    assert_eq!(desk.tally.faults.altered, 1);
}

#[test]
fn a_frame_that_is_left_out_is_a_hole_whatever_the_others_had() {
    let mut desk = desk();
    give(
        &mut desk,
        0,
        websocket(Encoding::Json),
        &bytes_of(1..=ENTRIES, websocket(Encoding::Json)),
        || usize::MAX,
    );
    let without_two = bytes_of((1..=ENTRIES).filter(|offset| *offset != 2), websocket(Encoding::Json));
    give(&mut desk, 1, websocket(Encoding::Json), &without_two, || usize::MAX);
    assert_eq!(desk.records[1].place.holes(), 1);
}
