//! Functions for pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>): those of `realtime.allowed_origins`.
//!
//! A page of another origin is not refused: without these headers its browser shows it nothing, and a Bearer token is nothing that a
//! browser would send by itself.

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
    },
    web,
};

use crate::server::{Gateway, origin};

/// Seconds for which a browser may remember the answer to a preflight.
const PREFLIGHT_MAX_AGE_S: &str = "600";

/// The request's origin, where it is a listed one.
pub(super) fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    let config = request.app_data::<web::Data<Gateway>>()?.config();
    let listed = config.allowed_origins.as_ref()?;
    origin::is_allowed(request.headers(), Some(listed)).then(|| origin.clone())
}

/// Lets the page of that origin read the answer.
pub(super) fn allow(origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Link, Retry-After, WWW-Authenticate"),
    );
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}

/// Answers a browser that asks whether its page may ask. Who may not gets no origin back.
pub(super) fn preflight(methods: &str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_S))
        .finish()
}
