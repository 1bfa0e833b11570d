//! Frees a body from its chunks (RFC 9112 section 7.1), in whatever pieces they come. It keeps a few numbers and no bytes.

use super::Ended;
use crate::limits::CHUNK_LINES_BYTES_MAX;

/// Hexadecimal digits of the largest chunk.
const SIZE_DIGITS_MAX: u8 = 8;

/// Where in a chunk the next byte stands.
#[derive(Debug, Clone, Copy, Default)]
enum At {
    /// The digits of the size.
    #[default]
    Size,
    /// What follows the size on its line and means nothing here.
    Extension,
    /// The line feed behind the size.
    SizeEnd,
    /// The chunk itself.
    Data,
    /// The line break behind the chunk.
    DataReturn,
    DataEnd,
}

/// A chunked body under way.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    at: At,
    digits: u8,
    /// The size as far as it is read, and then what is left of the chunk.
    left_bytes: u64,
    /// Bytes of the extension so far.
    extension_bytes: usize,
}

impl Chunked {
    /// See [`super::Incoming::body`]. The last chunk is the end; nobody reads what may follow it.
    pub(super) fn body<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Ended> {
        while let Some((first, rest)) = input.split_first() {
            if let At::Data = self.at {
                let count = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(input.len());
                let (piece, rest) = input.split_at(count);
                *input = rest;
                self.left_bytes -= count as u64;
                if self.left_bytes == 0 {
                    self.at = At::DataReturn;
                }
                return Ok(Some(piece));
            }
            *input = rest;
            self.at = self.after(*first)?;
        }
        Ok(None)
    }

    /// The place behind a byte that is no data.
    fn after(&mut self, byte: u8) -> Result<At, Ended> {
        match (self.at, byte) {
            (At::Size, _) if byte.is_ascii_hexdigit() && self.digits < SIZE_DIGITS_MAX => {
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                self.left_bytes = self.left_bytes << 4 | u64::from(digit);
                self.digits += 1;
                Ok(At::Size)
            }
            (At::Size | At::Extension, b'\r') if self.digits > 0 => Ok(At::SizeEnd),
            (At::Size, b';' | b' ' | b'\t') if self.digits > 0 => Ok(At::Extension),
            (At::Extension, _) if byte != b'\n' && self.extension_bytes < CHUNK_LINES_BYTES_MAX => {
                self.extension_bytes += 1;
                Ok(At::Extension)
            }
            (At::SizeEnd, b'\n') if self.left_bytes == 0 => Err(Ended::silently()),
            (At::SizeEnd, b'\n') => {
                (self.digits, self.extension_bytes) = (0, 0);
                Ok(At::Data)
            }
            (At::DataReturn, b'\r') => Ok(At::DataEnd),
            (At::DataEnd, b'\n') => Ok(At::Size),
            _ => Err(Ended::Protocol("malformed chunks".to_owned())),
        }
    }
}
