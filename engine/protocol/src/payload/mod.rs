//! Payloads: one JSON value each, checked and compacted once, at the edge.
//!
//! Everything that passes through a room's log is a [`Payload`]. Sockets and HTTP make them out of what clients send,
//! storage gives them back as they are, encoders append them byte by byte. What is checked here nobody checks again:
//! no line break can tear a batch of JSON messages, and every encoding can carry the value with the same meaning.

mod compact;
mod keys;
pub(crate) mod msgpack;
mod number;
mod scan;
mod string;
mod transcode_in;
mod transcode_out;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

use crate::{Error, ErrorCode};

pub(crate) use string::append as append_json_str;

/// Largest integer literal, and with the other sign the smallest: up to here every integer is exact in a double.
pub const INTEGER_MAX: u64 = 1 << 53;

/// How large and how deep a published value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadLimits {
    /// Bytes of JSON text, as published and as kept.
    pub bytes: usize,
    /// Arrays and objects around the innermost value; a bare number has depth 0.
    pub depth: usize,
}

impl PayloadLimits {
    /// Default of [`Self::bytes`].
    pub const BYTES_DEFAULT: usize = 65_536;
    /// Default of [`Self::depth`].
    pub const DEPTH_DEFAULT: usize = 64;
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self {
            bytes: Self::BYTES_DEFAULT,
            depth: Self::DEPTH_DEFAULT,
        }
    }
}

/// Why a published value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PayloadError {
    /// Not exactly one JSON value, or not UTF-8.
    #[error("data is not one JSON value")]
    Malformed,
    /// More bytes than [`PayloadLimits::bytes`].
    #[error("data is too large")]
    TooLarge,
    /// More nesting than [`PayloadLimits::depth`].
    #[error("data is nested too deep")]
    TooDeep,
    /// An object names a key twice: readers would disagree about its value.
    #[error("data has an object with the same key twice")]
    DuplicateKey,
    /// An integer beyond ±2^53, or a number beyond the range of a double: readers would round it differently.
    #[error("data has a number that is not exact everywhere")]
    NumberOutOfRange,
    /// Half of a surrogate pair: not a character, and not expressible in UTF-8.
    #[error("data has half a surrogate pair")]
    LoneSurrogate,
    /// A MessagePack value that JSON lacks: binary, an extension, NaN, an infinity, or a key that is not text.
    #[error("data has a value that JSON can't hold")]
    NotJson,
}

/// On the socket every refused value is a bad request; callers over HTTP answer [`PayloadError::TooLarge`] with 413.
impl From<PayloadError> for Error {
    fn from(error: PayloadError) -> Self {
        Self::new(ErrorCode::BadRequest, error.to_string())
    }
}

/// One JSON value as compact UTF-8 text without control characters. A clone shares the bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(Bytes);

/// What people write to each other is not for logs.
impl fmt::Debug for Payload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Payload({} bytes)", self.0.len())
    }
}

impl Payload {
    /// Checks and compacts published JSON.
    ///
    /// Numbers and strings keep their text: `1.50` stays `1.50`, `"\u0041"` stays escaped.
    ///
    /// # Errors
    /// Whatever [`PayloadError`] names.
    pub fn from_json(text: &[u8], limits: &PayloadLimits) -> Result<Self, PayloadError> {
        if text.len() > limits.bytes {
            return Err(PayloadError::TooLarge);
        }
        let text = std::str::from_utf8(text).map_err(|_| PayloadError::Malformed)?;
        compact::compact(text, limits.depth).map(|text| Self(text.into()))
    }

    /// Checks one native MessagePack value (<https://github.com/msgpack/msgpack/blob/master/spec.md>) and turns it into JSON.
    ///
    /// # Errors
    /// Whatever [`PayloadError`] names; [`PayloadLimits::bytes`] counts the MessagePack bytes and the JSON text.
    pub fn from_msgpack(value: &[u8], limits: &PayloadLimits) -> Result<Self, PayloadError> {
        transcode_in::to_json(value, limits).map(|text| Self(text.into()))
    }

    /// Takes back what was a payload before: bytes out of storage or off the bus. Nothing is checked.
    pub const fn from_trusted(text: Bytes) -> Self {
        Self(text)
    }

    /// The JSON text of the server's own value, e.g. an event made of structs.
    ///
    /// # Errors
    /// When the value refuses to be serialised, or has keys that are not text.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_vec(value).map(|text| Self(text.into()))
    }

    /// Reads the value into a struct, e.g. the parameters of an rpc.
    ///
    /// # Errors
    /// When the value has another shape.
    pub fn to_value<'de, T: Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }

    /// Appends the same value as native MessagePack: integers as integers (never above 2^53), other numbers as doubles.
    ///
    /// Bytes that came by [`Self::from_trusted`] and are no JSON become nil: a damaged row must not stop a room.
    pub fn to_msgpack(&self, out: &mut Vec<u8>) {
        transcode_out::append(&self.0, out);
    }

    /// The JSON text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The JSON text, shared.
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

/// Inside other JSON the payload stands as the value that it is. Only for `serde_json`.
impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serde_json::from_slice::<&serde_json::value::RawValue>(&self.0)
            .map_err(S::Error::custom)?
            .serialize(to)
    }
}
