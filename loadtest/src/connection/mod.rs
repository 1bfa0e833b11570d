//! One WebSocket connection of the client protocol: opening it, writing commands, reading whatever comes.
//!
//! Phones and the publisher use it. It decides nothing about what is said.

mod dial;
mod handshake;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use protocol::{
    client::{Command, Encoding, ReplyError, encode_command, encode_pong, opcode},
    websocket::{CloseFrame, Decoder, Opcode, Role, write_close, write_frame},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

pub use dial::Sources;
pub use handshake::OpenError;

use crate::{limits::RECEIVED_BYTES_MAX, random::Random, target::Target};

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The server said goodbye.
    #[error("the server closed the connection: {code} {reason}")]
    Closed {
        /// The close code; 1005 when none was given.
        code: u16,
        /// The server's words.
        reason: String,
    },
    /// The stream ended without a goodbye.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// What came is not the protocol.
    #[error("the server speaks another protocol: {0}")]
    Protocol(String),
    /// A command that has to succeed did not.
    #[error("{command} was refused: {code} {message}")]
    Refused {
        /// Which command.
        command: &'static str,
        /// The error's code.
        code: u32,
        /// The server's words.
        message: String,
        /// Whether it may succeed later.
        temporary: bool,
    },
}

impl Ended {
    /// The end that a close frame stands for; 1005 stands for none (RFC 6455 section 7.1.5).
    pub fn closed(frame: Option<CloseFrame>) -> Self {
        let (code, reason) = frame.map_or((1_005, String::new()), |frame| (frame.code, frame.reason));
        Self::Closed { code, reason }
    }

    /// The end that a refused command brings.
    pub fn refused(command: &'static str, error: ReplyError) -> Self {
        Self::Refused {
            command,
            code: error.code,
            message: error.message.into_owned(),
            temporary: error.temporary,
        }
    }

    /// Whether clients are told not to come back (<https://centrifugal.dev/docs/server/codes>).
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Closed { code, .. } => matches!(*code, 3_500..=3_999 | 4_500..=4_999),
            Self::Broken(_) => false,
            Self::Protocol(_) => true,
            Self::Refused { temporary, .. } => !*temporary,
        }
    }
}

/// Frames that wait to be written.
#[derive(Debug)]
pub struct Outbox {
    encoding: Encoding,
    random: Random,
    scratch: Vec<u8>,
    /// Masked frames, ready for the socket.
    pub bytes: Vec<u8>,
}

impl Outbox {
    /// An empty one.
    pub const fn new(encoding: Encoding, random: Random) -> Self {
        Self {
            encoding,
            random,
            scratch: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Appends a command as a frame of its own.
    pub fn command(&mut self, command: &Command) {
        self.scratch.clear();
        encode_command(self.encoding, command, &mut self.scratch);
        self.scratch_as(opcode(self.encoding));
    }

    /// Appends the answer to the server's ping.
    pub fn pong(&mut self) {
        self.scratch.clear();
        encode_pong(self.encoding, &mut self.scratch);
        self.scratch_as(opcode(self.encoding));
    }

    /// Appends the answer to a ping of WebSocket.
    pub fn websocket_pong(&mut self, payload: &[u8]) {
        let mask = self.random.mask();
        write_frame(&mut self.bytes, Opcode::Pong, true, payload, Some(mask));
    }

    /// Appends a goodbye.
    pub fn close(&mut self) {
        let mask = self.random.mask();
        write_close(&mut self.bytes, 1000, "", Some(mask));
    }

    fn scratch_as(&mut self, opcode: Opcode) {
        let mask = self.random.mask();
        write_frame(&mut self.bytes, opcode, true, &self.scratch, Some(mask));
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Takes received bytes apart.
    pub decoder: Decoder,
    /// What followed the handshake in the same read.
    pub early: Vec<u8>,
}

impl Connection {
    /// Dials and shakes hands.
    ///
    /// # Errors
    /// When nobody answers, or not as a server of the protocol does.
    pub async fn open(
        target: &Target,
        encoding: Encoding,
        sources: &Sources,
        nonce: [u8; 16],
    ) -> Result<Self, OpenError> {
        let mut stream = sources.dial(target.address).await?;
        let early = handshake::shake_hands(&mut stream, target, encoding, nonce).await?;
        Ok(Self {
            stream,
            decoder: Decoder::new(Role::Client, RECEIVED_BYTES_MAX, None),
            early,
        })
    }

    /// Writes everything that waits.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn flush(&mut self, outbox: &mut Outbox) -> Result<(), Ended> {
        if outbox.bytes.is_empty() {
            return Ok(());
        }
        let written = self.stream.write_all(&outbox.bytes).await;
        outbox.bytes = Vec::new(); // idle connections keep no buffer
        written.map_err(broken)
    }

    /// Writes as much as the socket takes; gives the number of bytes.
    pub fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Ended>> {
        Pin::new(&mut self.stream).poll_write(context, bytes).map_err(broken)
    }

    /// Reads once into `buffer`; gives the number of bytes, never 0.
    pub fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Ended>> {
        let mut filled = ReadBuf::new(buffer);
        let ready = Pin::new(&mut self.stream).poll_read(context, &mut filled);
        ready.map(|result| match result {
            Ok(()) if filled.filled().is_empty() => Err(Ended::Broken("end of the stream".to_owned())),
            Ok(()) => Ok(filled.filled().len()),
            Err(error) => Err(broken(error)),
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: io::Error) -> Ended {
    Ended::Broken(error.to_string())
}
