//! The client's half of the opening handshake (RFC 6455 section 4.1); used by the load simulator and by tests.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

use super::{
    handshake::{RelevantHeaders, accept_key, has_element},
    negotiation::{CLIENT_OFFER, DeflateParameters, read_response},
};

/// A request for an upgrade, and what is needed to check its answer.
#[derive(Debug, Clone)]
pub struct ClientHandshake {
    request: String,
    accept: String,
    protocols: Vec<String>,
    offers_deflate: bool,
}

/// What the server chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedUpgrade {
    /// One of the offered sub-protocols.
    pub protocol: Option<String>,
    /// For [`super::Decoder`] and [`super::Deflater`].
    pub deflate: Option<DeflateParameters>,
}

/// Why an answer does not open a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ResponseError {
    /// Any status but 101.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// No `websocket` in `Upgrade`, or no `upgrade` in `Connection`.
    #[error("the answer is not an upgrade to WebSocket")]
    NotAnUpgrade,
    /// `Sec-WebSocket-Accept` does not answer the key.
    #[error("the answer belongs to another request")]
    Accept,
    /// A sub-protocol that was not offered.
    #[error("the server chose a sub-protocol that was not offered")]
    Protocol,
    /// An extension or parameter that was not offered, or a malformed one.
    #[error("the server chose an extension that was not offered")]
    Extension,
    /// A header with bytes that HTTP does not allow in it.
    #[error("malformed header")]
    MalformedHeader,
}

impl ClientHandshake {
    /// A request for `target` (path and query) at `host`, with 16 random bytes. `headers` are written as they are and
    /// must not contain line breaks. permessage-deflate is offered with any window and context takeover.
    pub fn new(
        host: &str,
        target: &str,
        nonce: [u8; 16],
        protocols: &[&str],
        offers_deflate: bool,
        headers: &[(&str, &str)],
    ) -> Self {
        let key = STANDARD.encode(nonce);
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        );
        let mut add = |name: &str, value: &str| {
            let _ = write!(request, "{name}: {value}\r\n"); // never fails for a String
        };
        if !protocols.is_empty() {
            add("Sec-WebSocket-Protocol", &protocols.join(", "));
        }
        if offers_deflate {
            add("Sec-WebSocket-Extensions", CLIENT_OFFER);
        }
        for (name, value) in headers {
            add(name, value);
        }
        request.push_str("\r\n");
        let protocols = protocols.iter().map(|&name| name.to_owned()).collect();
        Self {
            request,
            accept: accept_key(&key),
            protocols,
            offers_deflate,
        }
    }

    /// The bytes to send.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// Checks the server's answer: its status and header lines.
    pub fn check_response<'a>(
        &self,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<AcceptedUpgrade, ResponseError> {
        if status != 101 {
            return Err(ResponseError::Status(status));
        }
        let headers = RelevantHeaders::gather(headers).map_err(|_| ResponseError::MalformedHeader)?;
        if !has_element(&headers.upgrade, "websocket") || !has_element(&headers.connection, "upgrade") {
            return Err(ResponseError::NotAnUpgrade);
        }
        if headers.accept[..] != [self.accept.as_str()] {
            return Err(ResponseError::Accept);
        }
        let protocol = match headers.protocol[..] {
            [] => None,
            [name] if self.protocols.iter().any(|offered| offered == name) => Some(name.to_owned()),
            _ => return Err(ResponseError::Protocol),
        };
        let deflate = read_response(headers.extensions, self.offers_deflate).map_err(|()| ResponseError::Extension)?;
        Ok(AcceptedUpgrade { protocol, deflate })
    }
}
