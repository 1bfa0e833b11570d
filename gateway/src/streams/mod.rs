//! The realtime protocol over plain HTTP, for networks that let no WebSocket through: an endless answer (`http_stream`, `sse`)
//! carries what the server says, requests to `/emulation` carry the client's commands.
//!
//! A stream is a session like any other: the same actor, the same cursor. Its bytes wait in a small buffer that the HTTP dispatcher empties; the
//! shard refills it from the cursor when there is room.

mod body;
mod cors;
mod emulation;
mod open;
mod outbox;

use actix_web::web;

/// The paths of streams.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::resource("/connection/http_stream")
            .route(web::post().to(open::http_stream))
            .route(web::method(actix_web::http::Method::OPTIONS).to(cors::preflight))
            .default_service(web::to(open::method_not_allowed)),
    )
    .service(
        web::resource("/connection/sse")
            .route(web::get().to(open::sse_by_query))
            .route(web::post().to(open::sse_by_body))
            .route(web::method(actix_web::http::Method::OPTIONS).to(cors::preflight))
            .default_service(web::to(open::method_not_allowed)),
    )
    .service(
        web::resource("/emulation")
            .route(web::post().to(emulation::emulate))
            .route(web::method(actix_web::http::Method::OPTIONS).to(cors::preflight))
            .default_service(web::to(open::method_not_allowed)),
    );
}
