//! What clients of one-way transports post to `/emulation`: commands for a session elsewhere.

use bytes::Bytes;
use serde::Deserialize;

use super::{
    encoding::{DecodeError, Encoding},
    wire,
};

/// Commands for a session whose answers go out on another connection.
#[derive(Clone, PartialEq, Eq)]
pub struct EmulationRequest {
    /// The node that has the session, see [`ConnectResult::node`](super::ConnectResult::node).
    pub node: String,
    /// The session's secret name, see [`ConnectResult::session`](super::ConnectResult::session).
    pub session: String,
    /// A frame in the session's own encoding, for [`decode_commands`](super::decode_commands).
    pub data: Bytes,
}

/// Whoever knows a session's name can speak for it, so the name is not shown.
impl std::fmt::Debug for EmulationRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.data.len();
        out.debug_struct("EmulationRequest")
            .field("node", &self.node)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// As JSON, where the frame is a string. Clients of this kind speak JSON throughout.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Text {
    node: String,
    session: String,
    data: String,
}

/// As Protobuf.
#[derive(Clone, PartialEq, prost::Message)]
struct Binary {
    #[prost(string, tag = "1")]
    node: String,
    #[prost(string, tag = "2")]
    session: String,
    #[prost(bytes = "bytes", tag = "3")]
    data: Bytes,
}

impl EmulationRequest {
    /// Reads the body of a request; `encoding` is what its content type names.
    ///
    /// # Errors
    /// When the body is something else. No client sends MessagePack here: it has no one-way transport.
    pub fn decode(encoding: Encoding, body: &[u8]) -> Result<Self, DecodeError> {
        match encoding {
            Encoding::Json => {
                let wire::Message(request) = serde_json::from_slice(body).map_err(|_| DecodeError)?;
                let Text { node, session, data } = request;
                let data = data.into();
                Ok(Self { node, session, data })
            }
            Encoding::Protobuf => {
                let Binary { node, session, data } = prost::Message::decode(body).map_err(|_| DecodeError)?;
                Ok(Self { node, session, data })
            }
            Encoding::MessagePack => Err(DecodeError),
        }
    }

    /// Writes the body of a request, as clients do.
    ///
    /// # Errors
    /// For MessagePack, and for a JSON session whose frame is not text.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, DecodeError> {
        match encoding {
            Encoding::Json => {
                let frame = std::str::from_utf8(&self.data).map_err(|_| DecodeError)?;
                let request = serde_json::json!({ "session": self.session, "node": self.node, "data": frame });
                Ok(request.to_string().into_bytes())
            }
            Encoding::Protobuf => {
                let Self { node, session, data } = self.clone();
                Ok(prost::Message::encode_to_vec(&Binary { node, session, data }))
            }
            Encoding::MessagePack => Err(DecodeError),
        }
    }
}
