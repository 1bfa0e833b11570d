//! Takes a server's bytes apart into messages, whatever transport they come over.
//!
//! Two layers: the body of an endless HTTP answer is freed from its chunks, and in the body stand messages. A WebSocket
//! has the second layer alone. Between messages nothing is held back.

mod chunked;
mod delimited;
mod events;
mod lines;
mod unfinished;

use std::borrow::Cow;

use protocol::{
    client::{Encoding, Transport, Variant},
    websocket::{CloseFrame, Decoder, Event, Role},
};

use self::{chunked::Chunked, delimited::Delimited, events::Events, lines::Lines};
use super::Ended;
use crate::limits::RECEIVED_BYTES_MAX;

/// What was received.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A frame of the protocol: one message, or several.
    Message(Cow<'a, [u8]>),
    /// A ping of WebSocket, to be answered with the same payload.
    Ping(Vec<u8>),
    /// Something that says nothing: a pong, an empty line.
    Nothing,
    /// A goodbye of WebSocket.
    Close(Option<CloseFrame>),
}

/// The receiving half of a connection.
#[derive(Debug)]
pub struct Incoming {
    /// `None`: the body is not chunked, it goes on until the connection ends.
    chunks: Option<Chunked>,
    messages: Messages,
}

#[derive(Debug)]
enum Messages {
    WebSocket(Decoder),
    Lines(Lines),
    Delimited(Delimited),
    Events(Events),
}

impl Incoming {
    /// For what the variant's transport carries; `chunked` is said by the head of the answer that a stream comes in.
    pub fn new(variant: Variant, chunked: bool) -> Self {
        let messages = match (variant.transport(), variant.encoding()) {
            (Transport::WebSocket, _) => Messages::WebSocket(Decoder::new(Role::Client, RECEIVED_BYTES_MAX, None)),
            (Transport::HttpStream, Encoding::Json) => Messages::Lines(Lines::default()),
            (Transport::HttpStream, _) => Messages::Delimited(Delimited::default()),
            (Transport::Sse, _) => Messages::Events(Events::default()),
        };
        Self {
            chunks: chunked.then(Chunked::default),
            messages,
        }
    }

    /// Takes a piece of the body from the front of `input`; `None` means that all of `input` was taken.
    ///
    /// # Errors
    /// When the body ends, or is malformed.
    pub fn body<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Ended> {
        match &mut self.chunks {
            Some(chunks) => chunks.body(input),
            None => Ok(Some(std::mem::take(input)).filter(|piece| !piece.is_empty())),
        }
    }

    /// Takes bytes from the front of a piece of the body, up to the end of what is received next; `None` means that all of
    /// `piece` was taken and more is needed. To be called until it returns `None`.
    ///
    /// # Errors
    /// When the bytes are no such messages, or one is longer than [`RECEIVED_BYTES_MAX`].
    pub fn decode<'a>(&mut self, piece: &mut &'a [u8]) -> Result<Option<Received<'a>>, Ended> {
        match &mut self.messages {
            Messages::WebSocket(decoder) => {
                let event = decoder
                    .decode(piece)
                    .map_err(|error| Ended::Protocol(error.to_string()));
                Ok(event?.map(Received::from))
            }
            Messages::Lines(lines) => lines.decode(piece),
            Messages::Delimited(delimited) => delimited.decode(piece),
            Messages::Events(events) => events.decode(piece),
        }
    }

    /// Whether nothing of a message is held back, so that the connection costs no buffer.
    pub fn is_idle(&self) -> bool {
        match &self.messages {
            Messages::WebSocket(decoder) => decoder.is_idle(),
            Messages::Lines(lines) => lines.is_idle(),
            Messages::Delimited(delimited) => delimited.is_idle(),
            Messages::Events(events) => events.is_idle(),
        }
    }
}

impl From<Event> for Received<'_> {
    fn from(event: Event) -> Self {
        match event {
            Event::Text(text) => Self::Message(text.into_bytes().into()),
            Event::Binary(bytes) => Self::Message(bytes.into()),
            Event::Ping(payload) => Self::Ping(payload),
            Event::Pong(_) => Self::Nothing,
            Event::Close(frame) => Self::Close(frame),
        }
    }
}

#[cfg(test)]
mod tests;
