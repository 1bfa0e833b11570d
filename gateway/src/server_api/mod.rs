//! The server API: how other back ends publish, look and decide, in the shape of the Centrifugo server API
//! (<https://centrifugal.dev/docs/server/server_api>), so that its libraries work unchanged.
//!
//! One table ([`methods`]) names the methods, each is a file. They act as the system: whoever shows `api.key` has every right, and nothing here
//! asks for a user's. Rooms change through the engine alone; nothing here touches a socket.

mod batch;
mod broadcast;
mod channels;
mod disconnect;
mod endpoint;
mod fields;
mod history;
mod idempotency;
mod info;
mod key;
mod methods;
mod pattern;
mod presence;
mod publish;
mod refresh;
mod repeats;
mod reply;
mod sessions;
mod subscribe;

use actix_web::web;

pub(crate) use repeats::Repeats;

/// The paths of the server API.
pub(crate) fn routes(app: &mut web::ServiceConfig) {
    info::note_start();
    app.service(
        web::resource("/api")
            .route(web::post().to(endpoint::commands))
            .default_service(web::to(endpoint::method_not_allowed)),
    )
    .service(
        web::resource("/api/{method}")
            .route(web::post().to(endpoint::method))
            .default_service(web::to(endpoint::method_not_allowed)),
    );
}
