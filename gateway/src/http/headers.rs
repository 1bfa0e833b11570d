//! Headers of every answer.

use actix_web::middleware::DefaultHeaders;

/// Nothing is guessed, framed or told to other sites; answers belong to one user and are kept nowhere unless they say so.
pub(super) fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "no-referrer"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
        .add(("cache-control", "no-store"))
}
