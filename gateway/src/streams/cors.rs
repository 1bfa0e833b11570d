//! Streams for pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>): the origins that may open sockets may open streams.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _,
    http::{
        StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
        },
    },
    web,
};

use crate::{
    http::problem::Problem,
    server::{Gateway, origin},
};

/// Seconds for which a browser may remember the answer to a preflight.
const PREFLIGHT_MAX_AGE_S: &str = "600";

/// The answer to a page whose origin may not connect; None: it may.
pub fn refusal(gateway: &Gateway, request: &HttpRequest) -> Option<HttpResponse> {
    let is_allowed = origin::is_allowed(request.headers(), gateway.config().allowed_origins.as_ref());
    (!is_allowed).then(|| Problem::new(StatusCode::FORBIDDEN, "this origin may not connect").error_response())
}

/// Lets the page that asked read the answer; its origin has been checked.
pub fn allow(request: &HttpRequest, response: &mut HttpResponseBuilder) {
    if let Some(origin) = request.headers().get(ORIGIN) {
        response
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()))
            .insert_header((VARY, "Origin"));
    }
}

/// Answers a browser that asks whether it may ask.
pub async fn preflight(gateway: web::Data<Gateway>, request: HttpRequest) -> HttpResponse {
    if let Some(refused) = refusal(&gateway, &request) {
        return refused;
    }
    let mut response = HttpResponse::NoContent();
    allow(&request, &mut response);
    response
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_S))
        .finish()
}
