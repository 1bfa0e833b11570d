//! Reading fields as SDKs write them.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A field whose null means the same as its absence.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A message that is there, or null.
pub(super) fn message<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let message: Option<Message<T>> = Option::deserialize(from)?;
    Ok(message.map(|message| message.0))
}

/// A message that stands as a map, as all do; by themselves, structs could be read from lists too.
pub(in super::super) struct Message<T>(pub(in super::super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Message<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map of fields")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(fields))
    }
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

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the bytes of one value")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}
