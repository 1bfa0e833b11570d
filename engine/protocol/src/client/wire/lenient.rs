//! Reading fields as SDKs write them.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A field whose null means the same as its absence.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A `data` field: the value's own bytes, not looked at. Null is a value.
pub(super) fn raw<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Bytes>, D::Error> {
    if from.is_human_readable() {
        let text = <&RawValue>::deserialize(from)?.get();
        return Ok(Some(Bytes::copy_from_slice(text.as_bytes())));
    }
    // MessagePack's deserializer gives the bytes of any one value to those who ask for bytes.
    from.deserialize_bytes(Span).map(Some)
}

struct Span;

impl de::Visitor<'_> for Span {
    type Value = Bytes;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the bytes of one value")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}
