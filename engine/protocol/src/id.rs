//! Ids as they stand in keys, in JSON and in channel names.
//!
//! Room and message ids are opaque to clients: fixed-width, lower-case Crockford base 32 (<https://www.crockford.com/base32.html>),
//! so that their text order is their numeric order.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of one 64-bit number: 13 × 5 bits.
const WIDTH: usize = 13;

/// The text is not an id of this kind. Callers answer "not there": a malformed id names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct IdError;

fn encode(number: u64) -> [u8; WIDTH] {
    let mut text = [b'0'; WIDTH];
    for (place, character) in text.iter_mut().rev().enumerate() {
        *character = ALPHABET[(number >> (5 * place)) as usize & 31];
    }
    text
}

fn decode(text: &[u8]) -> Result<u64, IdError> {
    if text.len() != WIDTH {
        return Err(IdError);
    }
    let mut number: u64 = 0;
    for (place, character) in text.iter().enumerate() {
        let digit = ALPHABET.iter().position(|known| known == character).ok_or(IdError)? as u64;
        // The first character carries 4 bits only.
        if place == 0 && digit > 15 {
            return Err(IdError);
        }
        number = number << 5 | digit;
    }
    Ok(number)
}

fn ascii(text: &[u8; WIDTH]) -> &str {
    std::str::from_utf8(text).expect("the alphabet is ASCII")
}

/// A room's id: 42 bits of creation time in milliseconds, 22 random bits. 13 characters of base 32 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(u64);

impl RoomId {
    /// A new id for a room created at `now_ms` (Unix milliseconds); uniqueness is checked by whoever stores it.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn generate(now_ms: i64) -> Self {
        let random = getrandom::u64().expect("the operating system gives randomness") & 0x3f_ffff;
        Self((now_ms as u64 & 0x3ff_ffff_ffff) << 22 | random)
    }

    /// The id behind its key in storage.
    pub const fn from_key(key: i64) -> Self {
        Self(key as u64)
    }

    /// The key in storage: the same 64 bits.
    pub const fn key(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(ascii(&encode(self.0)))
    }
}

impl FromStr for RoomId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        decode(text.as_bytes()).map(Self)
    }
}

/// A message's id: its room and its seq, 26 characters of base 32. No look-up table is needed to find the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId {
    /// The room whose log holds the message.
    pub room: RoomId,
    /// The message's place in that log, from 1.
    pub seq: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(ascii(&encode(self.room.0)))?;
        out.write_str(ascii(&encode(self.seq)))
    }
}

impl FromStr for MessageId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (room, seq) = text.as_bytes().split_at_checked(WIDTH).ok_or(IdError)?;
        let (room, seq) = (RoomId(decode(room)?), decode(seq)?);
        // Seqs start at 1 and stay exact in every client's numbers.
        if seq == 0 || seq > 1 << 53 {
            return Err(IdError);
        }
        Ok(Self { room, seq })
    }
}

/// A log's identity as clients see it: random, stored with the room, unchanged by restarts. 16 hexadecimal characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// A new random epoch.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn generate() -> Self {
        Self(getrandom::u64().expect("the operating system gives randomness"))
    }

    /// The epoch behind its column in storage.
    pub const fn from_key(key: i64) -> Self {
        Self(key as u64)
    }

    /// The column in storage: the same 64 bits.
    pub const fn key(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 16 || !lower {
            return Err(IdError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| IdError)
    }
}

/// A user's id: 1 to 128 bytes of printable text. Plenum's own users get 13 characters of base 32; users of an outside
/// identity provider keep its `sub`. The anonymous user is the empty id, which [`UserId::from_str`] refuses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Longest id in bytes.
    pub const BYTES_MAX: usize = 128;

    /// A new id for a user created at `now_ms` (Unix milliseconds).
    pub fn generate(now_ms: i64) -> Self {
        Self(RoomId::generate(now_ms).to_string().into())
    }

    /// The user of a connection without a token.
    pub fn anonymous() -> Self {
        Self("".into())
    }

    /// Whether this is the anonymous user.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_empty()
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for UserId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > Self::BYTES_MAX || text.chars().any(char::is_control) {
            return Err(IdError);
        }
        Ok(Self(text.into()))
    }
}

macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}
as_text!(RoomId, MessageId, Epoch, UserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_names_its_room_and_seq() {
        let id = MessageId {
            room: RoomId::generate(1_700_000_000_000),
            seq: 42,
        };
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn later_rooms_sort_later_as_text() {
        let (early, late) = (RoomId::generate(1_700_000_000_000), RoomId::generate(1_700_000_000_001));
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in [
            "",
            "0",
            "zzzzzzzzzzzzz",
            "0000000000oil",
            "ÄÄÄÄÄÄÄ",
            "00000000000000000000000000",
            "\u{0}",
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(IdError), "{text:?}");
            if text != "00000000000000000000000000" {
                assert_eq!(text.parse::<RoomId>(), Err(IdError), "{text:?}");
            }
        }
        assert_eq!("00000000000000ff".parse::<Epoch>(), Ok(Epoch(255)));
        assert_eq!("00000000000000FF".parse::<Epoch>(), Err(IdError));
        assert_eq!("a\nb".parse::<UserId>(), Err(IdError));
    }
}
