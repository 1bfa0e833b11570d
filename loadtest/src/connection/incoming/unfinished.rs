//! The part of a message that has come so far.

use std::borrow::Cow;

use super::Ended;
use crate::limits::RECEIVED_BYTES_MAX;

/// Bytes that wait for the rest of their message; no more than [`RECEIVED_BYTES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Unfinished(Vec<u8>);

impl Unfinished {
    /// What is kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Keeps all of `bytes`.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        if self.0.len() + bytes.len() > RECEIVED_BYTES_MAX as usize {
            return Err(too_long());
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// The whole message when `last` is its end; nothing is kept any more.
    pub(super) fn finish<'a>(&mut self, last: &'a [u8]) -> Result<Cow<'a, [u8]>, Ended> {
        if self.0.is_empty() {
            return Ok(last.into());
        }
        self.keep(last)?;
        Ok(std::mem::take(&mut self.0).into())
    }
}

/// The end that a message beyond the limit brings.
pub(super) fn too_long() -> Ended {
    Ended::Protocol(format!("a message of more than {RECEIVED_BYTES_MAX} bytes"))
}
