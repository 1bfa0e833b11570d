//! The two addresses: `POST /api/{method}` takes one request, `POST /api` takes commands `{"method", "params"}`, one after the other.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    http::{StatusCode, header::WWW_AUTHENTICATE},
    web,
};
use bytes::Bytes;
use protocol::ErrorCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{
    batch, fields, key,
    methods::{self, Called},
    reply::{Outcome, Reply, to_json},
};
use crate::{
    http::problem::Problem,
    limits::{REQUEST_BODY_TIMEOUT, SERVER_API_BODY_BYTES_MAX},
    server::Gateway,
};

/// One command of `POST /api`.
#[derive(Deserialize)]
struct Command {
    /// Given back in the reply, where there is one.
    #[serde(default, deserialize_with = "fields::nullable")]
    id: u32,
    #[serde(default, deserialize_with = "fields::nullable")]
    method: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

/// `POST /api/{method}`.
pub(super) async fn method(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    method: web::Path<String>,
    body: web::Payload,
) -> HttpResponse {
    let body = match admitted(&gateway, &request, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    if *method == batch::NAME {
        return match batch::run(&gateway, &body).await {
            // Of this method alone the replies stand at the top.
            Some(replies) => json(to_json(&replies)),
            None => malformed(),
        };
    }
    match methods::call(&gateway, &method, &body).await {
        Called::Done(outcome) => json(to_json(&Reply::new(0, outcome))),
        Called::Malformed => malformed(),
        Called::Unknown => Problem::not_found().error_response(),
    }
}

/// `POST /api`: replies stand in the order of the commands, a line each.
pub(super) async fn commands(gateway: web::Data<Gateway>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    let body = match admitted(&gateway, &request, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    // All of them are read before the first is run: a torn body changes nothing.
    let commands: Result<Vec<Command>, _> = serde_json::Deserializer::from_slice(&body).into_iter().collect();
    let Ok(commands) = commands else {
        return malformed();
    };
    if commands.is_empty() {
        return malformed();
    }
    let mut lines = Vec::new();
    for command in commands {
        if !lines.is_empty() {
            lines.push(b'\n');
        }
        let id = command.id;
        let outcome = outcome_of(&gateway, command).await;
        lines.extend_from_slice(&to_json(&Reply::new(id, outcome)));
    }
    json(lines)
}

async fn outcome_of(gateway: &Gateway, command: Command) -> Outcome {
    let params = command
        .params
        .map_or_else(|| "{}".to_owned(), |params| params.get().to_owned());
    if command.method == batch::NAME {
        let replies = batch::run(gateway, params.as_bytes()).await;
        return replies
            .map(|replies| super::reply::raw(&replies))
            .ok_or_else(|| ErrorCode::BadRequest.into());
    }
    match methods::call(gateway, &command.method, params.as_bytes()).await {
        Called::Done(outcome) => outcome,
        Called::Malformed => Err(ErrorCode::BadRequest.into()),
        Called::Unknown => Err(ErrorCode::MethodNotFound.into()),
    }
}

/// Neither path has another method than POST.
pub(super) async fn method_not_allowed() -> HttpResponse {
    Problem::method_not_allowed("POST").error_response()
}

/// The body of whoever shows the key; nothing of anybody else's is read.
async fn admitted(gateway: &Gateway, request: &HttpRequest, body: web::Payload) -> Result<Bytes, HttpResponse> {
    if !key::is_shown(gateway, request) {
        return Err(unauthorized());
    }
    let bytes_max = SERVER_API_BODY_BYTES_MAX.max(2 * gateway.engine.limits.message_bytes);
    match timeout(REQUEST_BODY_TIMEOUT, body.to_bytes_limited(bytes_max)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(malformed()),
        Ok(Err(_)) => Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body may have {bytes_max} bytes"),
        )),
        Err(_) => Err(refused(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

fn refused(status: StatusCode, detail: impl Into<String>) -> HttpResponse {
    Problem::new(status, detail).error_response()
}

/// As that protocol does it: the status alone.
fn unauthorized() -> HttpResponse {
    HttpResponse::Unauthorized()
        .insert_header((WWW_AUTHENTICATE, "apikey realm=\"plenum\""))
        .finish()
}

/// As that protocol does it: the status's own words.
fn malformed() -> HttpResponse {
    HttpResponse::BadRequest()
        .content_type("text/plain; charset=utf-8")
        .body("Bad Request\n")
}

fn json(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}
