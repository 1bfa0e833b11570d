//! Paths of sockets, asked without a handshake.

use actix_web::{HttpResponse, ResponseError as _, http::StatusCode, web};

use super::problem::Problem;
use crate::server::Socket;

pub(super) fn routes(app: &mut web::ServiceConfig) {
    for (path, _) in Socket::PATHS {
        app.route(path, web::to(upgrade_required));
    }
}

async fn upgrade_required() -> HttpResponse {
    let problem = Problem::new(
        StatusCode::UPGRADE_REQUIRED,
        "this path is a socket: open it with a WebSocket handshake",
    );
    let mut response = problem.error_response();
    let headers = response.headers_mut();
    headers.insert(
        actix_web::http::header::UPGRADE,
        actix_web::http::header::HeaderValue::from_static("websocket"),
    );
    response
}
