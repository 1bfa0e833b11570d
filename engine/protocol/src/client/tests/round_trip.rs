//! Whatever one side writes the other reads, in every encoding.

use super::{
    random::{any_command, any_outgoing},
    *,
};
use crate::payload::tests::random::Random;

fn outgoing_bytes(encoding: Encoding, message: &Outgoing) -> Vec<u8> {
    let mut out = Vec::new();
    match message {
        Outgoing::Reply(reply) => encode_reply(encoding, reply, &mut out),
        Outgoing::Push(push) => encode_push(encoding, push, &mut out),
        Outgoing::Ping => encode_ping(encoding, &mut out),
    }
    out
}

#[test]
fn commands_arrive_as_they_were_sent() {
    let mut random = Random::seeded("commands_arrive_as_they_were_sent");
    for _ in 0..500 {
        let commands: Vec<_> = (0..=random.below(3)).map(|_| any_command(&mut random)).collect();
        for encoding in Encoding::ALL {
            let mut frame = Vec::new();
            encode_commands(encoding, &commands, &mut frame);
            let read = decoded(encoding, &frame).expect("what this crate wrote");
            let read: Vec<_> = read
                .into_iter()
                .map(|incoming| match incoming {
                    Incoming::Command(command) => command,
                    Incoming::Pong => panic!("nobody sent a pong"),
                })
                .collect();
            let mut again = Vec::new();
            encode_commands(encoding, &read, &mut again);
            assert_eq!(again, frame, "{encoding:?}: {commands:?}");
            // MessagePack keeps what numbers and strings mean, not how they were written.
            if encoding != Encoding::MessagePack {
                assert_eq!(read, commands, "{encoding:?}");
            }
        }
    }
}

#[test]
fn replies_and_pushes_arrive_as_they_were_sent() {
    let mut random = Random::seeded("replies_and_pushes_arrive_as_they_were_sent");
    for _ in 0..1_500 {
        let message = any_outgoing(&mut random);
        for encoding in Encoding::ALL {
            let bytes = outgoing_bytes(encoding, &message);
            let mut frame = Vec::new();
            append_payload(encoding, &bytes, &mut frame);
            let read = decode_replies(encoding, &frame)
                .collect::<Result<Vec<_>, _>>()
                .expect("what this crate wrote");
            let [read] = &read[..] else {
                panic!("one message gave {read:?}")
            };
            assert_eq!(outgoing_bytes(encoding, read), bytes, "{encoding:?}: {message:?}");
            if encoding != Encoding::MessagePack {
                assert_eq!(read, &message, "{encoding:?}");
            }
        }
    }
}

/// One message, read out of its three encodings, is the same message in MessagePack, the encoding of values.
#[test]
fn a_message_means_the_same_in_every_encoding() {
    let mut random = Random::seeded("a_message_means_the_same_in_every_encoding");
    for _ in 0..500 {
        let message = any_outgoing(&mut random);
        let expected = outgoing_bytes(Encoding::MessagePack, &message);
        for encoding in Encoding::ALL {
            let mut frame = Vec::new();
            append_payload(encoding, &outgoing_bytes(encoding, &message), &mut frame);
            let read = decode_replies(encoding, &frame)
                .next()
                .expect("one message")
                .expect("what this crate wrote");
            assert_eq!(
                outgoing_bytes(Encoding::MessagePack, &read),
                expected,
                "{encoding:?}: {message:?}"
            );
        }
    }
}

#[test]
fn no_message_holds_a_line_break() {
    let mut random = Random::seeded("no_message_holds_a_line_break");
    for _ in 0..500 {
        let bytes = outgoing_bytes(Encoding::Json, &any_outgoing(&mut random));
        assert!(
            bytes.iter().all(|byte| *byte >= 0x20),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn a_publication_alone_is_the_push_of_it() {
    let mut random = Random::seeded("a_publication_alone_is_the_push_of_it");
    let mut compared = 0;
    while compared < 100 {
        let Outgoing::Push(push) = any_outgoing(&mut random) else {
            continue;
        };
        let Event::Publication(publication) = &push.event else {
            continue;
        };
        for encoding in Encoding::ALL {
            let mut alone = Vec::new();
            encode_publication(encoding, &push.channel, publication, &mut alone);
            let mut around = Vec::new();
            encode_push(encoding, &push, &mut around);
            assert_eq!(alone, around, "{encoding:?}");
        }
        compared += 1;
    }
}
