//! The one port.

use std::{io, net::SocketAddr};

use tokio::net::TcpSocket;

use crate::limits::LISTEN_BACKLOG;

/// Listens on the first address behind `address` that can be had. Port 0 takes a free one.
///
/// # Errors
/// When the name has no address, or none can be listened on.
pub async fn bind(address: &str) -> io::Result<std::net::TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in tokio::net::lookup_host(address).await? {
        match listen(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A node that starts again must not wait for connections of the old one to fade away.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)?.into_std()
}
