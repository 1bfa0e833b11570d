//! Messages with their length before them, as a varint: Protobuf in the body of an endless answer
//! (<https://protobuf.dev/programming-guides/techniques/#streaming>).

use super::{
    Ended, Received,
    unfinished::{Unfinished, too_long},
};
use crate::limits::RECEIVED_BYTES_MAX;

/// Bytes of the longest length: seven bits each.
const LENGTH_BYTES_MAX: usize = 5;

/// The message under way, with its length.
#[derive(Debug, Default)]
pub(super) struct Delimited {
    unfinished: Unfinished,
}

impl Delimited {
    /// See [`super::Incoming::decode`]. The message keeps its length before it: the protocol's frames have it, too.
    pub(super) fn decode<'a>(&mut self, piece: &mut &'a [u8]) -> Result<Option<Received<'a>>, Ended> {
        if self.is_idle()
            && let Some(total) = total_bytes(piece)?
            && let Some((message, rest)) = piece.split_at_checked(total)
        {
            *piece = rest;
            return Ok(Some(Received::Message(message.into())));
        }
        loop {
            // Until the length is known, byte by byte.
            let wanted = total_bytes(self.unfinished.bytes())?.map_or(1, |total| total - self.unfinished.bytes().len());
            let (taken, rest) = piece.split_at(wanted.min(piece.len()));
            *piece = rest;
            self.unfinished.keep(taken)?;
            if total_bytes(self.unfinished.bytes())? == Some(self.unfinished.bytes().len()) {
                return Ok(Some(Received::Message(self.unfinished.finish(&[])?)));
            }
            if piece.is_empty() {
                return Ok(None);
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unfinished.bytes().is_empty()
    }
}

/// Bytes of the first message with its length; `None` while the length itself is not whole.
fn total_bytes(bytes: &[u8]) -> Result<Option<usize>, Ended> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().take(LENGTH_BYTES_MAX).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let total = length + index as u64 + 1;
            return if total > RECEIVED_BYTES_MAX.into() {
                Err(too_long())
            } else {
                Ok(Some(total as usize))
            };
        }
    }
    if bytes.len() >= LENGTH_BYTES_MAX {
        return Err(too_long());
    }
    Ok(None)
}
