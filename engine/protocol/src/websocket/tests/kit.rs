//! What the tests speak: peers that write frames, and receivers that get the bytes in every possible cutting.

use crate::websocket::{
    DecodeError, Decoder, DeflateParameters, Event, Opcode, Role, frame_header, write_compressed_frame, write_frame,
};

pub(super) const LIMIT_BYTES: u32 = 1 << 20;

/// What a receiver made of the bytes: the events, and the error at which it stopped.
pub(super) type Outcome = (Vec<Event>, Option<DecodeError>);

/// Bytes as one side sends them, in one role.
pub(super) struct Sender {
    pub(super) bytes: Vec<u8>,
    mask: Option<[u8; 4]>,
    receiver: Role,
    limit_bytes: u32,
    deflate: Option<DeflateParameters>,
}

pub(super) fn a_client() -> Sender {
    Sender {
        bytes: Vec::new(),
        mask: Some([0x37, 0xfa, 0x21, 0x3d]),
        receiver: Role::Server,
        limit_bytes: LIMIT_BYTES,
        deflate: None,
    }
}

pub(super) fn a_server() -> Sender {
    Sender {
        mask: None,
        receiver: Role::Client,
        ..a_client()
    }
}

impl Sender {
    pub(super) fn with_deflate(mut self, parameters: DeflateParameters) -> Self {
        self.deflate = Some(parameters);
        self
    }

    /// To a receiver that takes messages of at most so many bytes.
    pub(super) fn limited_to(mut self, limit_bytes: u32) -> Self {
        self.limit_bytes = limit_bytes;
        self
    }

    /// A whole message or control frame.
    pub(super) fn sends(self, opcode: Opcode, payload: impl AsRef<[u8]>) -> Self {
        self.sends_part(opcode, true, payload)
    }

    pub(super) fn sends_part(mut self, opcode: Opcode, fin: bool, payload: impl AsRef<[u8]>) -> Self {
        write_frame(&mut self.bytes, opcode, fin, payload.as_ref(), self.mask);
        self
    }

    pub(super) fn sends_compressed(mut self, opcode: Opcode, compressed: impl AsRef<[u8]>) -> Self {
        write_compressed_frame(&mut self.bytes, opcode, compressed.as_ref(), self.mask);
        self
    }

    /// The first frame of a compressed message.
    pub(super) fn begins_compressed(mut self, opcode: Opcode, part: &[u8]) -> Self {
        let header = frame_header(opcode, false, true, part.len(), self.mask);
        let start = self.bytes.len();
        write_frame(&mut self.bytes, opcode, false, part, self.mask);
        self.bytes[start..start + header.as_ref().len()].copy_from_slice(header.as_ref());
        self
    }

    /// Bytes that no encoder would write.
    pub(super) fn sends_bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    fn receiver(&self) -> Decoder {
        Decoder::new(self.receiver, self.limit_bytes, self.deflate)
    }

    /// The outcome, which must be the same in one piece, cut once at every byte, and byte by byte.
    pub(super) fn outcome(&self) -> Outcome {
        let whole = receive(self.receiver(), [&self.bytes[..]]);
        for cut in 0..=self.bytes.len().min(2000) {
            let (before, after) = self.bytes.split_at(cut);
            assert_eq!(receive(self.receiver(), [before, after]), whole, "cut at {cut}");
        }
        assert_eq!(receive(self.receiver(), self.bytes.chunks(1)), whole, "byte by byte");
        whole
    }

    /// The outcome of one particular cutting.
    pub(super) fn outcome_in<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        receive(self.receiver(), pieces)
    }

    /// The events, where nothing is wrong and nothing is left over.
    pub(super) fn received(&self) -> Vec<Event> {
        let (events, error) = self.outcome();
        assert_eq!(error, None);
        events
    }

    /// The error, and nothing before it.
    pub(super) fn refused(&self) -> DecodeError {
        let (events, error) = self.outcome();
        assert_eq!(events, []);
        error.expect("the bytes are accepted")
    }

    /// After how many bytes a receiver that gets them one by one fails.
    pub(super) fn refused_after_bytes(&self) -> Option<usize> {
        let mut decoder = self.receiver();
        self.bytes
            .chunks(1)
            .position(|mut byte| decoder.decode(&mut byte).is_err())
            .map(|index| index + 1)
    }
}

fn receive<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut events = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(piece.is_empty(), "None means that all was taken");
    }
    (events, None)
}

pub(super) fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

/// Pseudo-random numbers (SplitMix64) from a seed that is printed, so that a failure can be repeated by setting
/// `PLENUM_TEST_SEED`.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new() -> Self {
        let given = std::env::var("PLENUM_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| getrandom::u64().expect("the system gives random numbers"));
        eprintln!("PLENUM_TEST_SEED={seed}");
        Self(seed)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number() as u8).collect()
    }

    /// `bytes` in pieces of 1 to `longest` bytes.
    pub(super) fn cuts<'a>(&mut self, mut bytes: &'a [u8], longest: usize) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((1 + self.below(longest)).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}
