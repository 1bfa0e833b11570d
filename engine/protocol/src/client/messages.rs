//! Takes a frame apart into the wire messages that stand in it one after another.

use std::marker::PhantomData;

use serde::Deserialize;

use super::{
    encoding::{DecodeError, Encoding},
    msgpack_reader,
    wire::Message,
};
use crate::payload::msgpack::Reader;

/// The rest of a frame.
#[derive(Debug)]
pub(super) struct Messages<'a, M> {
    encoding: Encoding,
    rest: &'a [u8],
    kind: PhantomData<M>,
}

impl<'a, M: prost::Message + Default + Deserialize<'a>> Messages<'a, M> {
    pub(super) const fn new(encoding: Encoding, frame: &'a [u8]) -> Self {
        Self {
            encoding,
            rest: frame,
            kind: PhantomData,
        }
    }

    /// Drops what is left of the frame.
    pub(super) const fn end(&mut self) {
        self.rest = &[];
    }

    pub(super) fn next(&mut self) -> Option<Result<M, DecodeError>> {
        if self.rest.is_empty() {
            return None;
        }
        let message = match self.encoding {
            Encoding::Json => self.json(),
            Encoding::Protobuf => self.protobuf(),
            Encoding::MessagePack => self.message_pack(),
        };
        if message.is_none() {
            self.end();
        }
        Some(message.ok_or(DecodeError))
    }

    /// Up to the next line feed; one at the frame's end separates nothing.
    fn json(&mut self) -> Option<M> {
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        let message: Message<M> = serde_json::from_str(std::str::from_utf8(line).ok()?).ok()?;
        Some(message.0)
    }

    /// A varint, and so many bytes.
    fn protobuf(&mut self) -> Option<M> {
        let length = prost::decode_length_delimiter(&mut self.rest).ok()?;
        let (message, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        M::decode(message).ok()
    }

    /// One map.
    fn message_pack(&mut self) -> Option<M> {
        let mut reader = Reader::new(self.rest);
        let message: Message<M> = msgpack_reader::read(&mut reader).ok()?;
        self.rest = reader.rest();
        Some(message.0)
    }
}
