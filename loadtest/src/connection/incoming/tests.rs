use protocol::client::frame;

use super::*;
use crate::random::Random;

const STREAMS: [(Encoding, Transport); 3] = [
    (Encoding::Json, Transport::HttpStream),
    (Encoding::Protobuf, Transport::HttpStream),
    (Encoding::Json, Transport::Sse),
];

fn variant(encoding: Encoding, transport: Transport) -> Variant {
    Variant::new(encoding, transport).expect("a variant")
}

/// What a message of this variant is received as.
fn received(encoding: Encoding, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    protocol::client::append_payload(encoding, message, &mut out);
    out
}

fn chunked(body: &[u8], mut length: impl FnMut() -> usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, chunk) in pieces(body, &mut length).enumerate() {
        let extension = if index % 2 == 1 { ";name=value" } else { "" };
        out.extend_from_slice(format!("{:X}{extension}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn pieces(mut bytes: &[u8], mut length: impl FnMut() -> usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (piece, rest) = bytes.split_at(length().clamp(1, bytes.len().max(1)).min(bytes.len()));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Everything that comes of `input`, and how it ended if it did.
fn all(incoming: &mut Incoming, mut input: &[u8], messages: &mut Vec<Vec<u8>>) -> Result<(), Ended> {
    while let Some(mut piece) = incoming.body(&mut input)? {
        while let Some(received) = incoming.decode(&mut piece)? {
            match received {
                Received::Message(message) => messages.push(message.into_owned()),
                Received::Nothing => {}
                other => panic!("not expected here: {other:?}"),
            }
        }
    }
    Ok(())
}

#[test]
fn messages_come_whole_in_whatever_pieces_and_chunks_their_bytes_come() {
    let seed = Random::fresh_seed();
    let mut random = Random::part(seed, 0);
    for (encoding, transport) in STREAMS {
        let variant = variant(encoding, transport);
        let texts: Vec<Vec<u8>> = (0..200_u32).map(|index| vec![b'x'; index as usize * 3]).collect();
        let texts: Vec<Vec<u8>> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let mut body = Vec::new();
        texts.iter().for_each(|text| frame(variant, text, &mut body));
        let expected: Vec<_> = texts.iter().map(|text| received(encoding, text)).collect();
        for longest in [1, 7, 500, 100_000] {
            let mut length = || 1 + (random.number() % longest) as usize;
            let wire = chunked(&body, &mut length);
            let (mut incoming, mut messages) = (Incoming::new(variant, true), Vec::new());
            for piece in pieces(&wire, &mut length) {
                all(&mut incoming, piece, &mut messages).expect("the protocol");
            }
            assert!(incoming.is_idle() && messages == expected, "{variant:?}, seed {seed}");
        }
    }
}

#[test]
fn the_last_chunk_ends_the_body_behind_everything_that_came() {
    let mut incoming = Incoming::new(variant(Encoding::Json, Transport::HttpStream), true);
    let mut messages = Vec::new();
    let ended = all(&mut incoming, b"3\r\n{}\n\r\n0\r\n\r\n", &mut messages);
    assert_eq!((ended, messages), (Err(Ended::silently()), vec![b"{}".to_vec()]));
}

#[test]
fn chunks_that_are_none_are_refused() {
    for wire in [
        &b"\r\n"[..],
        b"x\r\n",
        b"-1\r\n",
        b"3\n{}\n",
        b"3\r{}\n",
        b"3\r\n{}\n\n",
        b"3\r\n{}\n\r3",
        b"123456789\r\n",
    ] {
        let mut incoming = Incoming::new(variant(Encoding::Json, Transport::HttpStream), true);
        let ended = all(&mut incoming, wire, &mut Vec::new());
        assert!(
            matches!(ended, Err(Ended::Protocol(_))),
            "{:?}",
            wire.escape_ascii().to_string()
        );
    }
    let endless = [&b"1;"[..], &vec![b'x'; 10_000]].concat();
    let mut incoming = Incoming::new(variant(Encoding::Json, Transport::HttpStream), true);
    assert!(matches!(
        all(&mut incoming, &endless, &mut Vec::new()),
        Err(Ended::Protocol(_))
    ));
}

#[test]
fn messages_beyond_the_limit_are_refused_before_they_are_kept() {
    let too_long = [0xff, 0xff, 0xff, 0xff, 0x7f];
    let length_of_no_end = [0xff; 5];
    for bytes in [too_long, length_of_no_end] {
        for length in [1, 5] {
            let mut incoming = Incoming::new(variant(Encoding::Protobuf, Transport::HttpStream), false);
            let ended = pieces(&bytes, || length).try_for_each(|piece| all(&mut incoming, piece, &mut Vec::new()));
            assert!(matches!(ended, Err(Ended::Protocol(_))), "{bytes:?}");
        }
    }
    let piece = vec![b'x'; 1 << 20];
    for transport in [Transport::HttpStream, Transport::Sse] {
        let mut incoming = Incoming::new(variant(Encoding::Json, transport), false);
        let ended = (0..100).try_for_each(|_| all(&mut incoming, &piece, &mut Vec::new()));
        assert!(matches!(ended, Err(Ended::Protocol(_))), "{transport:?}");
    }
}

#[test]
fn events_end_their_lines_in_three_ways_and_have_more_than_data() {
    let stream = b"\r\n: hello\nevent: message\r\ndata: one\r\nid\r\n\r\ndata:two\ndata\ndata:  three\n\ndata: four\r\rretry: 5\n\n";
    let expected = [&b"one"[..], b"two\n\n three", b"four"].map(<[u8]>::to_vec);
    for longest in [1, 2, 1_000] {
        let mut incoming = Incoming::new(variant(Encoding::Json, Transport::Sse), false);
        let mut messages = Vec::new();
        for piece in pieces(stream, || longest) {
            all(&mut incoming, piece, &mut messages).expect("events");
        }
        assert_eq!(messages, expected);
        assert!(incoming.is_idle());
    }
}

#[test]
fn lines_that_say_nothing_are_passed_over() {
    let mut incoming = Incoming::new(variant(Encoding::Json, Transport::HttpStream), false);
    let mut messages = Vec::new();
    all(&mut incoming, b"\n\r\n{\"id\":1}\r\n\n", &mut messages).expect("lines");
    assert_eq!(messages, [b"{\"id\":1}\r".to_vec()], "JSON takes the white space");
}
