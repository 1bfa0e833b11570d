//! One connection of the client protocol: opening it, writing commands, reading whatever comes.
//!
//! Phones and the publisher use it. It decides nothing about what is said. A WebSocket carries both directions; an endless
//! HTTP answer carries what the server says, and [`Emulation`] what the client says.

mod dial;
mod emulation;
mod ended;
mod handshake;
mod incoming;
mod outbox;
mod stream;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use protocol::client::{Command, Encoding, Transport, Variant};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

pub use dial::Sources;
pub use emulation::Emulation;
pub use ended::Ended;
pub use handshake::OpenError;
pub use incoming::{Incoming, Received};
pub use outbox::Outbox;

use crate::{limits::RECEIVE_BUFFER_BYTES, target::Target};

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Takes received bytes apart.
    pub incoming: Incoming,
    /// What followed the head of the server's answer in the same read.
    pub early: Vec<u8>,
}

impl Connection {
    /// Dials and shakes hands for a WebSocket.
    ///
    /// # Errors
    /// When nobody answers, or not as a server of the protocol does.
    pub async fn open(
        target: &Target,
        encoding: Encoding,
        sources: &Sources,
        nonce: [u8; 16],
    ) -> Result<Self, OpenError> {
        let stream = sources.dial(target.address, RECEIVE_BUFFER_BYTES).await?;
        Self::open_over(stream, target, encoding, nonce).await
    }

    /// Shakes hands over a connection of [`Sources::dial`].
    ///
    /// # Errors
    /// When the other side does not answer as a server of the protocol does.
    pub async fn open_over(
        mut stream: TcpStream,
        target: &Target,
        encoding: Encoding,
        nonce: [u8; 16],
    ) -> Result<Self, OpenError> {
        let early = handshake::shake_hands(&mut stream, target, encoding, nonce).await?;
        let variant = Variant::new(encoding, Transport::WebSocket).ok_or(OpenError::NoStream)?;
        Ok(Self {
            stream,
            incoming: Incoming::new(variant, false),
            early,
        })
    }

    /// Asks for a stream over a connection of [`Sources::dial`], with the connect command in the request.
    ///
    /// # Errors
    /// When the other side does not answer as a server of the protocol does.
    pub async fn open_stream(
        mut stream: TcpStream,
        target: &Target,
        variant: Variant,
        connect: &Command,
    ) -> Result<Self, OpenError> {
        let (early, chunked) = stream::open_stream(&mut stream, target, variant, connect).await?;
        Ok(Self {
            stream,
            incoming: Incoming::new(variant, chunked),
            early,
        })
    }

    /// Lets the kernel hold back as much as for any phone, where it held back less before.
    pub fn widen(&self) {
        // Where the kernel does not, the phone goes on as it is.
        let _ = socket2::SockRef::from(&self.stream).set_recv_buffer_size(RECEIVE_BUFFER_BYTES as usize);
    }

    /// Writes everything that waits, of a WebSocket.
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
            Ok(()) if filled.filled().is_empty() => Err(Ended::silently()),
            Ok(()) => Ok(filled.filled().len()),
            Err(error) => Err(broken(error)),
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: io::Error) -> Ended {
    Ended::Broken(error.to_string())
}
