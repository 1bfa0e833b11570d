//! The opening handshake of a client, read byte-exactly: what follows the answer belongs to the connection.

use std::io;

use protocol::{
    client::Encoding,
    websocket::{ClientHandshake, ResponseError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    limits::{OPEN_TIMEOUT, RESPONSE_HEAD_BYTES_MAX},
    target::Target,
};

/// Why a connection did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody there, or the network failed.
    #[error("no connection: {0}")]
    Dial(#[from] io::Error),
    /// Connected, and then silence.
    #[error("no answer within {} s", OPEN_TIMEOUT.as_secs())]
    Timeout,
    /// Connected, and hung up.
    #[error("the server hung up before it answered the handshake")]
    HungUp,
    /// Not HTTP at all.
    #[error("the server does not speak HTTP: is this the port of something else?")]
    NotHttp,
    /// HTTP, but no WebSocket.
    #[error("no WebSocket: {0}")]
    Refused(#[from] ResponseError),
    /// HTTP, but no stream.
    #[error("no stream: the server answered with status {0}")]
    Status(u16),
    /// An answer of another kind, or with an end.
    #[error("no stream: the server gave an answer of another kind")]
    NoStream,
    /// WebSocket, but not this protocol.
    #[error("the server did not agree on the sub-protocol {0}")]
    Subprotocol(&'static str),
}

impl OpenError {
    /// Whether trying again can help.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Dial(_)
                | Self::Timeout
                | Self::HungUp
                | Self::Status(429 | 500..=599)
                | Self::Refused(ResponseError::Status(429 | 500..=599))
        )
    }
}

/// Asks for the upgrade and checks the answer; gives the bytes that came after it.
pub(super) async fn shake_hands(
    stream: &mut TcpStream,
    target: &Target,
    encoding: Encoding,
    nonce: [u8; 16],
) -> Result<Vec<u8>, OpenError> {
    let subprotocol = encoding.subprotocol();
    let handshake = ClientHandshake::new(&target.authority, &target.path, nonce, &[subprotocol], false, &[]);
    let exchange = async {
        stream.write_all(handshake.request().as_bytes()).await?;
        read_head(stream).await
    };
    let (head, early) = timeout(OPEN_TIMEOUT, exchange)
        .await
        .map_err(|_| OpenError::Timeout)??;
    let (status, headers) = parse_head(&head).ok_or(OpenError::NotHttp)?;
    let accepted = handshake.check_response(status, headers)?;
    // JSON is what servers of the protocol speak when nothing is agreed on.
    if accepted.protocol.is_none() && encoding != Encoding::Json {
        return Err(OpenError::Subprotocol(subprotocol));
    }
    Ok(early)
}

/// The head without its empty line, and what came after it.
pub(super) async fn read_head(stream: &mut TcpStream) -> Result<(Vec<u8>, Vec<u8>), OpenError> {
    let mut received = Vec::with_capacity(512);
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let early = received.split_off(end + 4);
            received.truncate(end);
            return Ok((received, early));
        }
        let is_http = received.iter().zip(b"HTTP/1.").all(|(one, other)| one == other);
        if !is_http || received.len() > RESPONSE_HEAD_BYTES_MAX {
            return Err(OpenError::NotHttp);
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(OpenError::HungUp);
        }
    }
}

/// A header line: name and value.
pub(super) type Header<'a> = (&'a str, &'a [u8]);

/// The status and the header lines.
pub(super) fn parse_head(head: &[u8]) -> Option<(u16, Vec<Header<'_>>)> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.map(|line| {
        line.split_once(':')
            .map(|(name, value)| (name, value.trim().as_bytes()))
    });
    Some((status, headers.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_place_now_is_asked_again_later() {
        for (status, is_temporary) in [(503, true), (429, true), (500, true), (404, false), (403, false)] {
            assert_eq!(
                OpenError::Refused(ResponseError::Status(status)).is_temporary(),
                is_temporary
            );
            assert_eq!(OpenError::Status(status).is_temporary(), is_temporary);
        }
    }

    #[test]
    fn heads_are_read_and_nonsense_is_none() {
        let (status, headers) = parse_head(b"HTTP/1.1 503 Busy\r\nRetry-After: 3").expect("a head");
        assert_eq!((status, headers), (503, vec![("Retry-After", &b"3"[..])]));
        assert_eq!(parse_head(b"HTTP/1.1"), None);
        assert_eq!(parse_head(b"HTTP/1.1 200 OK\r\nnonsense"), None);
    }
}
