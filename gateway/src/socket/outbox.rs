//! One TCP stream, shared by the task that reads it and the shard that writes it, on one thread.

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    os::fd::AsRawFd as _,
    rc::Rc,
    task::Waker,
};

use actix_rt::net::TcpStream;
use engine::{session::Flow, shard::Outbox};
use socket2::SockRef;

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

    /// The socket was full: the reactor has to find that out by itself to say when it is not.
    fn write_by_reactor(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.stream.try_write_vectored(slices);
        if matches!(&written, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.held.set(options::held_bytes(&self.stream));
        }
        written
    }

    fn wake(&self) {
        if let Some(task) = self.task.borrow().as_ref() {
            task.wake_by_ref();
        }
    }
}

/// The shard's end of a connection.
impl Outbox for Connection {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = SockRef::from(&self.stream);
        // Straight to the kernel: what the reactor knows of the socket is one more piece of memory to fetch for every delivery.
        let sent = match slices {
            [only] => socket.send_with_flags(only, libc::MSG_NOSIGNAL),
            several => socket.send_vectored_with_flags(several, libc::MSG_NOSIGNAL),
        };
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.write_by_reactor(slices),
            other => other,
        }
    }

    fn fetch(&self) {
        std::hint::black_box(self.stream.as_raw_fd());
    }

    fn wait(&self) {
        self.is_waiting.set(true);
        self.wake();
    }

    fn close(&self) {
        self.is_closed.set(true);
        self.wake();
    }
}
