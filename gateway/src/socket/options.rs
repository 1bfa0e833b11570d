//! What the kernel is told about every connection of the port, and what it is asked. The one file of the workspace that may call it directly.
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

/// Bytes that the kernel holds for the socket: unsent and unacknowledged ones, those not read yet, and what it keeps in reserve, with its own
/// bookkeeping (`SO_MEMINFO`, <https://man7.org/linux/man-pages/man7/sock_diag.7.html>); 0 where the system does not say.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "no crate wraps this socket option")]
pub fn held_bytes(stream: &TcpStream) -> u32 {
    // More than the kernel fills in today; what it leaves out stays 0.
    let mut figures = [0_u32; 16];
    let mut length = size_of_val(&figures) as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as `stream` lives; the pointers describe `figures` and `length`, which are written to within
    // their bounds, and every bit pattern is a `u32`.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            figures.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return 0;
    }
    [
        libc::SK_MEMINFO_WMEM_QUEUED,
        libc::SK_MEMINFO_RMEM_ALLOC,
        libc::SK_MEMINFO_FWD_ALLOC,
    ]
    .iter()
    // What is kept in reserve is a signed figure of the kernel.
    .map(|&figure| figures[figure as usize].cast_signed().max(0).cast_unsigned())
    .fold(0, u32::saturating_add)
}

/// Other systems do not say.
#[cfg(not(target_os = "linux"))]
pub fn held_bytes(_stream: &TcpStream) -> u32 {
    0
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
