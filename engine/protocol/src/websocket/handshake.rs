//! The server's half of the opening handshake (RFC 6455 section 4.2).
//!
//! The gateway's upgrade service calls it with what its HTTP parser found. Path, origin and everything else about the
//! request are the caller's affair.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use thiserror::Error;

use super::{
    extension::{elements, is_token},
    negotiation::{DeflateAgreement, DeflatePolicy, negotiate},
};

/// The only version there is (RFC 6455 section 4.1).
const VERSION: &str = "13";

/// Appended to the key before hashing (RFC 6455 section 1.3).
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a request is not answered with 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// Anything but GET.
    #[error("a WebSocket handshake is a GET request")]
    Method,
    /// Before HTTP/1.1, or after it: HTTP/2 has a handshake of its own (RFC 8441).
    #[error("a WebSocket handshake needs HTTP/1.1")]
    HttpVersion,
    /// No `websocket` in `Upgrade`, or no `upgrade` in `Connection`.
    #[error("not a WebSocket handshake")]
    NotAnUpgrade,
    /// `Sec-WebSocket-Version` is missing, repeated or not 13.
    #[error("unsupported WebSocket version")]
    Version,
    /// `Sec-WebSocket-Key` is missing, repeated or not the base64 of 16 bytes.
    #[error("invalid Sec-WebSocket-Key")]
    Key,
    /// A header that matters here has bytes that HTTP does not allow in it, or a sub-protocol that is no token.
    #[error("malformed header")]
    MalformedHeader,
}

impl HandshakeError {
    /// The HTTP status of the refusal: 400, 405 or 426.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Version => 426,
            _ => 400,
        }
    }

    /// The whole HTTP response, with what the status demands beside it; the connection is closed after it.
    pub fn response(self) -> String {
        let (status, header) = match self.status() {
            405 => ("405 Method Not Allowed", "Allow: GET\r\n"),
            426 => (
                "426 Upgrade Required",
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            ),
            _ => ("400 Bad Request", ""),
        };
        let (body, connection) = (
            self.to_string(),
            if self == Self::Version {
                "close, upgrade"
            } else {
                "close"
            },
        );
        format!(
            "HTTP/1.1 {status}\r\n{header}Connection: {connection}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A valid request for an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade<'a> {
    accept: String,
    protocols: Vec<&'a str>,
    extensions: Vec<&'a str>,
}

impl<'a> Upgrade<'a> {
    /// Checks a request: its method, HTTP version as (major, minor), and header lines in order, names in any case.
    pub fn check(
        method: &str,
        version: (u8, u8),
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, HandshakeError> {
        if method != "GET" {
            return Err(HandshakeError::Method);
        }
        if version != (1, 1) {
            return Err(HandshakeError::HttpVersion);
        }
        let headers = RelevantHeaders::gather(headers)?;
        if !has_element(&headers.upgrade, "websocket") || !has_element(&headers.connection, "upgrade") {
            return Err(HandshakeError::NotAnUpgrade);
        }
        if headers.version[..] != [VERSION] {
            return Err(HandshakeError::Version);
        }
        let accept = match headers.key[..] {
            [key] if key_is_valid(key) => accept_key(key),
            _ => return Err(HandshakeError::Key),
        };
        let protocols: Vec<_> = headers.protocol.into_iter().flat_map(elements).collect();
        if !protocols.iter().copied().all(is_token) {
            return Err(HandshakeError::MalformedHeader);
        }
        Ok(Self {
            accept,
            protocols,
            extensions: headers.extensions,
        })
    }

    /// The sub-protocols that the client speaks, the preferred one first.
    pub fn protocols(&self) -> &[&'a str] {
        &self.protocols
    }

    /// The client's most preferred sub-protocol among `supported`; names are compared exactly.
    pub fn choose_protocol<'s>(&self, supported: &[&'s str]) -> Option<&'s str> {
        self.protocols
            .iter()
            .find_map(|offered| supported.iter().copied().find(|name| name == offered))
    }

    /// The first acceptable offer of permessage-deflate; malformed and impossible offers are passed over.
    pub fn negotiate_deflate(&self, policy: &DeflatePolicy) -> Option<DeflateAgreement> {
        negotiate(self.extensions.iter().copied(), policy)
    }

    /// The response that opens the WebSocket. `protocol` must be one that the client offered.
    pub fn response(&self, protocol: Option<&str>, deflate: Option<&DeflateAgreement>) -> String {
        let mut response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n",
            self.accept
        );
        // Writing into a String never fails.
        if let Some(protocol) = protocol {
            let _ = write!(response, "Sec-WebSocket-Protocol: {protocol}\r\n");
        }
        if let Some(deflate) = deflate {
            let _ = write!(response, "Sec-WebSocket-Extensions: {}\r\n", deflate.header_value());
        }
        response.push_str("\r\n");
        response
    }
}

/// The value of `Sec-WebSocket-Accept` that answers a key (RFC 6455 section 4.2.2).
pub fn accept_key(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(ACCEPT_SUFFIX).finalize();
    STANDARD.encode(digest)
}

/// The values of all lines of the headers that take part in a handshake.
#[derive(Debug, Default)]
pub(super) struct RelevantHeaders<'a> {
    pub(super) upgrade: Vec<&'a str>,
    pub(super) connection: Vec<&'a str>,
    pub(super) version: Vec<&'a str>,
    pub(super) key: Vec<&'a str>,
    pub(super) accept: Vec<&'a str>,
    pub(super) protocol: Vec<&'a str>,
    pub(super) extensions: Vec<&'a str>,
}

impl<'a> RelevantHeaders<'a> {
    pub(super) fn gather(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, HandshakeError> {
        let mut gathered = Self::default();
        for (name, value) in headers {
            if let Some(values) = gathered.values(name) {
                let value = str::from_utf8(value).map_err(|_| HandshakeError::MalformedHeader)?;
                values.push(value.trim_matches([' ', '\t']));
            }
        }
        Ok(gathered)
    }

    fn values(&mut self, name: &str) -> Option<&mut Vec<&'a str>> {
        let table: [(&str, &mut Vec<&'a str>); 7] = [
            ("upgrade", &mut self.upgrade),
            ("connection", &mut self.connection),
            ("sec-websocket-version", &mut self.version),
            ("sec-websocket-key", &mut self.key),
            ("sec-websocket-accept", &mut self.accept),
            ("sec-websocket-protocol", &mut self.protocol),
            ("sec-websocket-extensions", &mut self.extensions),
        ];
        table
            .into_iter()
            .find_map(|(known, values)| known.eq_ignore_ascii_case(name).then_some(values))
    }
}

/// Whether one of the lines lists `wanted`, in any case.
pub(super) fn has_element(lines: &[&str], wanted: &str) -> bool {
    lines
        .iter()
        .copied()
        .flat_map(elements)
        .any(|element| element.eq_ignore_ascii_case(wanted))
}

fn key_is_valid(key: &str) -> bool {
    STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)
}
