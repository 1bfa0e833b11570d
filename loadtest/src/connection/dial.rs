//! TCP connections from more source addresses than one.
//!
//! One address pair and one port of the server have some 28,000 source ports at most, and ports of connections that just
//! ended rest for a minute. On the loopback network every 127.0.0.x is an address of this machine, so more are at hand.

use std::{
    cell::Cell,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::OpenError;
use crate::limits::{OPEN_TIMEOUT, SOURCE_ADDRESSES_MAX};

/// The source addresses of one thread.
#[derive(Debug, Default)]
pub struct Sources {
    /// 0: as the system chooses; else the last byte of a loopback address.
    current: Cell<u8>,
}

impl Sources {
    /// Opens a connection, from a further source address when the ports of the current one have run out.
    /// The kernel takes `receive_buffer_bytes` as a wish (socket(7)).
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn dial(&self, to: SocketAddr, receive_buffer_bytes: u32) -> Result<TcpStream, OpenError> {
        let attempt = async {
            loop {
                let source = self.current.get();
                match dial_from(source, to, receive_buffer_bytes).await {
                    Err(error) if ports_ran_out(&error) && self.turn_from(source, to) => {}
                    other => return other,
                }
            }
        };
        let stream = timeout(OPEN_TIMEOUT, attempt).await.map_err(|_| OpenError::Timeout)??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Goes on to the next address unless somebody else did; false when there is none.
    fn turn_from(&self, source: u8, to: SocketAddr) -> bool {
        if !matches!(to.ip(), IpAddr::V4(address) if address.is_loopback()) || source >= SOURCE_ADDRESSES_MAX {
            return false;
        }
        if self.current.get() == source {
            // 127.0.0.1 is what the system chooses by itself.
            self.current.set((source + 1).max(2));
        }
        true
    }
}

async fn dial_from(source: u8, to: SocketAddr, receive_buffer_bytes: u32) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if source > 0 {
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, source), 0)))?;
    }
    socket.set_recv_buffer_size(receive_buffer_bytes)?;
    // A phone that drops out sends no goodbye and leaves no port behind that rests.
    socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
    socket.connect(to).await
}

fn ports_ran_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse)
}
