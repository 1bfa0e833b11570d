//! The text of one delivery, built once per message: as long as what plenum sends for a message of a room.
//!
//! The floor sends it, and so does the bench to what it compares with: everybody delivers the same.

use std::io::Write as _;

use protocol::{
    client::{Encoding, Publication, encode_publication},
    payload::Payload,
};

/// What stands before the content of a message in a room's publication, with ids of the length that plenum's have.
const BEFORE: &str = concat!(
    r#"{"event":"message.created","data":{"message_id":"00000000000000000000000000","chat_id":"0000000000000","#,
    r#""sender":"load-15000","reply_to":null,"#
);
/// What stands behind it, up to the offset.
const BEHIND: &str = concat!(
    r#","attachments":[],"status":"sent","created":"2026-01-01T00:00:00.000Z","#,
    r#""updated":"2026-01-01T00:00:00.000Z","offset":"#
);

/// Writes messages into the same memory again and again.
#[derive(Debug, Default)]
pub(crate) struct Push {
    encoded: Vec<u8>,
}

impl Push {
    /// The text of the entry at `offset`. `data` is an object, whose fields become some of the message's.
    pub(crate) fn text(&mut self, channel: &str, data: &[u8], offset: u64) -> &[u8] {
        self.encoded.clear();
        let fields = data.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
        let mut message = BEFORE.as_bytes().to_vec();
        message.extend_from_slice(fields.unwrap_or_default());
        let _ = write!(message, "{BEHIND}{offset}}}}}"); // never fails for a Vec
        let publication = Publication::new(offset, Payload::from_trusted(message.into()));
        encode_publication(Encoding::Json, channel, &publication, &mut self.encoded);
        &self.encoded
    }
}

#[cfg(test)]
mod tests {
    use protocol::client::{Event, Outgoing, decode_replies};

    use super::*;

    #[test]
    fn a_text_is_one_publication_with_its_offset_and_the_fields_that_were_published() {
        let mut push = Push::default();
        push.text("room:a", br#"{"content":"another one before"}"#, 6);
        let text = push.text("room:a", br#"{"content":"hi"}"#, 7);
        let replies: Vec<_> = decode_replies(Encoding::Json, text).collect();
        let [Ok(Outgoing::Push(push))] = &replies[..] else {
            panic!("{replies:?}")
        };
        let Event::Publication(entry) = &push.event else {
            panic!("{push:?}")
        };
        assert_eq!((&*push.channel, entry.offset), ("room:a", 7));
        let data: serde_json::Value = serde_json::from_slice(entry.data.as_bytes()).expect("JSON");
        assert_eq!(
            (data["data"]["content"].as_str(), &data["data"]["offset"]),
            (Some("hi"), &7.into())
        );
    }
}
