//! The server's streams: endless answers, and the requests that carry commands beside them.

use std::collections::HashMap;

use protocol::client::{EmulationRequest, Encoding, Transport, Variant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use super::server::{Ear, Shared};

/// The ears of all streams, by the name of their session.
pub type Streams = HashMap<String, Ear>;

/// One request.
pub struct Request {
    /// Method, path and version.
    pub line: String,
    /// All of it.
    head: String,
    /// What came behind the head in the same read.
    pub rest: Vec<u8>,
}

impl Request {
    /// Reads the head of the next one; `None` when the client has left.
    pub async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut received = Vec::new();
        let end = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut received).await.ok()? == 0 {
                return None;
            }
        };
        let rest = received.split_off(end + 4);
        let head = String::from_utf8(received).ok()?;
        let line = head.split("\r\n").next()?.to_owned();
        Some(Self { line, head, rest })
    }

    /// The header lines.
    pub fn headers(&self) -> Vec<(&str, &[u8])> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.map(|(name, value)| (name, value.as_bytes())).collect()
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        let found = self
            .headers()
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    fn encoding(&self) -> Encoding {
        let is_binary = self.header("content-type") == Some("application/octet-stream");
        if is_binary { Encoding::Protobuf } else { Encoding::Json }
    }

    async fn body(&mut self, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let length = self.header("content-length")?.parse().ok()?;
        while self.rest.len() < length {
            if stream.read_buf(&mut self.rest).await.ok()? == 0 {
                return None;
            }
        }
        Some(std::mem::take(&mut self.rest))
    }
}

/// `POST /connection/http_stream` and `GET /connection/sse`: until the client leaves.
pub async fn serve_stream(shared: &Shared, stream: &mut TcpStream, mut request: Request) -> Option<()> {
    let (variant, connect, kind) = match request.line.split_once("cf_connect=") {
        Some((_, query)) => {
            let query = percent_decoded(query.split(' ').next()?);
            (
                Variant::new(Encoding::Json, Transport::Sse)?,
                query,
                "text/event-stream",
            )
        }
        None => {
            let encoding = request.encoding();
            let body = request.body(stream).await?;
            (Variant::new(encoding, Transport::HttpStream)?, body, "application/json")
        }
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let (sender, mut pushes) = mpsc::channel(10_000);
    let ear = {
        let mut streams = shared.streams.lock().expect("the streams");
        let session = format!("session-{}", streams.len());
        let ear = Ear {
            sender,
            variant,
            session,
        };
        streams.insert(ear.session.clone(), ear.clone());
        ear
    };
    let answer = shared.answer(&connect, &ear);
    write_chunk(stream, &answer).await?;
    let mut nothing = Vec::new();
    loop {
        tokio::select! {
            push = pushes.recv() => write_chunk(stream, &push?).await?,
            read = stream.read_buf(&mut nothing) => if read.ok()? == 0 { return None },
        }
    }
}

/// `POST /emulation`, as often as the client likes.
pub async fn serve_emulation(shared: &Shared, stream: &mut TcpStream, mut request: Request) -> Option<()> {
    loop {
        let encoding = request.encoding();
        let body = request.body(stream).await?;
        let commands = EmulationRequest::decode(encoding, &body).ok()?;
        let ear = shared
            .streams
            .lock()
            .expect("the streams")
            .get(&commands.session)
            .cloned();
        let is_taken = ear.is_some_and(|ear| shared.answer_beside(&commands.data, &ear));
        let status = if is_taken { "204 No Content" } else { "404 Not Found" };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        request = Request::read(stream).await?;
    }
}

async fn write_chunk(stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    if bytes.is_empty() {
        return Some(()); // it would end the body
    }
    let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&chunk).await.ok()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        out.push(u8::from_str_radix(code, 16).expect("an escaped byte"));
        out.extend_from_slice(rest.as_bytes());
    }
    out
}
