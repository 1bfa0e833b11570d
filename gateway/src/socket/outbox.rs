//! One TCP stream, shared by the task that reads it and the shard that writes it, on one thread.

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    rc::Rc,
    task::Waker,
};

use actix_rt::net::TcpStream;
use engine::{session::Flow, shard::Outbox};

use super::{memory::Part, options};

/// What the reading task and the shard share.
pub struct Connection {
    /// The stream.
    pub stream: TcpStream,
    /// Back-pressure by the session.
    pub flow: Rc<Flow>,
    /// What the kernel holds for the stream while it takes no more.
    pub held: Part,
    /// The shard waits until the stream takes bytes again.
    pub is_waiting: Cell<bool>,
    /// Nothing more will be written.
    pub is_closed: Cell<bool>,
    /// The reading task.
    pub task: RefCell<Option<Waker>>,
}

impl Connection {
    /// A stream that is read and written from now on; `held`: its part of the node's socket memory.
    pub fn new(stream: TcpStream, held: Part) -> Self {
        Self {
            stream,
            held,
            flow: Rc::default(),
            is_waiting: Cell::new(false),
            is_closed: Cell::new(false),
            task: RefCell::new(None),
        }
    }

    fn wake(&self) {
        if let Some(task) = self.task.borrow().as_ref() {
            task.wake_by_ref();
        }
    }
}

/// The shard's end of a connection.
pub struct SocketOutbox(pub Rc<Connection>);

impl Outbox for SocketOutbox {
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let connection = &self.0;
        let written = match slices {
            [only] => connection.stream.try_write(only),
            several => connection.stream.try_write_vectored(several),
        };
        if matches!(&written, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            connection.held.set(options::held_bytes(&connection.stream));
        }
        written
    }

    fn wait(&mut self) {
        self.0.is_waiting.set(true);
        self.0.wake();
    }

    fn close(&mut self) {
        self.0.is_closed.set(true);
        self.0.wake();
    }
}
