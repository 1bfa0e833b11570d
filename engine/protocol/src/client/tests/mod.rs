//! What clients send and are sent, byte by byte and in every encoding.

mod commands;
mod emulation;
mod frames;
mod hostile;
mod other_side;
mod random;
mod replies;
mod round_trip;
mod schema;

use super::*;
use crate::payload::{Payload, PayloadLimits};

fn payload(text: &str) -> Payload {
    Payload::from_json(text.as_bytes(), &PayloadLimits::default()).expect("a test's payload is valid")
}

fn decoded(encoding: Encoding, frame: &[u8]) -> Result<Vec<Incoming>, DecodeError> {
    decode_commands(encoding, frame, &PayloadLimits::default()).collect()
}

fn command(id: u32, request: Request) -> Incoming {
    Incoming::Command(Command { id, request })
}

/// The JSON text of a reply.
fn json(id: u32, result: CommandResult) -> String {
    let mut out = Vec::new();
    encode_reply(Encoding::Json, &Reply::success(id, result), &mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// The JSON text of a push.
fn pushed(channel: &str, event: Event) -> String {
    let mut out = Vec::new();
    let channel = channel.into();
    encode_push(Encoding::Json, &Push { channel, event }, &mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}
