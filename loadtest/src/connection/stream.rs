//! Opens an endless answer: the connect command goes with the request, everything from the server comes in the body.

use std::fmt::Write;

use protocol::client::{Command, Encoding, Transport, Variant, encode_command};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{
    OpenError,
    handshake::{Header, parse_head, read_head},
};
use crate::{limits::OPEN_TIMEOUT, target::Target};

/// Where each kind of stream is opened.
const HTTP_STREAM: &str = "/connection/http_stream";
const SSE: &str = "/connection/sse";

/// Asks for the stream and checks the head of the answer; gives the bytes behind it, and whether the body is chunked.
pub(super) async fn open_stream(
    stream: &mut TcpStream,
    target: &Target,
    variant: Variant,
    connect: &Command,
) -> Result<(Vec<u8>, bool), OpenError> {
    let request = request(target, variant, connect);
    let exchange = async {
        stream.write_all(&request).await?;
        read_head(stream).await
    };
    let (head, early) = timeout(OPEN_TIMEOUT, exchange)
        .await
        .map_err(|_| OpenError::Timeout)??;
    let (status, headers) = parse_head(&head).ok_or(OpenError::NotHttp)?;
    if status != 200 {
        return Err(OpenError::Status(status));
    }
    is_chunked(&headers, variant).map(|chunked| (early, chunked))
}

/// The media type of the commands that a client sends.
pub(super) const fn content_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Json => "application/json",
        Encoding::Protobuf | Encoding::MessagePack => "application/octet-stream",
    }
}

fn request(target: &Target, variant: Variant, connect: &Command) -> Vec<u8> {
    let mut body = Vec::new();
    encode_command(variant.encoding(), connect, &mut body);
    let host = &target.authority;
    if variant.transport() == Transport::Sse {
        let path = target.beside(SSE);
        let query = percent_encoded(&body);
        return format!("GET {path}?cf_connect={query} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n")
            .into_bytes();
    }
    let (path, kind, length) = (target.beside(HTTP_STREAM), content_type(variant.encoding()), body.len());
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

/// Everything but what RFC 3986 section 2.3 leaves unreserved.
fn percent_encoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(3 * bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(*byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}"); // never fails for a String
        }
    }
    out
}

/// Whether the body of the answer is chunked; an answer with an end is no stream.
fn is_chunked(headers: &[Header<'_>], variant: Variant) -> Result<bool, OpenError> {
    let value = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_ascii_lowercase())
    };
    let is_events = value("content-type").is_some_and(|kind| kind.starts_with(b"text/event-stream"));
    let is_wrong_kind = variant.transport() == Transport::Sse && !is_events;
    if is_wrong_kind || value("content-length").is_some() {
        return Err(OpenError::NoStream);
    }
    Ok(value("transfer-encoding").is_some_and(|coding| coding == b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sse() -> Variant {
        Variant::new(Encoding::Json, Transport::Sse).expect("a variant")
    }

    #[test]
    fn an_answer_with_an_end_or_of_another_kind_is_no_stream() {
        let events = ("Content-Type", &b"text/event-stream; charset=utf-8"[..]);
        assert!(matches!(is_chunked(&[events], sse()), Ok(false)));
        assert!(matches!(
            is_chunked(&[events, ("transfer-encoding", b"Chunked")], sse()),
            Ok(true)
        ));
        for headers in [
            vec![("Content-Type", &b"text/html"[..])],
            vec![events, ("Content-Length", b"5")],
        ] {
            assert!(matches!(is_chunked(&headers, sse()), Err(OpenError::NoStream)));
        }
    }

    #[test]
    fn a_command_in_an_address_breaks_nothing() {
        assert_eq!(percent_encoded(b"{\"a b\":1}&%"), "%7B%22a%20b%22%3A1%7D%26%25");
    }
}
