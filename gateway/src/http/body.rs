//! A request's body: bounded in bytes, depth and time before anything else looks at it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    web,
};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use protocol::{
    ErrorCode,
    payload::{Payload, PayloadError, PayloadLimits},
};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::problem::Problem;
use crate::limits::{JSON_BYTES_PER_BYTE_MAX, REQUEST_BODY_EXTRA_BYTES, REQUEST_BODY_TIMEOUT};

/// The fields of a JSON object, each as it stands there.
pub(super) type Fields = BTreeMap<String, Box<RawValue>>;

/// Reads the body as the fields of a JSON object; no body is no fields.
///
/// # Errors
/// 413 over the limit, 415 of another type, 400 when it is no JSON object, 408 when it does not arrive.
pub(super) async fn fields(
    request: &HttpRequest,
    body: web::Payload,
    message_bytes_max: usize,
) -> Result<Fields, Problem> {
    let (text, bytes_max) = whole(request, body, message_bytes_max).await?;
    if text.trim_ascii().is_empty() {
        return Ok(Fields::new());
    }
    check_type(request)?;
    parse(&text, bytes_max)
}

/// Reads a body of any type that carries messages of up to `message_bytes_max`. Gives how long it might have been, too.
///
/// # Errors
/// 413 over the limit, 408 when it does not arrive.
pub(crate) async fn whole(
    request: &HttpRequest,
    body: web::Payload,
    message_bytes_max: usize,
) -> Result<(BytesMut, usize), Problem> {
    let bytes_max = message_bytes_max * JSON_BYTES_PER_BYTE_MAX + REQUEST_BODY_EXTRA_BYTES;
    // Told beforehand, it need not be waited for.
    let told = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|told| told > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
    let text = timeout(REQUEST_BODY_TIMEOUT, read(body, bytes_max))
        .await
        .map_err(late)??;
    Ok((text, bytes_max))
}

async fn read(mut body: web::Payload, bytes_max: usize) -> Result<BytesMut, Problem> {
    let mut text = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
        if text.len() + chunk.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body may have {bytes_max} bytes"),
    )
}

/// Only JSON is read; a body that a foreign page can send without asking (`text/plain`, a form) is none.
fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Content-Type: application/json is expected",
    ))
}

/// Reads the fields. Depth, doubled keys and numbers that readers would round differently are refused once, here.
fn parse(text: &[u8], bytes_max: usize) -> Result<Fields, Problem> {
    let limits = PayloadLimits {
        bytes: bytes_max,
        ..PayloadLimits::default()
    };
    let checked = Payload::from_json(text, &limits).map_err(|error| match error {
        PayloadError::TooLarge => too_large(bytes_max),
        error => protocol::Error::new(ErrorCode::BadRequest, error.to_string()).into(),
    })?;
    serde_json::from_slice(checked.as_bytes())
        .map_err(|_| protocol::Error::new(ErrorCode::BadRequest, "expected a JSON object").into())
}
