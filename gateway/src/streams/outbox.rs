//! The small buffer between a shard and the body of an endless answer, both on one thread.

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    task::Waker,
};

use bytes::BytesMut;
use engine::shard::Outbox;

use crate::limits::STREAM_BUFFER_BYTES;

/// What the shard and the body share.
#[derive(Default)]
pub struct Stream {
    /// Bytes that the dispatcher has not taken yet; an idle stream holds none.
    pub buffer: RefCell<BytesMut>,
    /// The shard waits until there is room.
    pub is_waiting: Cell<bool>,
    /// Nothing more will be written.
    pub is_closed: Cell<bool>,
    /// The dispatcher's task.
    pub task: RefCell<Option<Waker>>,
}

impl Stream {
    fn wake(&self) {
        if let Some(task) = self.task.borrow_mut().take() {
            task.wake();
        }
    }
}

/// The shard's end.
impl Outbox for Stream {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut buffer = self.buffer.borrow_mut();
        let mut room = STREAM_BUFFER_BYTES.saturating_sub(buffer.len());
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut taken = 0;
        for slice in slices {
            let count = slice.len().min(room);
            buffer.extend_from_slice(&slice[..count]);
            room -= count;
            taken += count;
        }
        drop(buffer);
        self.wake();
        Ok(taken)
    }

    fn wait(&self) {
        self.is_waiting.set(true);
    }

    fn close(&self) {
        self.is_closed.set(true);
        self.wake();
    }
}
