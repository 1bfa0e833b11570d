//! Answers a handshake that leads nowhere, in plain HTTP, and closes the connection.

use actix_http::{StatusCode, ws::HandshakeError};
use actix_rt::net::TcpStream;
use tokio::io::AsyncWriteExt as _;

use crate::http::problem::Problem;

/// Writes the problem and ends the connection. A client that is gone already is no failure.
pub async fn refuse(mut stream: TcpStream, problem: Problem, headers: &[(&str, &str)]) {
    let status = problem.status;
    let body = problem.to_json();
    let mut response = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or(""),
        body.len()
    );
    for (name, value) in headers {
        response.push_str(&format!("{name}: {value}\r\n"));
    }
    response.push_str("\r\n");
    response.push_str(&body);
    if stream.write_all(response.as_bytes()).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

/// What a wrong handshake is answered with (<https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2>).
pub fn handshake_problem(error: &HandshakeError) -> (Problem, &'static [(&'static str, &'static str)]) {
    match error {
        HandshakeError::GetMethodRequired => (
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "a socket is opened with GET"),
            &[("allow", "GET")],
        ),
        HandshakeError::NoVersionHeader | HandshakeError::UnsupportedVersion => (
            Problem::new(
                StatusCode::UPGRADE_REQUIRED,
                "version 13 of the WebSocket protocol is spoken here",
            ),
            &[("upgrade", "websocket"), ("sec-websocket-version", "13")],
        ),
        HandshakeError::BadWebsocketKey => (
            Problem::new(
                StatusCode::BAD_REQUEST,
                "Sec-WebSocket-Key is missing or not 16 bytes of base64",
            ),
            &[],
        ),
        _ => (Problem::new(StatusCode::BAD_REQUEST, "not a WebSocket handshake"), &[]),
    }
}
