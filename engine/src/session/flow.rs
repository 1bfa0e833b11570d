//! Back-pressure to one client: while too many of its commands are under way, its socket is not read.

use std::{
    cell::{Cell, RefCell},
    task::{Context, Poll, Waker},
};

/// Shared by a session and its socket, which live on one thread.
#[derive(Debug, Default)]
pub struct Flow {
    is_paused: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl Flow {
    /// Stops or lets go on.
    pub(super) fn pause(&self, is_paused: bool) {
        if self.is_paused.replace(is_paused)
            && !is_paused
            && let Some(reader) = self.reader.borrow_mut().take()
        {
            reader.wake();
        }
    }

    /// Whether the socket may be read; if not, the task is woken when it may.
    pub fn poll_open(&self, context: &Context<'_>) -> Poll<()> {
        if !self.is_paused.get() {
            return Poll::Ready(());
        }
        *self.reader.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}
