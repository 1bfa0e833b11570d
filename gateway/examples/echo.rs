//! An echo server over the product's own WebSocket codec: what the Autobahn test suite talks to
//! (`gateway/tests/autobahn/run.sh`).
//!
//! `cargo run --release -p gateway --example echo -- 127.0.0.1:9001`; port 0 takes a free one. The first line on standard
//! output is `listening on ADDR`. It has no part of the product but the codec, and handles a connection the way the
//! gateway's sockets do: all connections share one read buffer, and an idle one holds none.

use std::{cell::RefCell, env, io, net::SocketAddr, rc::Rc, time::Duration};

use protocol::websocket::{
    DecodeError, Decoder, DeflateParameters, DeflatePolicy, Deflater, Event, HandshakeError, Opcode, Role, Upgrade,
    write_close, write_compressed_frame, write_frame,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{LocalSet, spawn_local},
    time::timeout,
};

/// The suite sends messages of up to 16 MiB.
const MESSAGE_LIMIT_BYTES: u32 = 64 << 20;
const READ_BUFFER_BYTES: usize = 64 << 10;
const REQUEST_LIMIT_BYTES: usize = 16 << 10;
const HEADER_LIMIT: usize = 64;
/// How long the other side may take to send its request, or to close after the closing handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// The read buffer of the thread; never borrowed while waiting.
type SharedBuffer = Rc<RefCell<Vec<u8>>>;

#[allow(clippy::print_stdout, reason = "the caller reads the address from standard output")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address: SocketAddr = match env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9001".to_owned())
        .parse()
    {
        Ok(address) => address,
        Err(error) => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("listen address: {error}"),
            ));
        }
    };
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    LocalSet::new().run_until(accept_forever(listener)).await
}

async fn accept_forever(listener: TcpListener) -> io::Result<()> {
    let buffer = SharedBuffer::new(RefCell::new(vec![0; READ_BUFFER_BYTES]));
    loop {
        let (stream, peer) = listener.accept().await?;
        let buffer = buffer.clone();
        spawn_local(async move {
            if let Err(error) = serve(stream, buffer).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn serve(mut stream: TcpStream, buffer: SharedBuffer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (request, request_bytes) = timeout(PATIENCE, read_request(&mut stream)).await??;
    match answer(&request[..request_bytes]) {
        Ok((response, deflate)) => {
            stream.write_all(response.as_bytes()).await?;
            Connection::new(stream, deflate)
                .run(&request[request_bytes..], buffer)
                .await
        }
        Err(refusal) => {
            stream.write_all(refusal.response().as_bytes()).await?;
            stream.shutdown().await
        }
    }
}

/// The bytes received so far and how many of them are the request's head; what follows is WebSocket already.
async fn read_request(stream: &mut TcpStream) -> io::Result<(Vec<u8>, usize)> {
    let mut received = Vec::new();
    while received.len() < REQUEST_LIMIT_BYTES {
        if stream.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok((received, end + 4));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "request is too long"))
}

fn answer(request: &[u8]) -> Result<(String, Option<DeflateParameters>), HandshakeError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(request).map_err(|_| HandshakeError::MalformedHeader)?;
    let version = (1, parsed.version.unwrap_or(0));
    let headers = parsed.headers.iter().map(|header| (header.name, header.value));
    let upgrade = Upgrade::check(parsed.method.unwrap_or_default(), version, headers)?;
    let deflate = upgrade.negotiate_deflate(&DeflatePolicy::default());
    let response = upgrade.response(None, deflate.as_ref());
    Ok((response, deflate.map(|agreement| agreement.parameters)))
}

/// An open WebSocket.
struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    deflater: Option<Deflater>,
}

/// What the bytes of one read come to.
struct Answers {
    bytes: Vec<u8>,
    /// A close frame is the last of them.
    closes: bool,
}

impl Connection {
    fn new(stream: TcpStream, deflate: Option<DeflateParameters>) -> Self {
        Self {
            stream,
            decoder: Decoder::new(Role::Server, MESSAGE_LIMIT_BYTES, deflate),
            deflater: deflate.map(|parameters| Deflater::for_connection(Role::Server, parameters)),
        }
    }

    async fn run(mut self, early: &[u8], buffer: SharedBuffer) -> io::Result<()> {
        let mut answers = self.take(early);
        loop {
            self.stream.write_all(&answers.bytes).await?;
            if answers.closes {
                return self.close().await;
            }
            self.stream.readable().await?;
            answers = {
                let mut buffer = buffer.borrow_mut();
                match self.stream.try_read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(count) => self.take(&buffer[..count]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.take(&[]),
                    Err(error) => return Err(error),
                }
            };
        }
    }

    fn take(&mut self, mut input: &[u8]) -> Answers {
        let mut answers = Answers {
            bytes: Vec::new(),
            closes: false,
        };
        while !answers.closes {
            match self.decoder.decode(&mut input) {
                Ok(Some(event)) => self.answer(event, &mut answers),
                Ok(None) => break,
                Err(error) => answers.fail(error),
            }
        }
        answers
    }

    fn answer(&mut self, event: Event, answers: &mut Answers) {
        match event {
            Event::Text(text) => self.echo(Opcode::Text, text.as_bytes(), &mut answers.bytes),
            Event::Binary(bytes) => self.echo(Opcode::Binary, &bytes, &mut answers.bytes),
            Event::Ping(payload) => write_frame(&mut answers.bytes, Opcode::Pong, true, &payload, None),
            Event::Pong(_) => {}
            Event::Close(frame) => {
                answers.closes = true;
                match frame {
                    Some(frame) => write_close(&mut answers.bytes, frame.code, &frame.reason, None),
                    None => write_frame(&mut answers.bytes, Opcode::Close, true, &[], None),
                }
            }
        }
    }

    fn echo(&mut self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        match &mut self.deflater {
            Some(deflater) => write_compressed_frame(out, opcode, &deflater.compress(payload), None),
            None => write_frame(out, opcode, true, payload, None),
        }
    }

    /// Lets the last frame arrive: closing with unread bytes in the socket would reset the connection.
    async fn close(mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let mut dropped = Vec::with_capacity(1024);
        let drained = timeout(PATIENCE, async {
            while self.stream.read_buf(&mut dropped).await? > 0 {
                dropped.clear();
            }
            io::Result::Ok(())
        });
        drained.await.unwrap_or(Ok(()))
    }
}

impl Answers {
    fn fail(&mut self, error: DecodeError) {
        self.closes = true;
        write_close(&mut self.bytes, error.close_code(), &error.to_string(), None);
    }
}
