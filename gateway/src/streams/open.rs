//! Opens a stream: the first commands come with the request, everything from the server with its answer.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    web,
};
use engine::{
    session::{Commands, Opening, Session},
    shard::{Outbox, Wire},
};
use protocol::{
    Disconnect,
    client::{Encoding, Transport, Variant, decode_commands},
    payload::PayloadLimits,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{body::StreamBody, cors, outbox::Stream};
use crate::{
    http::{body, problem::Problem},
    metrics::StreamKind,
    server::Gateway,
    socket::Worker,
};

/// Where an event stream's first commands stand.
#[derive(Deserialize)]
pub struct ConnectQuery {
    /// The commands, as text.
    cf_connect: Option<String>,
}

/// `POST /connection/http_stream`
pub async fn http_stream(gateway: web::Data<Gateway>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    let encoding = content_encoding(&request);
    open_by_body(&gateway.into_inner(), &request, Transport::HttpStream, encoding, body).await
}

/// `GET /connection/sse?cf_connect=…`
pub async fn sse_by_query(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: web::Query<ConnectQuery>,
) -> HttpResponse {
    let Some(connect) = query.into_inner().cf_connect else {
        return Problem::new(StatusCode::BAD_REQUEST, "cf_connect is missing: the connect command").error_response();
    };
    open(
        &gateway.into_inner(),
        &request,
        Transport::Sse,
        Encoding::Json,
        connect.as_bytes(),
    )
}

/// `POST /connection/sse`
pub async fn sse_by_body(gateway: web::Data<Gateway>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    open_by_body(&gateway.into_inner(), &request, Transport::Sse, Encoding::Json, body).await
}

async fn open_by_body(
    gateway: &Arc<Gateway>,
    request: &HttpRequest,
    transport: Transport,
    encoding: Encoding,
    body: web::Payload,
) -> HttpResponse {
    match body::whole(request, body, gateway.engine.limits.message_bytes).await {
        Ok((first, _)) => open(gateway, request, transport, encoding, &first),
        Err(problem) => problem.error_response(),
    }
}

/// Anything else on these paths.
pub async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    let allow = if request.path() == "/connection/sse" {
        "GET, POST, OPTIONS"
    } else {
        "POST, OPTIONS"
    };
    Problem::method_not_allowed(allow).error_response()
}

/// What a request's content type says of its body.
pub(super) fn content_encoding(request: &HttpRequest) -> Encoding {
    let is_binary = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/octet-stream");
    if is_binary { Encoding::Protobuf } else { Encoding::Json }
}

fn open(
    gateway: &Arc<Gateway>,
    request: &HttpRequest,
    transport: Transport,
    encoding: Encoding,
    first: &[u8],
) -> HttpResponse {
    if let Some(refused) = cors::refusal(gateway, request) {
        return refused;
    }
    if let Some(problem) = gateway.shortage() {
        return problem.error_response();
    }
    let worker = Worker::current(gateway);
    let engine = worker.engine();
    let limits = PayloadLimits {
        bytes: engine.limits.message_bytes,
        ..PayloadLimits::default()
    };
    let Ok(commands) = decode_commands(encoding, first, &limits).collect::<Result<Vec<_>, _>>() else {
        return Problem::new(StatusCode::BAD_REQUEST, "the body holds no commands of the protocol").error_response();
    };
    let variant = Variant::new(encoding, transport).expect("streams carry what their content type says");
    let wire = Wire::new(variant, None);
    let client = Uuid::new_v4();
    let stream = Rc::new(Stream::default());
    let key = worker.shard.open(Rc::clone(&stream) as Rc<dyn Outbox>, wire);
    if transport == Transport::Sse {
        // Proxies and browsers open the stream with its first bytes.
        worker.shard.personal(key, b"\r\n");
    }
    let opening = Opening {
        key,
        client,
        wire,
        secret: Some(Uuid::new_v4()),
        address: request.peer_addr().map(|peer| peer.ip()),
        flow: Rc::default(),
    };
    let session = Session::start(engine, &worker.shard, opening);
    let place = gateway.take_place();
    if place.is_over_limit {
        worker.shard.close(key, Disconnect::TooManyRequests);
    } else if worker.shard.is_draining() {
        worker.shard.close(key, Disconnect::Shutdown);
    } else {
        session.do_send(Commands(commands));
    }
    let (kind, content_type) = if transport == Transport::Sse {
        (StreamKind::Sse, "text/event-stream; charset=utf-8")
    } else {
        (StreamKind::HttpStream, content_type(encoding))
    };
    let counted = gateway.metrics.stream(kind);
    let mut response = HttpResponse::Ok();
    cors::allow(request, &mut response);
    response
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CACHE_CONTROL, "private, no-cache, no-store, must-revalidate, max-age=0"))
        .insert_header(("x-accel-buffering", "no"))
        .body(StreamBody {
            worker: Rc::clone(&worker),
            stream,
            key,
            session,
            _place: place,
            _counted: counted,
        })
}

const fn content_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Json => "application/json",
        Encoding::Protobuf | Encoding::MessagePack => "application/octet-stream",
    }
}
