//! The Chat object and the hint that one has news.

use protocol::{MessageId, RoomId, UserId, payload::Payload};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{Mark, Member, Role, Room, RoomKind, RoomState};

use super::{
    body::{kind_name, role_name},
    object::MessageObject,
};
use crate::timestamp::Timestamp;

/// A chat, as one of its participants sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Chat")]
pub struct ChatObject<'a> {
    /// The room's id.
    #[schemars(with = "String")]
    pub(crate) chat_id: RoomId,
    /// The title; of a chat of two without one, the other person's user name.
    pub(crate) name: String,
    /// `direct` (a chat of two) or `group`.
    pub(crate) kind: &'static str,
    /// The user id of who created it; empty: the system.
    #[schemars(with = "String")]
    pub(crate) initiator: UserId,
    /// User ids of the participants: the first page of them.
    #[schemars(with = "Vec<String>")]
    pub(crate) participants: Vec<UserId>,
    /// Where the list of participants goes on, if it does: the `cursor` for `/chats/{chat_id}/participants`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participants_next: Option<String>,
    /// How many participants there are.
    pub(crate) participants_count: u64,
    /// The newest messages, newest first, where one chat is asked for; in lists empty.
    pub(crate) history: Vec<MessageObject<'a>>,
    /// Where the history goes on, if it does: the `cursor` for `/chats/{chat_id}/messages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_next: Option<String>,
    /// The id of the newest message, or null.
    #[schemars(with = "Option<String>")]
    pub(crate) last_message: Option<MessageId>,
    /// The newest message itself, or null.
    pub(crate) last: Option<MessageObject<'a>>,
    /// When something happened last.
    pub(crate) last_activity_timestamp: Timestamp,
    /// When it was created.
    pub(crate) created: Timestamp,
    /// How long it keeps its messages, in days; null: for ever.
    pub(crate) retention_days: Option<u32>,
    /// It has been deleted, or the caller is no longer in it.
    pub(crate) deleted: bool,
    /// What the caller has not read.
    pub(crate) unread: u64,
    /// The log's place up to which the caller has read.
    pub(crate) read_offset: u64,
    /// The newest place of the room's log.
    pub(crate) offset: u64,
    /// The identity of the room's log.
    pub(crate) epoch: String,
    /// What the caller may do in it: `member`, `moderator` or `owner`; empty: not in it any more.
    pub(crate) role: &'static str,
}

impl ChatObject<'_> {
    /// What the room itself says, to a member or to somebody who no longer is one; people and messages are the caller's to fill in.
    pub(crate) fn of_room(state: &RoomState, member: Option<&Member>, name: String) -> Self {
        let RoomState { room, head, .. } = state;
        Self {
            chat_id: room.id,
            name,
            kind: kind_name(room.kind),
            initiator: room.initiator.clone().unwrap_or_else(UserId::anonymous),
            participants: Vec::new(),
            participants_next: None,
            participants_count: room.members_count,
            history: Vec::new(),
            history_next: None,
            last_message: last_message(room.id, head.message_seq),
            last: None,
            last_activity_timestamp: Timestamp(head.time_ms.max(room.created_ms)),
            created: Timestamp(room.created_ms),
            retention_days: room.retention_days,
            deleted: room.deleted || member.is_none(),
            unread: 0,
            read_offset: 0,
            offset: head.seq,
            epoch: head.epoch.to_string(),
            role: member.map_or("", |member| role_name(member.role)),
        }
    }
}

/// The id of a room's newest message; `seq` 0: there is none.
pub(super) fn last_message(room: RoomId, seq: u64) -> Option<MessageId> {
    (seq != 0).then_some(MessageId { room, seq })
}

/// What is unread: the room's newest number without what was read, what was there before joining, and what has been dropped. Never negative.
pub(crate) fn unread(state: &RoomState, mark: &Mark, member: &Member) -> u64 {
    let seen = mark.read_number.max(member.joined_number).max(state.start.number);
    state.head.number.saturating_sub(seen)
}

/// A hint on a user's own channel that a chat has news or has been read: absolute values, never stored.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadHint {
    event: &'static str,
    data: UnreadChat,
}

#[derive(Debug, Serialize)]
struct UnreadChat {
    chat_id: RoomId,
    last_message: Option<MessageId>,
    last_activity_timestamp: Timestamp,
    offset: u64,
    unread: u64,
}

impl UnreadHint {
    /// A chat's head and what one user has not read of it.
    pub(crate) fn new(state: &RoomState, unread: u64) -> Self {
        let RoomState { room, head, .. } = state;
        Self {
            event: "unread.changed",
            data: UnreadChat {
                chat_id: room.id,
                last_message: last_message(room.id, head.message_seq),
                last_activity_timestamp: Timestamp(head.time_ms.max(room.created_ms)),
                offset: head.seq,
                unread,
            },
        }
    }

    /// The JSON text.
    pub(crate) fn to_payload(&self) -> Payload {
        Payload::from_trusted(serde_json::to_vec(self).unwrap_or_default().into())
    }
}

/// The name that needs no look-up of a person: the title, which only chats of two may lack.
pub(crate) fn has_own_name(room: &Room) -> bool {
    room.kind != RoomKind::Direct || !room.name.is_empty()
}

/// The role of the one who creates a chat. In a chat of two both may do the same.
pub(crate) const fn first_role(kind: RoomKind, is_creator: bool) -> Role {
    match (kind, is_creator) {
        (RoomKind::Direct, _) | (_, true) => Role::Owner,
        _ => Role::Member,
    }
}

#[cfg(test)]
mod tests {
    use protocol::Epoch;
    use storage::{LogHead, LogStart, bucket::BucketHead};

    use super::*;

    #[test]
    fn unread_counts_from_the_last_of_reading_joining_and_dropping_and_is_never_negative() {
        let of = |read_number, joined_number, dropped| {
            let room = Room {
                id: RoomId::from_key(1),
                kind: RoomKind::Group,
                name: String::new(),
                initiator: None,
                created_ms: 0,
                deleted: false,
                members_count: 1,
                retention_days: None,
            };
            let start = LogStart {
                seq: 1,
                number: dropped,
            };
            let head = LogHead {
                epoch: Epoch::from_key(1),
                seq: 10,
                number: 10,
                time_ms: 0,
                message_seq: 10,
                bucket: BucketHead::default(),
            };
            let member = Member {
                user: UserId::anonymous(),
                role: Role::Member,
                joined_seq: 0,
                joined_number,
                joined_ms: 0,
                muted_until_ms: 0,
            };
            let mark = Mark {
                read_number,
                ..Mark::default()
            };
            unread(&RoomState { room, start, head }, &mark, &member)
        };
        assert_eq!(of(4, 0, 0), 6);
        assert_eq!(of(4, 7, 0), 3);
        assert_eq!(of(4, 7, 9), 1);
        assert_eq!(of(12, 0, 0), 0);
    }
}
