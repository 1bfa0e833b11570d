//! Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>): of each
//! event its data, which is all that the protocol uses.

use super::{Ended, Received, unfinished::Unfinished};

/// The event under way.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Unfinished,
    /// The event's data so far, a line feed behind each line.
    data: Unfinished,
    /// A line feed that follows belongs to the end of the line before.
    after_return: bool,
}

impl Events {
    /// See [`super::Incoming::decode`].
    pub(super) fn decode<'a>(&mut self, piece: &mut &'a [u8]) -> Result<Option<Received<'a>>, Ended> {
        loop {
            if let Some(first) = piece.first()
                && std::mem::take(&mut self.after_return)
                && *first == b'\n'
            {
                *piece = &piece[1..];
            }
            let Some(end) = piece.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.line.keep(std::mem::take(piece))?;
                return Ok(None);
            };
            let (line, rest) = piece.split_at(end);
            self.after_return = rest.starts_with(b"\r") && rest.len() == 1;
            *piece = &rest[if rest.starts_with(b"\r\n") { 2 } else { 1 }..];
            let line = self.line.finish(line)?;
            if let Some(received) = self.take_line(&line)? {
                return Ok(Some(received));
            }
        }
    }

    /// An empty line ends an event.
    fn take_line(&mut self, line: &[u8]) -> Result<Option<Received<'static>>, Ended> {
        if line.is_empty() {
            let mut data = self.data.finish(&[])?.into_owned();
            return Ok(Some(if data.pop().is_some() {
                Received::Message(data.into())
            } else {
                Received::Nothing
            }));
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        if field == b"data" {
            self.data.keep(value.strip_prefix(b" ").unwrap_or(value))?;
            self.data.keep(b"\n")?;
        }
        Ok(None)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.line.bytes().is_empty() && self.data.bytes().is_empty() && !self.after_return
    }
}
