//! The header of a received frame: collected byte by byte where it comes in pieces, and checked as early as its first
//! two bytes allow.

use super::{DecodeError, Role};

/// The longest payload of a control frame, in bytes (RFC 6455 section 5.5).
pub const CONTROL_PAYLOAD_LIMIT_BYTES: usize = 125;

/// The longest header: two bytes, a 64-bit length and a mask.
pub(super) const HEADER_LIMIT_BYTES: usize = 14;

pub(super) const FIN: u8 = 0x80;
pub(super) const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
pub(super) const MASKED: u8 = 0x80;
pub(super) const LENGTH_IS_16_BITS: u8 = 126;
pub(super) const LENGTH_IS_64_BITS: u8 = 127;

/// What a frame is (RFC 6455 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the open message.
    Continuation = 0,
    /// The first or only frame of a message in UTF-8.
    Text = 1,
    /// The first or only frame of a message of any bytes.
    Binary = 2,
    /// The last frame of its sender.
    Close = 8,
    /// Asks for a pong with the same payload.
    Ping = 9,
    /// Answers a ping, or a sign of life.
    Pong = 10,
}

impl Opcode {
    /// Close, ping or pong: short, never fragmented, allowed between the fragments of a message.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }
}

/// What the connection allows in the next header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The role of who decodes.
    pub(super) role: Role,
    /// permessage-deflate was negotiated.
    pub(super) deflate: bool,
    /// A fragmented message is open.
    pub(super) message_open: bool,
}

/// A complete, valid header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    pub(super) compressed: bool,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) payload_bytes: u64,
}

/// The bytes of a header that have arrived.
#[derive(Debug, Default)]
pub(super) struct HeaderReader {
    bytes: [u8; HEADER_LIMIT_BYTES],
    len: u8,
}

impl HeaderReader {
    /// No byte of the next header is here.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes what belongs to the header from `input`; `None` means that more is needed.
    pub(super) fn read(&mut self, input: &mut &[u8], rules: Rules) -> Result<Option<Header>, DecodeError> {
        if !self.fill(input, 2) {
            return Ok(None);
        }
        let opcode = check_start(self.bytes[0], self.bytes[1], rules)?;
        let (length_bytes, masked) = (length_bytes(self.bytes[1]), self.bytes[1] & MASKED != 0);
        let mask_at = 2 + length_bytes;
        if !self.fill(input, mask_at + if masked { 4 } else { 0 }) {
            return Ok(None);
        }
        self.len = 0;
        let mask = [0, 1, 2, 3].map(|index| self.bytes[mask_at + index]);
        Ok(Some(Header {
            opcode,
            fin: self.bytes[0] & FIN != 0,
            compressed: self.bytes[0] & RSV1 != 0,
            mask: masked.then_some(mask),
            payload_bytes: self.payload_bytes()?,
        }))
    }

    fn fill(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let have = usize::from(self.len);
        let count = wanted.saturating_sub(have).min(input.len());
        let (taken, rest) = input.split_at(count);
        self.bytes[have..have + count].copy_from_slice(taken);
        self.len += count as u8; // at most HEADER_LIMIT_BYTES
        *input = rest;
        usize::from(self.len) >= wanted
    }

    fn payload_bytes(&self) -> Result<u64, DecodeError> {
        let (length, minimum) = match self.bytes[1] & !MASKED {
            LENGTH_IS_16_BITS => (u64::from(u16::from_be_bytes([self.bytes[2], self.bytes[3]])), 126),
            LENGTH_IS_64_BITS => {
                let bytes = [2, 3, 4, 5, 6, 7, 8, 9].map(|index: usize| self.bytes[index]);
                (u64::from_be_bytes(bytes), 1 << 16)
            }
            short => (u64::from(short), 0),
        };
        if length < minimum || length > i64::MAX as u64 {
            return Err(DecodeError::MalformedLength);
        }
        Ok(length)
    }
}

const fn length_bytes(second: u8) -> usize {
    match second & !MASKED {
        LENGTH_IS_16_BITS => 2,
        LENGTH_IS_64_BITS => 8,
        _ => 0,
    }
}

fn check_start(first: u8, second: u8, rules: Rules) -> Result<Opcode, DecodeError> {
    if first & RSV2_RSV3 != 0 {
        return Err(DecodeError::ReservedBits);
    }
    let opcode = Opcode::from_number(first & 0x0f).ok_or(DecodeError::ReservedOpcode)?;
    if first & RSV1 != 0 && !(rules.deflate && matches!(opcode, Opcode::Text | Opcode::Binary)) {
        return Err(DecodeError::ReservedBits);
    }
    match (rules.role, second & MASKED != 0) {
        (Role::Server, false) => return Err(DecodeError::NotMasked),
        (Role::Client, true) => return Err(DecodeError::Masked),
        _ => {}
    }
    if opcode.is_control() {
        check_control(first, second)?;
    } else if opcode == Opcode::Continuation && !rules.message_open {
        return Err(DecodeError::UnexpectedContinuation);
    } else if opcode != Opcode::Continuation && rules.message_open {
        return Err(DecodeError::ExpectedContinuation);
    }
    Ok(opcode)
}

fn check_control(first: u8, second: u8) -> Result<(), DecodeError> {
    if first & FIN == 0 {
        return Err(DecodeError::ControlFragmented);
    }
    if usize::from(second & !MASKED) > CONTROL_PAYLOAD_LIMIT_BYTES {
        return Err(DecodeError::ControlTooLong);
    }
    Ok(())
}
