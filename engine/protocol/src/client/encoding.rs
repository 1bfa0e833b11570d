//! The three encodings of one protocol.

/// How messages are written. Field names are the same in JSON and MessagePack; Protobuf has numbers for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// JSON text; several messages in one frame are separated by a line feed.
    Json,
    /// Protobuf; each message in a frame has its length as a varint before it.
    Protobuf,
    /// MessagePack; each message is a map, several may follow each other in one frame.
    MessagePack,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Protobuf, Self::MessagePack];

    /// The WebSocket sub-protocol that asks for this encoding.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "centrifuge-json",
            Self::Protobuf => "centrifuge-protobuf",
            Self::MessagePack => "plenum-msgpack",
        }
    }

    /// The encoding that a WebSocket sub-protocol asks for.
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.subprotocol() == name)
    }
}

/// A frame that is not made of messages of the protocol: the connection is closed with
/// [`Disconnect::BadRequest`](crate::Disconnect::BadRequest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the frame is not made of messages of the protocol")]
pub struct DecodeError;
