//! What the kernel is told about every connection of the port.
//!
//! A send buffer may grow to megabytes per slow phone, and then a ping waits behind a minute of chat. Both limits keep what lags in the
//! cursor, where it costs an integer.

use std::{io, os::fd::AsRawFd};

use actix_rt::net::TcpStream;
use socket2::SockRef;

use crate::limits::{SOCKET_SEND_BUFFER_BYTES, SOCKET_UNSENT_BYTES};

/// Bounds the kernel's memory for one socket.
///
/// # Errors
/// What the system says; the socket works without, too.
pub fn bound(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SOCKET_SEND_BUFFER_BYTES)?;
    bound_unsent(stream)
}

/// `TCP_NOTSENT_LOWAT`: the socket counts as writable only while less than this waits unsent (tcp(7)).
#[allow(unsafe_code, reason = "no crate wraps this socket option")]
fn bound_unsent(stream: &TcpStream) -> io::Result<()> {
    let value: libc::c_int = SOCKET_UNSENT_BYTES;
    // SAFETY: the descriptor is open for as long as `stream` lives, and the pointer and the length describe `value`, which the call only reads.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            std::ptr::from_ref(&value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
