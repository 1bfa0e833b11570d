//! The Message object.

use protocol::{Epoch, MessageId, RoomId, UserId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use storage::{Entry, EntryKind, TopMarks};

use super::body::MessageBody;
use crate::{command_id, timestamp::Timestamp};

/// How far a message has come, seen by everybody alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Stored.
    Sent,
    /// On a device of one participant other than its author.
    Received,
    /// Read by one participant other than its author.
    Read,
}

/// A message's status: what one participant other than its author has acknowledged.
pub fn status(entry: &Entry, marks: &TopMarks) -> Status {
    let seq = message_seq(entry);
    let reaches = |marks: &[(UserId, u64)]| {
        marks
            .iter()
            .any(|(user, mark)| *mark >= seq && entry.sender.as_ref() != Some(user))
    };
    if reaches(&marks.read) {
        Status::Read
    } else if reaches(&marks.received) {
        Status::Received
    } else {
        Status::Sent
    }
}

/// The seq of the message that an entry is about.
pub(super) fn message_seq(entry: &Entry) -> u64 {
    match entry.kind {
        EntryKind::Edit | EntryKind::Delete => entry.target,
        _ => entry.seq,
    }
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub struct MessageObject<'a> {
    /// The message's id; ids of one room sort in its order.
    #[schemars(with = "String")]
    message_id: MessageId,
    /// Its room.
    #[schemars(with = "String")]
    chat_id: RoomId,
    /// Its author's user id; empty: the system.
    sender: &'a str,
    /// The id of the message that it answers, or null.
    #[schemars(with = "Option<String>")]
    reply_to: Option<MessageId>,
    /// The text; empty after a deletion.
    #[schemars(with = "String")]
    content: &'a RawValue,
    /// What is attached.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    attachments: &'a RawValue,
    /// How far it has come.
    status: Status,
    /// When it was sent.
    created: Timestamp,
    /// When it was edited or deleted last; else the time of sending.
    #[schemars(with = "Timestamp")]
    updated: Updated<'a>,
    /// Where the state shown stands in the room's log.
    offset: u64,
    /// The identity of the room's log; in answers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    epoch: Option<Epoch>,
    /// The id that its sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_msg_id: Option<String>,
    /// It has been deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Updated<'a> {
    Stored(&'a RawValue),
    At(Timestamp),
}

/// The JSON texts of an empty message.
fn empty(text: &'static str) -> &'static RawValue {
    serde_json::from_str(text).unwrap_or(RawValue::NULL)
}

impl<'a> MessageObject<'a> {
    /// The message that an entry is or changes, as that entry has it.
    pub fn new(room: RoomId, entry: &'a Entry, status: Status) -> Self {
        let is_message = entry.kind == EntryKind::Message;
        let is_deleted = entry.deleted || entry.kind == EntryKind::Delete || entry.body.is_empty();
        let body = MessageBody::read(if is_deleted { b"" } else { &entry.body });
        Self {
            message_id: MessageId {
                room,
                seq: message_seq(entry),
            },
            chat_id: room,
            sender: entry.sender.as_ref().map_or("", UserId::as_str),
            reply_to: (entry.reply_to != 0).then_some(MessageId {
                room,
                seq: entry.reply_to,
            }),
            content: body.content.unwrap_or_else(|| empty("\"\"")),
            attachments: body.attachments.unwrap_or_else(|| empty("[]")),
            status,
            created: Timestamp(entry.created_ms),
            updated: body
                .updated
                .map_or(Updated::At(Timestamp(entry.time_ms)), Updated::Stored),
            offset: entry.seq,
            epoch: None,
            // An edit's or deletion's own id is not the message's.
            client_msg_id: (is_message && !is_deleted && command_id::is_from_client(&entry.command_id))
                .then(|| entry.command_id.to_string()),
            deleted: is_deleted,
        }
    }

    /// The same with the log's identity.
    #[must_use]
    pub fn with_epoch(mut self, epoch: Epoch) -> Self {
        self.epoch = Some(epoch);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(read: &[(&str, u64)], received: &[(&str, u64)]) -> TopMarks {
        let people = |marks: &[(&str, u64)]| {
            marks
                .iter()
                .map(|(user, seq)| (user.parse().expect("an id"), *seq))
                .collect()
        };
        TopMarks {
            read: people(read),
            received: people(received),
        }
    }

    #[test]
    fn only_other_peoples_marks_count() {
        let entry = super::super::publication::tests::message(5, "alice", "hi");
        assert_eq!(
            status(&entry, &marks(&[("alice", 9)], &[("alice", 9), ("bob", 4)])),
            Status::Sent
        );
        assert_eq!(
            status(&entry, &marks(&[("alice", 9), ("bob", 4)], &[("bob", 5)])),
            Status::Received
        );
        assert_eq!(
            status(&entry, &marks(&[("alice", 9), ("bob", 5)], &[("bob", 5)])),
            Status::Read
        );
    }
}
