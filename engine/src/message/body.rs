//! Bodies of entries as they are stored: compact JSON, made and read here only.

use bytes::Bytes;
use protocol::{UserId, payload::Payload};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::Role;

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

#[derive(Serialize)]
struct AddedPerson<'a> {
    user_id: &'a UserId,
    role: &'static str,
}

#[derive(Serialize)]
struct ParticipantsBody<'a> {
    added: Vec<AddedPerson<'a>>,
    removed: &'a [UserId],
}

/// The body of a change of the participants.
pub fn participants(added: &[(UserId, Role)], removed: &[UserId]) -> Bytes {
    to_bytes(&ParticipantsBody {
        added: added
            .iter()
            .map(|(user_id, role)| AddedPerson {
                user_id,
                role: role_name(*role),
            })
            .collect(),
        removed,
    })
}

/// Who was removed by a change of the participants; a damaged body removes nobody.
pub(super) fn removed(body: &[u8]) -> Vec<UserId> {
    #[derive(Deserialize)]
    struct Removed {
        removed: Vec<UserId>,
    }
    serde_json::from_slice::<Removed>(body).map_or_else(|_| Vec::new(), |body| body.removed)
}

/// The body of a renaming.
pub fn renamed(name: &str) -> Bytes {
    #[derive(Serialize)]
    struct Renamed<'a> {
        name: &'a str,
    }
    to_bytes(&Renamed { name })
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
    fn the_removed_are_read_back() -> Result<(), protocol::IdError> {
        let (alice, bob): (UserId, UserId) = ("alice".parse()?, "bob".parse()?);
        let body = participants(&[(alice, Role::Owner)], std::slice::from_ref(&bob));
        assert_eq!(
            &body[..],
            br#"{"added":[{"user_id":"alice","role":"owner"}],"removed":["bob"]}"#
        );
        assert_eq!(removed(&body), [bob]);
        assert!(removed(b"").is_empty());
        Ok(())
    }
}
