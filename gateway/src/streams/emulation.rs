//! `POST /emulation`: commands of a client whose stream is open elsewhere. Whoever knows the stream's secret is its client.

use actix_web::{HttpRequest, HttpResponse, ResponseError as _, http::StatusCode, web};
use engine::session::Commands;
use protocol::{
    client::{EmulationRequest, decode_commands},
    payload::PayloadLimits,
};

use super::{cors, open::content_encoding};
use crate::{
    http::{body, problem::Problem},
    server::Gateway,
};

/// Gives the commands to the session.
pub async fn emulate(gateway: web::Data<Gateway>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    if let Some(refused) = cors::refusal(&gateway, &request) {
        return refused;
    }
    let body = match body::whole(&request, body, gateway.engine.limits.message_bytes).await {
        Ok((body, _)) => body,
        Err(problem) => return problem.error_response(),
    };
    let encoding = content_encoding(&request);
    let limits = PayloadLimits {
        bytes: gateway.engine.limits.message_bytes,
        ..PayloadLimits::default()
    };
    let decoded = EmulationRequest::decode(encoding, &body).and_then(|wanted| {
        let commands = decode_commands(encoding, &wanted.data, &limits).collect::<Result<Vec<_>, _>>()?;
        Ok((wanted.session, commands))
    });
    let Ok((secret, commands)) = decoded else {
        return Problem::new(StatusCode::BAD_REQUEST, "the body holds no commands of the protocol").error_response();
    };
    let stream = secret
        .parse()
        .ok()
        .and_then(|secret| gateway.engine.sessions.stream(secret));
    let Some(stream) = stream else {
        return Problem::new(StatusCode::NOT_FOUND, "no such stream on this node: connect again").error_response();
    };
    // Waits while the session's mailbox is full; a session that ends meanwhile answers nobody.
    if stream.send(Commands(commands)).await.is_err() {
        return Problem::new(StatusCode::NOT_FOUND, "the stream has ended: connect again").error_response();
    }
    let mut response = HttpResponse::NoContent();
    cors::allow(&request, &mut response);
    response.finish()
}
