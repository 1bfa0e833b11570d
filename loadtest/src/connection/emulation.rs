//! Commands beside a stream: requests to `/emulation` over a few connections that all phones of a thread share.
//!
//! Phones take the descriptors, so there is never a connection for each of them here.

use std::{cell::RefCell, io, net::SocketAddr, time::Instant};

use protocol::client::{EmulationRequest, Encoding};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

use super::{
    Ended, OpenError, Sources, broken,
    handshake::{Header, parse_head, read_head},
    stream::content_type,
};
use crate::{
    limits::{
        EMULATION_CONNECTIONS_MAX, EMULATION_IDLE_MAX, OPEN_TIMEOUT, RECEIVE_BUFFER_BYTES, RESPONSE_HEAD_BYTES_MAX,
    },
    target::Target,
};

/// Where commands go to.
const EMULATION: &str = "/emulation";

/// The shared connections of one thread.
#[derive(Debug)]
pub struct Emulation {
    places: Semaphore,
    idle: RefCell<Vec<Idle>>,
}

/// A connection that rests between two requests.
#[derive(Debug)]
struct Idle {
    address: SocketAddr,
    since: Instant,
    stream: TcpStream,
}

impl Emulation {
    /// The part of one of so many threads.
    pub fn of_threads(threads: u64) -> Self {
        let places = (EMULATION_CONNECTIONS_MAX / threads.max(1)).max(1);
        Self {
            places: Semaphore::new(places as usize),
            idle: RefCell::default(),
        }
    }

    /// Sends the commands and waits until the server has taken them.
    ///
    /// # Errors
    /// When it did not; whether it has them is not known then.
    pub async fn post(
        &self,
        sources: &Sources,
        target: &Target,
        encoding: Encoding,
        request: &EmulationRequest,
    ) -> Result<(), Ended> {
        let body = request
            .encode(encoding)
            .map_err(|error| Ended::Protocol(error.to_string()))?;
        let bytes = [head(target, encoding, body.len()).into_bytes(), body].concat();
        let _place = self.places.acquire().await;
        let stream = match self.rested(target.address) {
            Some(stream) => stream,
            None => sources
                .dial(target.address, RECEIVE_BUFFER_BYTES)
                .await
                .map_err(not_open)?,
        };
        let exchange = timeout(OPEN_TIMEOUT, exchange(stream, &bytes)).await;
        let (status, kept) = exchange.map_err(|_| not_open(OpenError::Timeout))??;
        if let Some(stream) = kept {
            self.idle.borrow_mut().push(Idle {
                address: target.address,
                since: Instant::now(),
                stream,
            });
        }
        match status {
            200..=299 => Ok(()),
            400 => Err(Ended::Protocol("commands were answered with status 400".to_owned())),
            _ => Err(Ended::Broken(format!("commands were answered with status {status}"))),
        }
    }

    /// A connection that is open still. One that the server is about to close is not used: nobody would know whether it had
    /// taken the commands.
    fn rested(&self, address: SocketAddr) -> Option<TcpStream> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|connection| connection.since.elapsed() < EMULATION_IDLE_MAX && is_quiet(&connection.stream));
        let index = idle.iter().rposition(|connection| connection.address == address)?;
        Some(idle.swap_remove(index).stream)
    }
}

/// Neither the end nor anything that was not asked for has come.
fn is_quiet(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn head(target: &Target, encoding: Encoding, length: usize) -> String {
    let (path, host, kind) = (target.beside(EMULATION), &target.authority, content_type(encoding));
    format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
}

/// Gives the status, and the connection if it can carry another request.
async fn exchange(mut stream: TcpStream, request: &[u8]) -> Result<(u16, Option<TcpStream>), Ended> {
    stream.write_all(request).await.map_err(broken)?;
    let (head, early) = read_head(&mut stream).await.map_err(not_open)?;
    let (status, headers) = parse_head(&head).ok_or_else(|| not_open(OpenError::NotHttp))?;
    let Some(length) = body_bytes(status, &headers).filter(|length| early.len() <= *length) else {
        return Ok((status, None));
    };
    let mut rest = vec![0; length - early.len()];
    let is_whole = stream.read_exact(&mut rest).await.is_ok();
    Ok((status, is_whole.then_some(stream)))
}

/// Bytes of the answer's body; `None` where it is easier to open another connection than to read it.
fn body_bytes(status: u16, headers: &[Header<'_>]) -> Option<usize> {
    let value = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    };
    if value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
        return None;
    }
    if status == 204 {
        return Some(0);
    }
    let length = value("content-length")?.parse().ok()?;
    (length <= RESPONSE_HEAD_BYTES_MAX).then_some(length)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_open(error: OpenError) -> Ended {
    Ended::Broken(format!("commands beside the stream: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_when_the_end_of_the_answer_is_known() {
        assert_eq!(body_bytes(204, &[]), Some(0));
        assert_eq!(body_bytes(404, &[("content-length", b"17")]), Some(17));
        assert_eq!(body_bytes(200, &[("Transfer-Encoding", b"chunked")]), None);
        assert_eq!(body_bytes(204, &[("Connection", b"Close")]), None);
        assert_eq!(body_bytes(500, &[("Content-Length", b"99999999")]), None);
    }
}
