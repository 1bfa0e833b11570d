//! Frames of a client, taken apart into commands.

use super::{
    command::Incoming,
    encoding::{DecodeError, Encoding},
    messages::Messages,
    read_command::{self, DataReader},
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
