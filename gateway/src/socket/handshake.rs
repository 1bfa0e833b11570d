//! Which encoding a client wants, and the answer that opens the WebSocket.

use actix_http::{HttpMessage as _, Request};
use protocol::{
    client::{Encoding, Transport, Variant},
    websocket::{DeflateAgreement, DeflatePolicy, HandshakeError, Upgrade},
};

/// No window is kept for a connection: frames to the audience are compressed once for all, and clients are asked to let each message stand for itself.
const DEFLATE: DeflatePolicy = DeflatePolicy {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

/// A handshake that is about to be answered.
pub struct Handshake {
    /// Encoding and transport.
    pub variant: Variant,
    /// permessage-deflate as agreed.
    pub deflate: Option<DeflateAgreement>,
    /// The answer's head.
    pub response: String,
}

/// Reads what the client asks for: by sub-protocol, else by `format=` or `cf_protocol=` of the query, else JSON.
///
/// # Errors
/// When it is no WebSocket handshake.
pub fn read(request: &Request) -> Result<Handshake, HandshakeError> {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let upgrade = Upgrade::check(request.method().as_str(), (1, 1), headers)?;
    let supported: Vec<&str> = Encoding::ALL.iter().map(|encoding| encoding.subprotocol()).collect();
    let chosen = upgrade.choose_protocol(&supported);
    let encoding = chosen
        .and_then(Encoding::from_subprotocol)
        .unwrap_or_else(|| of_query(request.uri().query()));
    let deflate = upgrade.negotiate_deflate(&DEFLATE);
    let response = upgrade.response(chosen, deflate.as_ref());
    let variant = Variant::new(encoding, Transport::WebSocket).expect("every encoding goes over WebSocket");
    Ok(Handshake {
        variant,
        deflate,
        response,
    })
}

fn of_query(query: Option<&str>) -> Encoding {
    let wants_protobuf = query
        .unwrap_or_default()
        .split('&')
        .any(|pair| matches!(pair, "format=protobuf" | "cf_protocol=protobuf"));
    if wants_protobuf {
        Encoding::Protobuf
    } else {
        Encoding::Json
    }
}
