//! Bodies of entries as they are stored: compact JSON, made and read here only.

use bytes::Bytes;
use protocol::{UserId, payload::Payload};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::{Role, Room, RoomKind};

use crate::timestamp::Timestamp;

/// A message's body, borrowed from the row. What is absent (after a deletion everything) is None.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct MessageBody<'a> {
    /// The text, as a JSON string.
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    /// Array of attachments.
    #[serde(borrow, default)]
    pub(super) attachments: Option<&'a RawValue>,
    /// When it was edited last, RFC 3339 as a JSON string.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) updated: Option<&'a RawValue>,
}

impl<'a> MessageBody<'a> {
    /// Reads a row; an empty or damaged body is a message without text, so that it stops nobody's page.
    pub(super) fn read(body: &'a [u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct NewMessageBody<'a> {
    content: &'a str,
    attachments: Attachments<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Attachments<'a> {
    Given(&'a Payload),
    Kept(&'a RawValue),
    None([u8; 0]),
}

/// The body of a new message. `attachments` is a JSON array.
pub fn message(content: &str, attachments: &Payload) -> Bytes {
    to_bytes(&NewMessageBody {
        content,
        attachments: Attachments::Given(attachments),
        updated: None,
    })
}

/// The body of an edited message, also of the entry that edits it: the new text, the attachments that it had, the time of the edit (Unix milliseconds).
pub fn edited(old_body: &[u8], content: &str, now_ms: i64) -> Bytes {
    let attachments = MessageBody::read(old_body).attachments;
    to_bytes(&NewMessageBody {
        content,
        attachments: attachments.map_or(Attachments::None([]), Attachments::Kept),
        updated: Some(Timestamp(now_ms)),
    })
}

/// The text of a message's body; empty after a deletion.
pub fn content(body: &[u8]) -> String {
    MessageBody::read(body)
        .content
        .and_then(|text| serde_json::from_str(text.get()).ok())
        .unwrap_or_default()
}

/// The attachments of a message's body, each with its file name.
pub fn attachments(body: &[u8]) -> Vec<(String, &RawValue)> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        filename: String,
    }
    let all = MessageBody::read(body).attachments;
    let all: Vec<&RawValue> = all
        .and_then(|all| serde_json::from_str(all.get()).ok())
        .unwrap_or_default();
    let named = all.into_iter().filter_map(|one| {
        let named: Named = serde_json::from_str(one.get()).ok()?;
        Some((named.filename, one))
    });
    named.collect()
}

#[derive(Serialize)]
struct AddedPerson<'a> {
    user_id: &'a UserId,
    role: &'static str,
}

/// A room as an entry keeps it: what listeners are shown of it is a function of the entry alone.
#[derive(Serialize)]
struct RoomBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    kind: &'static str,
    initiator: &'a str,
    participants_count: u64,
    created: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<Vec<AddedPerson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'a [UserId]>,
}

impl<'a> RoomBody<'a> {
    fn of(room: &'a Room) -> Self {
        Self {
            name: &room.name,
            kind: kind_name(room.kind),
            initiator: room.initiator.as_ref().map_or("", UserId::as_str),
            participants_count: room.members_count,
            created: Timestamp(room.created_ms),
            retention_days: room.retention_days,
            added: None,
            removed: None,
        }
    }
}

/// The body of a change of the participants, with the room as it is after it.
pub fn participants(room: &Room, added: &[(UserId, Role)], removed: &[UserId]) -> Bytes {
    let added = added.iter().map(|(user_id, role)| AddedPerson {
        user_id,
        role: role_name(*role),
    });
    to_bytes(&RoomBody {
        added: Some(added.collect()),
        removed: Some(removed),
        ..RoomBody::of(room)
    })
}

/// The body of a change of the room itself (its name, its retention, its deletion), with the room as it is after it.
pub fn room(room: &Room) -> Bytes {
    to_bytes(&RoomBody::of(room))
}

/// Who was removed by a change of the participants; a damaged body removes nobody.
pub(super) fn removed(body: &[u8]) -> Vec<UserId> {
    #[derive(Deserialize)]
    struct Removed {
        removed: Vec<UserId>,
    }
    serde_json::from_slice::<Removed>(body).map_or_else(|_| Vec::new(), |body| body.removed)
}

/// A kind's name in JSON.
pub const fn kind_name(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Direct => "direct",
        RoomKind::Group => "group",
        RoomKind::Channel => "channel",
    }
}

/// A role's name in JSON.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Moderator => "moderator",
        Role::Owner => "owner",
    }
}

fn to_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_keeps_the_attachments_and_tells_its_time() {
        let attachments = Payload::from_trusted(Bytes::from_static(br#"[{"attachment_id":"a"}]"#));
        let body = message("hi \"there\"\n", &attachments);
        assert_eq!(
            &body[..],
            br#"{"content":"hi \"there\"\n","attachments":[{"attachment_id":"a"}]}"#
        );
        assert_eq!(content(&body), "hi \"there\"\n");

        let body = edited(&body, "bye", 0);
        assert_eq!(
            &body[..],
            br#"{"content":"bye","attachments":[{"attachment_id":"a"}],"updated":"1970-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(content(b""), "");
    }

    #[test]
    fn a_change_of_people_keeps_the_room_and_the_removed_are_read_back() -> Result<(), protocol::IdError> {
        let (alice, bob): (UserId, UserId) = ("alice".parse()?, "bob".parse()?);
        let room = Room {
            id: protocol::RoomId::from_key(7),
            kind: RoomKind::Group,
            name: "a group".to_owned(),
            initiator: None,
            created_ms: 0,
            deleted: false,
            members_count: 2,
            retention_days: None,
        };
        let body = participants(&room, &[(alice, Role::Owner)], std::slice::from_ref(&bob));
        assert_eq!(
            std::str::from_utf8(&body),
            Ok(concat!(
                r#"{"name":"a group","kind":"group","initiator":"","participants_count":2,"created":"1970-01-01T00:00:00.000Z","#,
                r#""added":[{"user_id":"alice","role":"owner"}],"removed":["bob"]}"#
            ))
        );
        assert_eq!(removed(&body), [bob]);
        assert!(removed(&super::room(&room)).is_empty() && removed(b"").is_empty());
        Ok(())
    }
}
