//! The task of one connection: it reads, and tells the shard when the stream takes bytes again.

use std::{
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix::{Addr, dev::SendError};
use engine::{
    session::{Commands, Session},
    shard::{SessionKey, ShardNotice},
};
use protocol::{client::Encoding, websocket::Decoder};
use socket2::SockRef;

use super::{Worker, outbox::Connection, read::decode};

/// Reads of one connection before others have their turn.
const READS_MAX: usize = 4;
/// How long a closed connection waits for the client's own end, so that the last frame is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);

/// One connection's reading side.
pub struct Reader {
    /// The thread's worker.
    pub worker: Rc<Worker>,
    /// The stream.
    pub connection: Rc<Connection>,
    /// The session's place in the shard.
    pub key: SessionKey,
    /// The session.
    pub session: Addr<Session>,
    /// How commands are written.
    pub encoding: Encoding,
    /// The receiving half of the WebSocket.
    pub decoder: Decoder,
    /// Commands that the session's mailbox had no place for.
    pub pending: Option<Commands>,
    /// The client has said its last word, or broke the protocol.
    pub is_ending: bool,
}

impl Reader {
    /// Serves the connection until it ends, then its session.
    pub async fn run(mut self, buffered: &[u8]) {
        if !buffered.is_empty() {
            self.take(buffered);
        }
        poll_fn(|context| self.poll(context)).await;
        // What the client said before its end counts; a session that is gone has nobody to answer.
        if let Some(commands) = self.pending.take() {
            let _ = self.session.send(commands).await;
        }
        let is_closed = self.connection.is_closed.get();
        self.session.do_send(ShardNotice::Closed);
        let connection = Rc::clone(&self.connection);
        drop(self);
        if is_closed {
            linger(&connection).await;
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        *self.connection.task.borrow_mut() = Some(context.waker().clone());
        if self.connection.is_closed.get() {
            return Poll::Ready(());
        }
        while self.connection.is_waiting.get() && self.connection.stream.poll_write_ready(context).is_ready() {
            self.connection.is_waiting.set(false);
            self.connection.held.set(0);
            self.worker.shard.writable(self.key);
        }
        for _ in 0..READS_MAX {
            if self.connection.is_closed.get() {
                return Poll::Ready(());
            }
            if !self.hand_over() {
                break;
            }
            // A connection that ends reads no more; it waits for its close frame to leave.
            if self.is_ending {
                return Poll::Pending;
            }
            ready!(self.connection.flow.poll_open(context));
            if ready!(self.connection.stream.poll_read_ready(context)).is_err() || !self.read() {
                return Poll::Ready(());
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads what is there; false when the client is gone.
    fn read(&mut self) -> bool {
        let worker = Rc::clone(&self.worker);
        let mut buffer = worker.buffer.borrow_mut();
        match self.connection.stream.try_read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.take(&buffer[..count]);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let decoded = decode(&self.worker, self.key, self.encoding, &mut self.decoder, bytes);
        self.is_ending |= decoded.is_ending;
        if !decoded.commands.0.is_empty() {
            self.pending = Some(decoded.commands);
        }
    }

    /// Gives pending commands to the session; false when its mailbox is full.
    fn hand_over(&mut self) -> bool {
        let Some(commands) = self.pending.take() else {
            return true;
        };
        match self.session.try_send(commands) {
            Ok(()) => true,
            Err(SendError::Full(commands)) => {
                self.pending = Some(commands);
                false
            }
            // The session is gone: so is the connection, in a moment.
            Err(SendError::Closed(_)) => {
                self.is_ending = true;
                true
            }
        }
    }
}

/// Says the end and reads until the client has said it too.
async fn linger(connection: &Connection) {
    if SockRef::from(&connection.stream)
        .shutdown(std::net::Shutdown::Write)
        .is_err()
    {
        return;
    }
    let drained = async {
        let mut rest = [0; 512];
        while connection.stream.readable().await.is_ok() {
            match connection.stream.try_read(&mut rest) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    // Whoever does not end in time is cut off.
    let _ = tokio::time::timeout(LINGER, drained).await;
}
