//! The router of sockets: every WebSocket handshake of the port comes here, whatever its path.
//!
//! It checks path, handshake and `Origin`, refuses in plain HTTP what leads nowhere, and hands the bare TCP stream over together
//! with what was read of it already. From then on HTTP has no part in the connection.

use std::{convert::Infallible, sync::Arc};

use actix_codec::Framed;
use actix_http::{Request, StatusCode, h1::Codec, ws::verify_handshake};
use actix_rt::net::TcpStream;
use tokio::io::AsyncWriteExt as _;

use super::{
    Gateway, origin,
    refuse::{handshake_problem, refuse},
};
use crate::{compatible::subscriptions, http::problem::Problem, limits::SOCKET_RETRY_AFTER_S, metrics::Refused};

/// The sockets of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// The realtime client protocol.
    Realtime,
    /// Events of the user's rooms.
    Subscriptions,
}

impl Socket {
    /// Paths that are sockets; requests without a handshake are answered 426 there, unless the path is also a function.
    pub const PATHS: &'static [(&'static str, Self)] = &[
        ("/connection/websocket", Self::Realtime),
        ("/chat", Self::Realtime),
        ("/subscriptions", Self::Subscriptions),
    ];

    /// The socket at a path.
    pub fn at(path: &str) -> Option<Self> {
        Self::PATHS
            .iter()
            .find(|(known, _)| *known == path)
            .map(|(_, socket)| *socket)
    }
}

/// Serves one handshake until its socket ends.
pub async fn upgrade(
    gateway: Arc<Gateway>,
    request: Request,
    framed: Framed<TcpStream, Codec>,
) -> Result<(), Infallible> {
    let parts = framed.into_parts();
    let (mut stream, buffered) = (parts.io, parts.read_buf);
    // The answers to earlier requests of this connection.
    if !parts.write_buf.is_empty() && stream.write_all(&parts.write_buf).await.is_err() {
        return Ok(());
    }
    let Some(socket) = Socket::at(request.path()) else {
        gateway.metrics.refused(Refused::Path);
        refuse(
            stream,
            Problem::new(StatusCode::NOT_FOUND, "no socket at this path"),
            &[],
        )
        .await;
        return Ok(());
    };
    if let Err(error) = verify_handshake(request.head()) {
        gateway.metrics.refused(Refused::Handshake);
        let (problem, headers) = handshake_problem(&error);
        refuse(stream, problem, headers).await;
        return Ok(());
    }
    if !origin::is_allowed(request.head().headers(), gateway.config().allowed_origins.as_ref()) {
        gateway.metrics.refused(Refused::Origin);
        refuse(
            stream,
            Problem::new(StatusCode::FORBIDDEN, "this origin may not connect"),
            &[],
        )
        .await;
        return Ok(());
    }
    if let Some(problem) = gateway.shortage() {
        refuse(stream, problem, &[("retry-after", SOCKET_RETRY_AFTER_S)]).await;
        return Ok(());
    }
    match socket {
        Socket::Realtime => crate::socket::accept(&gateway, &request, stream, &buffered).await,
        Socket::Subscriptions => subscriptions(gateway, request, stream, buffered.freeze()).await,
    }
    Ok(())
}
