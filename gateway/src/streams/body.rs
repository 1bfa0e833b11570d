//! The body of an endless answer: what the shard has put into the buffer, for as long as the session lives.

use std::{
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix::Addr;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use engine::{
    session::Session,
    shard::{SessionKey, ShardNotice},
};

use super::outbox::Stream;
use crate::{metrics::OpenStream, server::Place, socket::Worker};

/// One stream's body; dropping it ends the session.
pub struct StreamBody {
    /// The thread's worker.
    pub worker: Rc<Worker>,
    /// The buffer.
    pub stream: Rc<Stream>,
    /// The session's place in the shard.
    pub key: SessionKey,
    /// The session.
    pub session: Addr<Session>,
    /// The stream's place among the node's sockets.
    pub _place: Place,
    /// The stream as it is counted.
    pub _counted: OpenStream,
}

impl MessageBody for StreamBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let taken = std::mem::take(&mut *self.stream.buffer.borrow_mut());
        if self.stream.is_waiting.replace(false) {
            self.worker.shard.writable(self.key);
        }
        if !taken.is_empty() {
            return Poll::Ready(Some(Ok(taken.freeze())));
        }
        if self.stream.is_closed.get() && self.stream.buffer.borrow().is_empty() {
            return Poll::Ready(None);
        }
        *self.stream.task.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.session.do_send(ShardNotice::Closed);
    }
}
