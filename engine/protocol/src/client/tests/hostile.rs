//! Frames made to break the reader, and frames cut anywhere.

use super::{
    random::{any_command, any_outgoing},
    *,
};
use crate::payload::tests::random::Random;

/// Longer frames are cut in their first so many places: reading all prefixes takes quadratic time.
const CUTS_MAX: usize = 1_500;

#[test]
fn a_frame_cut_anywhere_gives_what_was_whole_and_then_an_error() {
    let mut random = Random::seeded("a_frame_cut_anywhere_gives_what_was_whole_and_then_an_error");
    for _ in 0..40 {
        let commands: Vec<_> = (0..2).map(|_| any_command(&mut random)).collect();
        for encoding in Encoding::ALL {
            let mut frame = Vec::new();
            encode_commands(encoding, &commands, &mut frame);
            let whole = decoded(encoding, &frame).expect("what this crate wrote");
            for end in (0..frame.len()).take(CUTS_MAX) {
                let read: Vec<_> = decode_commands(encoding, &frame[..end], &PayloadLimits::default()).collect();
                let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
                assert!(bad.len() <= 1, "{encoding:?}: nothing follows an error");
                let good: Vec<_> = good.into_iter().flatten().collect();
                assert_eq!(good, whole[..good.len()], "{encoding:?} cut at {end}");
                assert!(good.len() < whole.len(), "{encoding:?} cut at {end}");
            }
        }
    }
}

#[test]
fn a_reply_cut_anywhere_is_never_taken_for_another_in_json_and_message_pack() {
    let mut random = Random::seeded("a_reply_cut_anywhere_is_never_taken_for_another");
    for _ in 0..100 {
        let Outgoing::Reply(reply) = any_outgoing(&mut random) else {
            continue;
        };
        for encoding in [Encoding::Json, Encoding::MessagePack] {
            let mut frame = Vec::new();
            encode_reply(encoding, &reply, &mut frame);
            for end in (1..frame.len()).take(CUTS_MAX) {
                let read = decode_replies(encoding, &frame[..end]).next();
                assert_eq!(read, Some(Err(DecodeError)), "{encoding:?} cut at {end}");
            }
        }
    }
}

#[test]
fn garbage_breaks_nothing() {
    let mut random = Random::seeded("garbage_breaks_nothing");
    for round in 0..12_000 {
        let encoding = Encoding::ALL[round % 3];
        let mut frame = Vec::new();
        if random.coin() {
            encode_commands(encoding, &[any_command(&mut random)], &mut frame);
            for _ in 0..=random.below(4) {
                let at = random.below(frame.len());
                frame[at] = random.number() as u8;
            }
        } else {
            frame.extend((0..random.below(40)).map(|_| random.number() as u8));
        }
        let limits = PayloadLimits::default();
        for incoming in decode_commands(encoding, &frame, &limits).flatten() {
            let Incoming::Command(command) = incoming else { continue };
            assert!(
                command.id > 0 || matches!(command.request, Request::Send(_)),
                "{frame:x?}"
            );
        }
        decode_replies(encoding, &frame).for_each(drop);
    }
}

#[test]
fn declared_lengths_are_not_believed() {
    let frames: [&[u8]; 8] = [
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xdb\xff\xff\xff\xff",
        b"\x82\xa2id\x01\xa7connect\xdf\xff\xff\xff\xff",
        b"\x82\xa2id\x01\xa4send\x81\xa4data\xdd\xff\xff\xff\xff",
        b"\x82\xa2id\x01\xa4send\x81\xa4data\xc6\xff\xff\xff\xff",
        b"\x82\xa2id\x01\xa5later\xdf\xff\xff\xff\xff\x01\x01",
        b"\x82\xa2id\x01\xa7connect\x81\xa4subs\xdf\xff\xff\xff\xff",
        b"\x81\xa5later\xc9\xff\xff\xff\xff\x01",
    ];
    for frame in frames {
        assert_eq!(decoded(Encoding::MessagePack, frame), Err(DecodeError), "{frame:x?}");
    }
    for frame in [
        &b"\xff\xff\xff\xff\x0f"[..],
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x06\x08\x01\x22\xff\xff\x03",
        b"\x80",
    ] {
        assert_eq!(decoded(Encoding::Protobuf, frame), Err(DecodeError), "{frame:x?}");
    }
}

#[test]
fn depth_costs_no_stack_wherever_it_stands() {
    let deep = 1_000_000;
    for name in ["data", "later"] {
        let json = format!(
            "{{\"id\":1,\"send\":{{\"{name}\":{}{}}}}}",
            "[".repeat(deep),
            "]".repeat(deep)
        );
        let mut native = format!("\u{0}\u{0}id\u{1}\u{0}send\u{0}\u{0}{name}").into_bytes();
        // The heads of the maps and names, in their places.
        (native[0], native[1], native[5], native[10], native[11]) = (0x82, 0xa2, 0xa4, 0x81, 0xa0 | name.len() as u8);
        native.extend(std::iter::repeat_n(0x91, deep));
        native.push(0xc0);
        for (encoding, frame) in [(Encoding::Json, json.as_bytes()), (Encoding::MessagePack, &*native)] {
            let read = decoded(encoding, frame).expect("a command whose data is refused");
            assert!(
                matches!(
                    read[..],
                    [Incoming::Command(Command {
                        id: 1,
                        request: Request::Send(_)
                    })]
                ),
                "{encoding:?}"
            );
        }
    }
    // Where the schema itself nests, the depth is the schema's.
    let mut groups = vec![0x6b; 10_000];
    let mut frame = Vec::new();
    append_payload(Encoding::Protobuf, &groups, &mut frame);
    assert_eq!(decoded(Encoding::Protobuf, &frame), Err(DecodeError));
    groups.extend([0x6c; 10_000]);
    frame.clear();
    append_payload(Encoding::Protobuf, &groups, &mut frame);
    assert_eq!(decoded(Encoding::Protobuf, &frame), Err(DecodeError));
}

#[test]
fn a_frame_of_nothing_but_pongs_takes_no_memory_at_once() {
    let frame = vec![0x80; 100_000];
    let limits = PayloadLimits::default();
    let mut pongs = decode_commands(Encoding::MessagePack, &frame, &limits);
    assert_eq!(pongs.next(), Some(Ok(Incoming::Pong)));
    assert_eq!(pongs.count(), 99_999);
}
