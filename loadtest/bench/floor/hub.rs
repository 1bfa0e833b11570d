//! The one thread: it accepts, reads commands, and sends each published message to every phone.

use std::{
    convert::Infallible,
    io,
    mem::MaybeUninit,
    net::{Ipv4Addr, SocketAddr},
    os::fd::OwnedFd,
};

use protocol::{
    Epoch,
    websocket::{Opcode, write_frame},
};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    io::Errno,
    net::{RecvFlags, SocketFlags, accept_with, recv},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use socket2::{Domain, Socket, Type};

use crate::{
    message::Push,
    peer::{Asked, Peer},
    send::send_all,
};

/// As plenum does (`LISTEN_BACKLOG` and `SOCKET_SEND_BUFFER_BYTES` of its limits).
const LISTEN_BACKLOG: i32 = 4_096;
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// Small, so that a publisher that is far ahead does not keep the others waiting for long.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Events taken at once.
const EVENTS: usize = 256;
/// Tells the listening socket from phones.
const LISTENER: u64 = u64::MAX;

/// Everything that the floor knows.
pub(crate) struct Hub {
    epoll: OwnedFd,
    listener: Socket,
    /// By the number that their events carry; `None` is free.
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    room: Room,
}

/// The one room.
pub(crate) struct Room {
    /// The log's identity, made anew at every start: nothing is kept.
    pub(crate) epoch: Epoch,
    /// The log's end.
    pub(crate) end: u64,
    push: Push,
    /// The newest message as every phone gets it.
    frame: Vec<u8>,
}

impl Hub {
    /// Opens the port; gives where that is.
    pub(crate) fn listen(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        raise_descriptors();
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        listener.set_reuse_address(true)?;
        listener.set_nonblocking(true)?;
        // Both are passed on to accepted connections.
        listener.set_tcp_nodelay(true)?;
        listener.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        listener.bind(&address.into())?;
        listener.listen(LISTEN_BACKLOG)?;
        let bound = listener.local_addr()?.as_socket();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        let hub = Self {
            epoll,
            listener,
            peers: Vec::new(),
            free: Vec::new(),
            room: Room {
                epoch: Epoch::generate(),
                end: 0,
                push: Push::default(),
                frame: Vec::new(),
            },
        };
        Ok((hub, bound.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into())))
    }

    /// Serves until the process is ended.
    pub(crate) fn serve(mut self) -> io::Result<Infallible> {
        let mut events = [const { MaybeUninit::uninit() }; EVENTS];
        let mut buffer = vec![0; READ_BUFFER_BYTES];
        loop {
            let ready = match epoll::wait(&self.epoll, &mut events, None) {
                Ok((ready, _)) => ready,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in ready {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    number => self.read(number as usize, &mut buffer),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let socket = match accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                // The client has gone again.
                Err(Errno::CONNABORTED | Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let number = self.free.pop().unwrap_or_else(|| {
                self.peers.push(None);
                self.peers.len() - 1
            });
            epoll::add(&self.epoll, &socket, EventData::new_u64(number as u64), EventFlags::IN)?;
            self.peers[number] = Some(Peer::new(socket));
        }
    }

    /// Reads once; more is told by a further event.
    fn read(&mut self, number: usize, buffer: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(number).and_then(Option::as_mut) else {
            return;
        };
        let count = match recv(&peer.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return self.remove(number),
            Ok((count, _)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => return self.remove(number),
        };
        let asked = peer.take(&buffer[..count]);
        if !self.answer(number, asked) {
            self.remove(number);
        }
    }

    /// Answers each command before the next; false when the peer is gone or speaks something else.
    fn answer(&mut self, number: usize, asked: Option<Vec<Asked>>) -> bool {
        let Some(asked) = asked else { return false };
        for asked in asked {
            if let Asked::Publish { channel, data, .. } = &asked {
                self.deliver(channel, data);
            }
            let Some(peer) = self.peers[number].as_mut() else {
                return false;
            };
            peer.answer(&asked, &self.room);
            if send_all(&peer.socket, &peer.outbox).is_err() {
                return false;
            }
            peer.outbox.clear();
        }
        true
    }

    /// The whole purpose: one `send(2)` per phone.
    fn deliver(&mut self, channel: &str, data: &[u8]) {
        let Room { end, push, frame, .. } = &mut self.room;
        *end += 1;
        frame.clear();
        write_frame(frame, Opcode::Text, true, push.text(channel, data, *end), None);
        for peer in self.peers.iter_mut().flatten() {
            if peer.listening && send_all(&peer.socket, frame).is_err() {
                // Its socket is told to be readable soon, and then it is removed.
                peer.listening = false;
            }
        }
    }

    fn remove(&mut self, number: usize) {
        // Closing the socket takes it out of epoll.
        if self.peers[number].take().is_some() {
            self.free.push(number);
        }
    }
}

/// As many phones as the hard limit allows.
fn raise_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // Refused: the old limit holds, and too many phones end with an error of accept(2).
    let _ = setrlimit(Resource::Nofile, raised);
}
