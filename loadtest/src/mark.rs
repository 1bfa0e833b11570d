//! The mark inside of every message: which run it belongs to, its number, and when it should have been sent.
//!
//! It stands in the text of an ordinary message, so it survives a room as well as an open channel, whatever the server
//! wraps around it.

use protocol::payload::Payload;

const PREFIX: &str = "plenum-load:";

/// What a message says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Place in the order of sending, from 1.
    pub number: u64,
    /// When it was due, in microseconds since the run's origin.
    pub intended_us: u64,
}

/// Writes and finds the marks of one run.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    run: u32,
}

impl Marker {
    /// Marks of the run with this number; those of other runs are not recognized.
    pub const fn new(run: u32) -> Self {
        Self { run }
    }

    /// Those of messages beside the room.
    pub const fn of_chats(self) -> Self {
        Self { run: !self.run }
    }

    /// A message of `bytes` bytes of JSON, or as many as the mark needs.
    pub fn message(self, mark: Mark, bytes: usize) -> Payload {
        let mut text = format!(
            "{{\"content\":\"{PREFIX}{:08x}:{}:{}:",
            self.run, mark.number, mark.intended_us
        );
        const END: &str = "\"}";
        let padding = bytes.saturating_sub(text.len() + END.len());
        text.extend(std::iter::repeat_n('.', padding));
        text.push_str(END);
        Payload::from_trusted(text.into_bytes().into())
    }

    /// The mark of this run in the JSON of a publication.
    pub fn find(self, data: &[u8]) -> Option<Mark> {
        let prefix = PREFIX.as_bytes();
        let at = data.windows(prefix.len()).position(|window| window == prefix)?;
        let mut parts = data[at + prefix.len()..].split(|byte| *byte == b':');
        let run = u32::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, 16).ok()?;
        let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
        let mark = Mark {
            number: number()?,
            intended_us: number()?,
        };
        (run == self.run).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MESSAGE_BYTES_MIN;

    #[test]
    fn a_mark_is_found_in_whatever_surrounds_its_message() {
        let mark = Mark {
            number: u64::MAX,
            intended_us: u64::MAX,
        };
        let marker = Marker::new(0xff);
        let message = marker.message(mark, MESSAGE_BYTES_MIN);
        assert_eq!(
            message.as_bytes().len(),
            MESSAGE_BYTES_MIN,
            "the longest mark fits the shortest message"
        );
        let text = std::str::from_utf8(message.as_bytes()).expect("text");
        let wrapped = format!(r#"{{"event":"message.created","data":{text}}}"#);
        assert_eq!(marker.find(wrapped.as_bytes()), Some(mark));
        assert_eq!(Marker::new(1).find(wrapped.as_bytes()), None, "another run");
    }

    #[test]
    fn what_is_no_mark_is_not_taken_for_one() {
        for data in [
            "",
            "{}",
            "plenum-load:",
            "plenum-load:000000ff:x:1:",
            "plenum-load:000000ff:1",
        ] {
            assert_eq!(Marker::new(0xff).find(data.as_bytes()), None, "{data:?}");
        }
    }
}
