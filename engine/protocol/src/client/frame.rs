//! Messages framed for a transport. A framed message is the same bytes for every session of its variant.

use prost::encoding::{encode_varint, encoded_len_varint};

use super::encoding::Encoding;
use crate::websocket::{Opcode, frame_header};

/// What carries messages to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// One WebSocket message for each message.
    WebSocket,
    /// The body of an endless HTTP answer: lines, or messages with their length before them.
    HttpStream,
    /// Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
    Sse,
}

/// An encoding on a transport that can carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    encoding: Encoding,
    transport: Transport,
}

impl Variant {
    /// All of them, each at its own [`Self::index`].
    pub const ALL: [Self; 6] = [
        Self::of(Encoding::Json, Transport::WebSocket),
        Self::of(Encoding::Protobuf, Transport::WebSocket),
        Self::of(Encoding::MessagePack, Transport::WebSocket),
        Self::of(Encoding::Json, Transport::HttpStream),
        Self::of(Encoding::Protobuf, Transport::HttpStream),
        Self::of(Encoding::Json, Transport::Sse),
    ];

    const fn of(encoding: Encoding, transport: Transport) -> Self {
        Self { encoding, transport }
    }

    /// The variant, if the transport can carry the encoding: MessagePack goes over WebSocket only, and events are text.
    pub fn new(encoding: Encoding, transport: Transport) -> Option<Self> {
        Some(Self::of(encoding, transport)).filter(|variant| Self::ALL.contains(variant))
    }

    /// How messages are written.
    pub const fn encoding(self) -> Encoding {
        self.encoding
    }

    /// What carries them.
    pub const fn transport(self) -> Transport {
        self.transport
    }

    /// The variant's place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match (self.transport, self.encoding) {
            (Transport::WebSocket, Encoding::Json) => 0,
            (Transport::WebSocket, Encoding::Protobuf) => 1,
            (Transport::WebSocket, Encoding::MessagePack) => 2,
            (Transport::HttpStream, Encoding::Json) => 3,
            (Transport::HttpStream, _) => 4,
            (Transport::Sse, _) => 5,
        }
    }
}

/// Appends one encoded message to `out`, framed for the transport.
pub fn frame(variant: Variant, message: &[u8], out: &mut Vec<u8>) {
    match variant.transport {
        Transport::WebSocket => {
            let length = payload_length(variant.encoding, message.len());
            out.extend_from_slice(frame_header(opcode(variant.encoding), true, false, length, None).as_ref());
            append_payload(variant.encoding, message, out);
        }
        Transport::HttpStream if variant.encoding == Encoding::Json => {
            append_ascii(message, out);
            out.push(b'\n');
        }
        Transport::HttpStream => append_payload(variant.encoding, message, out),
        Transport::Sse => {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(message);
            out.extend_from_slice(b"\n\n");
        }
    }
}

/// Appends one encoded message as it stands inside a WebSocket message: with its length before it in Protobuf. Whoever
/// compresses WebSocket messages compresses this.
pub fn append_payload(encoding: Encoding, message: &[u8], out: &mut Vec<u8>) {
    if encoding == Encoding::Protobuf {
        encode_varint(message.len() as u64, out);
    }
    out.extend_from_slice(message);
}

/// The kind of WebSocket message that carries an encoding: JSON is text, the others are not.
pub const fn opcode(encoding: Encoding) -> Opcode {
    match encoding {
        Encoding::Json => Opcode::Text,
        Encoding::Protobuf | Encoding::MessagePack => Opcode::Binary,
    }
}

fn payload_length(encoding: Encoding, message: usize) -> usize {
    match encoding {
        Encoding::Protobuf => encoded_len_varint(message as u64) + message,
        Encoding::Json | Encoding::MessagePack => message,
    }
}

/// Appends JSON text with everything beyond ASCII escaped. `centrifuge-js` decodes each chunk of a stream by itself, so a
/// character of several bytes that falls between two chunks would be lost.
fn append_ascii(message: &[u8], out: &mut Vec<u8>) {
    let Some(text) = std::str::from_utf8(message).ok().filter(|text| !text.is_ascii()) else {
        return out.extend_from_slice(message);
    };
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character as u8);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(b"\\u");
            for shift in [12, 8, 4, 0] {
                out.push(b"0123456789abcdef"[usize::from(*unit >> shift & 15)]);
            }
        }
    }
}
