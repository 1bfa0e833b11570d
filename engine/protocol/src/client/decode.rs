//! Frames taken apart into messages: the server's side and the client's.

use super::{
    command::Incoming,
    encoding::{DecodeError, Encoding},
    messages::Messages,
    read_command::{self, DataReader},
    read_reply::{Outgoing, Reader},
    wire,
};
use crate::payload::PayloadLimits;

/// The messages in one frame of a client, one by one: each is decoded when it is asked for, so that a frame full of
/// tiny commands takes no memory at once. After an error nothing follows.
pub fn decode_commands<'a>(encoding: Encoding, frame: &'a [u8], limits: &'a PayloadLimits) -> Commands<'a> {
    Commands {
        messages: Messages::new(encoding, frame),
        data: DataReader { encoding, limits },
    }
}

/// What [`decode_commands`] gives. An empty frame has no messages.
#[derive(Debug)]
pub struct Commands<'a> {
    messages: Messages<'a, wire::Command>,
    data: DataReader<'a>,
}

impl Iterator for Commands<'_> {
    type Item = Result<Incoming, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let incoming = self
            .messages
            .next()?
            .and_then(|wire| read_command::incoming(wire, self.data));
        if incoming.is_err() {
            self.messages.end();
        }
        Some(incoming)
    }
}

/// The messages in one frame of the server, one by one: a WebSocket message, a line, or an event's data. After an error
/// nothing follows. Data is taken as it is, see [`Payload::from_trusted`](crate::payload::Payload::from_trusted).
pub fn decode_replies(encoding: Encoding, frame: &[u8]) -> Replies<'_> {
    Replies {
        messages: Messages::new(encoding, frame),
        reader: Reader(encoding),
    }
}

/// What [`decode_replies`] gives.
#[derive(Debug)]
pub struct Replies<'a> {
    messages: Messages<'a, wire::Reply>,
    reader: Reader,
}

impl Iterator for Replies<'_> {
    type Item = Result<Outgoing, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let outgoing = self.messages.next()?.and_then(|wire| self.reader.outgoing(wire));
        if outgoing.is_err() {
            self.messages.end();
        }
        Some(outgoing)
    }
}
