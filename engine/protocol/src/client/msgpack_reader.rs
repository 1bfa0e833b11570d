//! Reads MessagePack into the wire types, which are described once for all encodings.
//!
//! The usual deserializers can't be used: a value inside must be kept as its own bytes, whatever it is, and what is
//! skipped must cost no stack, however deep it is.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

use crate::payload::msgpack::{Reader, Token};

/// The bytes are no MessagePack, or have another shape than the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadError;

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not a message")
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}

/// Reads one map.
pub(super) fn read<'de, T: Deserialize<'de>>(reader: &mut Reader<'de>) -> Result<T, ReadError> {
    T::deserialize(Value(reader))
}

/// The value at the reader's place. Every method reads exactly this value.
struct Value<'r, 'de>(&'r mut Reader<'de>);

impl<'de> Value<'_, 'de> {
    fn token(&mut self) -> Result<Token<'de>, ReadError> {
        self.0.token().map_err(|_| ReadError)
    }
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ReadError> {
        match self.token()? {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(truth) => visitor.visit_bool(truth),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Negative(number) => visitor.visit_i64(number),
            Token::Double(number) => visitor.visit_f64(number),
            Token::Str(text) => visitor.visit_borrowed_str(text),
            Token::Array(left) => visitor.visit_seq(Elements { reader: self.0, left }),
            Token::Map(left) => visitor.visit_map(Elements { reader: self.0, left }),
            Token::Foreign => Err(ReadError),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let mut ahead = self.0.clone();
        if ahead.token() == Ok(Token::Nil) {
            *self.0 = ahead;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    /// The value's own bytes, whatever it is.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_bytes(self.0.skip().map_err(|_| ReadError)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.0.skip().map_err(|_| ReadError)?;
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

/// What follows the head of a container.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: u32,
}

impl Elements<'_, '_> {
    fn advance(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ReadError;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        if self.advance() {
            seed.deserialize(Value(self.reader)).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_, 'de> {
    type Error = ReadError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        if !self.advance() {
            return Ok(None);
        }
        let Token::Str(name) = self.reader.token().map_err(|_| ReadError)? else {
            return Err(ReadError);
        };
        let name: StrDeserializer<'_, ReadError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        seed.deserialize(Value(self.reader))
    }
}
