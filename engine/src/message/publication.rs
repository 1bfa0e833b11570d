//! What listeners of a room's channel are given: one JSON value per entry, the same bytes for everybody.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::{RoomId, UserId, payload::Payload};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::{Entry, EntryKind};

use super::{
    body,
    object::{MessageObject, Status},
};
use crate::{
    channel::{Channel, ChannelKind},
    timestamp::Timestamp,
};

#[derive(Serialize)]
struct Event<T> {
    event: &'static str,
    data: T,
}

/// A change of the room itself. Its fields are those of a Chat, as far as the entry knows them, and what changed.
#[derive(Serialize)]
struct Change<'a> {
    chat_id: RoomId,
    #[serde(flatten)]
    body: ChangeBody<'a>,
    /// Who did it; empty: the system.
    actor: &'a str,
    last_activity_timestamp: Timestamp,
    deleted: bool,
    offset: u64,
}

/// The fields of the entry's body, as they are stored.
#[derive(Default, Deserialize, Serialize)]
#[serde(transparent)]
struct ChangeBody<'a>(#[serde(borrow)] BTreeMap<&'a str, &'a RawValue>);

/// The payload of an entry's publication: a pure function of the two, the same live, from memory and from storage.
pub fn publication(channel: &Channel, entry: &Entry) -> Payload {
    let ChannelKind::Room(room) = channel.kind() else {
        return as_given(entry);
    };
    let event = match entry.kind {
        EntryKind::Message => "message.created",
        EntryKind::Edit => "message.updated",
        EntryKind::Delete => "message.deleted",
        EntryKind::Participants => "participants.changed",
        EntryKind::RoomUpdated => "chat.updated",
        EntryKind::RoomDeleted => "chat.deleted",
        EntryKind::Publication => return as_given(entry),
    };
    match entry.kind {
        EntryKind::Message | EntryKind::Edit | EntryKind::Delete => render(&Event {
            event,
            data: MessageObject::new(room, entry, Status::Sent),
        }),
        _ => render(&Event {
            event,
            data: change(room, entry),
        }),
    }
}

fn change(room: RoomId, entry: &Entry) -> Change<'_> {
    Change {
        chat_id: room,
        body: serde_json::from_slice(&entry.body).unwrap_or_default(),
        actor: entry
            .actor
            .as_ref()
            .or(entry.sender.as_ref())
            .map_or("", UserId::as_str),
        last_activity_timestamp: Timestamp(entry.time_ms),
        deleted: entry.kind == EntryKind::RoomDeleted,
        offset: entry.seq,
    }
}

/// The people whose membership ends with this entry.
pub fn removed_users(entry: &Entry) -> Vec<UserId> {
    match entry.kind {
        EntryKind::Participants => body::removed(&entry.body),
        _ => Vec::new(),
    }
}

/// An open channel's data; null where the body is gone.
fn as_given(entry: &Entry) -> Payload {
    Payload::from_trusted(if entry.body.is_empty() {
        Bytes::from_static(b"null")
    } else {
        entry.body.clone()
    })
}

fn render<T: Serialize>(event: &Event<T>) -> Payload {
    Payload::from_trusted(serde_json::to_vec(event).map_or_else(|_| Bytes::from_static(b"null"), Bytes::from))
}

#[cfg(test)]
pub(super) mod tests {
    use storage::Role;
    use uuid::Uuid;

    use super::*;
    use crate::command_id;

    const ROOM: RoomId = RoomId::from_key(7);

    pub(in crate::message) fn message(seq: u64, sender: &str, content: &str) -> Entry {
        Entry {
            seq,
            number: seq,
            kind: EntryKind::Message,
            sender: Some(sender.parse().expect("an id")),
            actor: None,
            client: None,
            time_ms: 1_000,
            created_ms: 1_000,
            command_id: command_id::engine_made(),
            reply_to: 0,
            target: 0,
            version: 0,
            deleted: false,
            body: body::message(content, &Payload::from_trusted(Bytes::from_static(b"[]"))),
        }
    }

    fn room() -> storage::Room {
        storage::Room {
            id: ROOM,
            kind: storage::RoomKind::Group,
            name: "a group".to_owned(),
            initiator: None,
            created_ms: 0,
            deleted: false,
            members_count: 2,
            retention_days: None,
        }
    }

    fn text(channel: &Channel, entry: &Entry) -> String {
        String::from_utf8(publication(channel, entry).as_bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn a_message_an_edit_and_a_deletion_carry_the_whole_message() {
        let channel = Channel::of_room(ROOM);
        let mut entry = message(2, "alice", "hi");
        entry.reply_to = 1;
        entry.command_id = Uuid::from_u128(0xff << 120);
        assert_eq!(
            text(&channel, &entry),
            concat!(
                r#"{"event":"message.created","data":{"message_id":"00000000000070000000000002","chat_id":"0000000000007","#,
                r#""sender":"alice","reply_to":"00000000000070000000000001","content":"hi","attachments":[],"status":"sent","#,
                r#""created":"1970-01-01T00:00:01.000Z","updated":"1970-01-01T00:00:01.000Z","offset":2,"#,
                r#""client_msg_id":"ff000000-0000-0000-0000-000000000000"}}"#
            )
        );

        let edit = Entry {
            seq: 3,
            kind: EntryKind::Edit,
            target: 2,
            time_ms: 2_000,
            command_id: command_id::engine_made(),
            body: body::edited(&entry.body, "bye", 2_000),
            ..entry.clone()
        };
        let shown = text(&channel, &edit);
        assert!(shown.starts_with(r#"{"event":"message.updated","data":{"message_id":"00000000000070000000000002""#));
        assert!(
            shown.contains(r#""content":"bye""#)
                && shown.contains(r#""updated":"1970-01-01T00:00:02.000Z","offset":3}"#)
        );

        let delete = Entry {
            seq: 4,
            kind: EntryKind::Delete,
            deleted: true,
            body: Bytes::new(),
            ..edit
        };
        let shown = text(&channel, &delete);
        assert!(
            shown.starts_with(r#"{"event":"message.deleted""#) && shown.contains(r#""content":"","attachments":[]"#)
        );
        assert!(shown.ends_with(r#""deleted":true}}"#));
    }

    #[test]
    fn a_deleted_row_shows_nothing_of_its_text_whatever_its_body_says() {
        let mut entry = message(2, "alice", "secret");
        entry.deleted = true;
        assert!(!text(&Channel::of_room(ROOM), &entry).contains("secret"));
    }

    #[test]
    fn a_change_of_people_says_who_and_by_whom() {
        let entry = Entry {
            kind: EntryKind::Participants,
            actor: Some("alice".parse().expect("an id")),
            sender: None,
            body: body::participants(
                &room(),
                &[("carol".parse().expect("an id"), Role::Member)],
                &["bob".parse().expect("an id")],
            ),
            ..message(3, "alice", "")
        };
        let shown = text(&Channel::of_room(ROOM), &entry);
        assert!(shown.contains(r#""event":"participants.changed""#), "{shown}");
        assert!(
            shown.contains(r#""added":[{"user_id":"carol","role":"member"}]"#) && shown.contains(r#""actor":"alice""#),
            "{shown}"
        );
        assert!(
            shown.contains(r#""removed":["bob"]"#) && shown.contains(r#""participants_count":2"#),
            "{shown}"
        );
        assert_eq!(removed_users(&entry), ["bob".parse().expect("an id")]);
        assert!(removed_users(&message(1, "alice", "x")).is_empty());
    }

    #[test]
    fn a_new_name_and_the_end_of_a_room_carry_what_the_entry_knows_of_it() {
        let renamed = Entry {
            kind: EntryKind::RoomUpdated,
            body: body::room(&room()),
            ..message(3, "alice", "")
        };
        let shown = text(&Channel::of_room(ROOM), &renamed);
        assert!(
            shown.starts_with(r#"{"event":"chat.updated","data":{"chat_id":"0000000000007","#),
            "{shown}"
        );
        assert!(
            shown.contains(r#""name":"a group""#) && shown.contains(r#""deleted":false"#),
            "{shown}"
        );
        let deleted = Entry {
            kind: EntryKind::RoomDeleted,
            ..renamed
        };
        let shown = text(&Channel::of_room(ROOM), &deleted);
        assert!(
            shown.starts_with(r#"{"event":"chat.deleted""#) && shown.contains(r#""deleted":true"#),
            "{shown}"
        );
    }

    #[test]
    fn an_open_channel_gives_its_data_as_given() {
        let mut entry = message(1, "alice", "");
        entry.kind = EntryKind::Publication;
        entry.body = Bytes::from_static(br#"{"any":[1]}"#);
        let channel = Channel::parse("news").expect("a name");
        assert_eq!(text(&channel, &entry), r#"{"any":[1]}"#);
    }
}
