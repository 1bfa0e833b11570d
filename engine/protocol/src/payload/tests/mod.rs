//! What payloads accept, refuse and keep.

mod accepted;
mod against_serde_json;
mod hostile;
mod message_pack;
pub(crate) mod random;
mod refused;

use super::{Payload, PayloadError, PayloadLimits};

fn published(text: &str) -> Result<String, PayloadError> {
    Payload::from_json(text.as_bytes(), &PayloadLimits::default()).map(|payload| text_of(&payload))
}

fn text_of(payload: &Payload) -> String {
    String::from_utf8(payload.as_bytes().to_vec()).expect("a payload is UTF-8")
}
