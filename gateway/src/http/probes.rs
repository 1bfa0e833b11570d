//! What balancers and Prometheus ask: alive, ready, metrics.

use actix_web::{HttpResponse, http::StatusCode, web};
use prometheus::{Encoder as _, TextEncoder};
use serde::Serialize;

use super::{methods, problem::Problem};
use crate::{
    limits::{FAILING_ROOMS_SHOWN_MAX, READY_CHECK_TIMEOUT},
    server::Gateway,
};

pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.service(methods::get("/healthz", healthz))
        .service(methods::get("/readyz", readyz))
        .service(methods::get("/metrics", metrics));
}

/// The process answers: that is all it says.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

/// Whether the node takes traffic, and if not, why.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    store: &'static str,
    /// Rooms that fail again and again; they alone are unavailable, and the node stays ready.
    failing_rooms: Vec<FailingRoom>,
}

#[derive(Serialize)]
struct FailingRoom {
    channel: String,
    reason: String,
    times: u32,
}

fn failing_rooms(gateway: &Gateway) -> Vec<FailingRoom> {
    let failing = gateway.engine.rooms.failing().into_iter().take(FAILING_ROOMS_SHOWN_MAX);
    failing
        .map(|(channel, exit, times)| FailingRoom {
            channel: channel.to_string(),
            reason: format!("{exit:?}").to_lowercase(),
            times,
        })
        .collect()
}

async fn readyz(gateway: web::Data<Gateway>) -> HttpResponse {
    let store = match tokio::time::timeout(READY_CHECK_TIMEOUT, gateway.store.check()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the store fails");
            "failing"
        }
        Err(_) => "slow",
    };
    let draining = gateway.is_draining();
    let ready = !draining && store == "ok";
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut response = HttpResponse::build(status);
    if !ready {
        response.insert_header(("retry-after", "1"));
    }
    response.json(Readiness {
        ready,
        draining,
        store,
        failing_rooms: failing_rooms(&gateway),
    })
}

async fn metrics(gateway: web::Data<Gateway>) -> Result<HttpResponse, Problem> {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    encoder.encode(&gateway.registry.gather(), &mut text).map_err(|error| {
        tracing::error!(%error, "metrics can't be encoded");
        Problem::from(protocol::ErrorCode::Internal)
    })?;
    Ok(HttpResponse::Ok().content_type(encoder.format_type()).body(text))
}
