//! What a node answers while it waits for its store: that it lives, and that it takes no traffic. Servers that are away come back by
//! themselves, and a standby may wait for weeks.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::json;
use tokio::sync::{oneshot, watch};

use super::listener;
use crate::http::problem::Problem;

/// Waits until `opened` has an answer. From the first news on, whoever asks at `address` is told the newest one.
pub(super) async fn answer_meanwhile<T>(
    address: &str,
    mut opened: oneshot::Receiver<T>,
    mut news: watch::Receiver<Option<String>>,
) -> Option<T> {
    tokio::select! {
        ended = &mut opened => return ended.ok(),
        _ = news.changed() => {}
    }
    // Whoever can't listen now is told so when it matters: when the node starts.
    let Ok(listener) = listener::bind(address).await else {
        return opened.await.ok();
    };
    let server = HttpServer::new(move || {
        let news = news.clone();
        App::new()
            .route("/healthz", web::get().to(async || HttpResponse::Ok().body("ok\n")))
            .route("/readyz", web::get().to(move || not_ready(news.clone())))
            .default_service(web::to(async || {
                Err::<HttpResponse, _>(Problem::from(protocol::ErrorCode::Unavailable))
            }))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener);
    let Ok(server) = server.map(HttpServer::run) else {
        return opened.await.ok();
    };
    let handle = server.handle();
    let serving = actix_rt::spawn(server);
    let ended = opened.await.ok();
    handle.stop(false).await;
    let _ = serving.await;
    ended
}

async fn not_ready(news: watch::Receiver<Option<String>>) -> HttpResponse {
    let waiting_for = news.borrow().clone();
    HttpResponse::ServiceUnavailable()
        .insert_header(("retry-after", "1"))
        .json(json!({ "ready": false, "draining": false, "store": "waiting", "waiting_for": waiting_for, "failing_rooms": [] }))
}
