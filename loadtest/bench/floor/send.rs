//! One write, direct; waiting only when the socket takes nothing.

use std::io;

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::AsFd,
    io::Errno,
    net::{SendFlags, send},
};

/// How long a phone may take nothing before it counts as gone.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// Sends all of `bytes`: in almost every case one `send(2)`.
///
/// # Errors
/// When the other side is gone.
#[inline]
pub(crate) fn send_all(socket: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match send(&socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::AGAIN) => wait_for_room(&socket)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cold]
fn wait_for_room(socket: impl AsFd) -> io::Result<()> {
    let mut waiting = [PollFd::new(&socket, PollFlags::OUT)];
    match poll(&mut waiting, Some(&PATIENCE)) {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
