//! One message a line: JSON in the body of an endless answer.

use super::{Ended, Received, unfinished::Unfinished};

/// The line under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: Unfinished,
}

impl Lines {
    /// See [`super::Incoming::decode`].
    pub(super) fn decode<'a>(&mut self, piece: &mut &'a [u8]) -> Result<Option<Received<'a>>, Ended> {
        let Some(end) = piece.iter().position(|byte| *byte == b'\n') else {
            self.unfinished.keep(std::mem::take(piece))?;
            return Ok(None);
        };
        let (line, rest) = piece.split_at(end);
        *piece = &rest[1..];
        let line = self.unfinished.finish(line)?;
        Ok(Some(if is_blank(&line) {
            Received::Nothing
        } else {
            Received::Message(line)
        }))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unfinished.bytes().is_empty()
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}
