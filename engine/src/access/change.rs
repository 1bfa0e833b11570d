//! Who may change a room. Pure: the Room actor decides with what it holds, command by command.

use protocol::{Error, ErrorCode, UserId};
use storage::{Entry, EntryKind, Member, Role, Room, RoomKind};

use crate::{Caller, rooms::Verb};

/// Whether `caller` may do `verb` in `room` at `now_ms`. `member` is the caller's membership, `target` the entry that the verb names, as it is now.
///
/// # Errors
/// `NotFound`: the room or the target is absent, deleted, or not visible to the caller. `PermissionDenied`: visible, but not allowed or muted.
pub fn may_change(
    caller: &Caller,
    room: &Room,
    member: Option<&Member>,
    verb: &Verb,
    target: Option<&Entry>,
    now_ms: i64,
) -> Result<(), Error> {
    if room.deleted || !caller.reaches(room.id) {
        return Err(ErrorCode::NotFound.into());
    }
    if room.kind == RoomKind::Channel {
        // Whether open channels are offered at all is decided where they are named.
        return match verb {
            Verb::Publish { .. } => Ok(()),
            _ => Err(ErrorCode::NotFound.into()),
        };
    }
    if caller.is_system() {
        return target_is_there(verb, target);
    }
    let member = member.ok_or(ErrorCode::NotFound)?;
    target_is_there(verb, target)?;
    match verb {
        Verb::Send { .. } => may_write(member, now_ms),
        Verb::Edit { .. } => {
            is_author(caller, target)?;
            may_write(member, now_ms)
        }
        Verb::Delete { .. } => may_delete(caller, room, member, target),
        Verb::Publish { .. } => Err(ErrorCode::NotFound.into()),
        Verb::AddParticipants { users } => may_add(room, member, users),
        Verb::RemoveParticipants { users } => may_remove(caller, room, member, users),
        Verb::Update { .. } | Verb::DeleteRoom => at_least(member, Role::Owner),
    }
}

/// An edit or deletion needs a message that is there and not deleted.
fn target_is_there(verb: &Verb, target: Option<&Entry>) -> Result<(), Error> {
    if !matches!(verb, Verb::Edit { .. } | Verb::Delete { .. }) {
        return Ok(());
    }
    let is_there = target.is_some_and(|target| target.kind == EntryKind::Message && !target.deleted);
    is_there.then_some(()).ok_or_else(|| ErrorCode::NotFound.into())
}

fn denied(words: &'static str) -> Error {
    Error::new(ErrorCode::PermissionDenied, words)
}

fn may_write(member: &Member, now_ms: i64) -> Result<(), Error> {
    if member.muted_until_ms > now_ms {
        return Err(denied("muted in this chat"));
    }
    Ok(())
}

fn is_author(caller: &Caller, target: Option<&Entry>) -> Result<(), Error> {
    let author = target.and_then(|target| target.sender.as_ref());
    if author == Some(&caller.user) {
        Ok(())
    } else {
        Err(denied("only the author may do this"))
    }
}

pub(super) fn at_least(member: &Member, role: Role) -> Result<(), Error> {
    if member.role >= role {
        Ok(())
    } else {
        Err(denied("the role in this chat does not allow this"))
    }
}

/// Own messages always; others' as a moderator, but nobody has power over the other in a chat of two.
fn may_delete(caller: &Caller, room: &Room, member: &Member, target: Option<&Entry>) -> Result<(), Error> {
    if room.kind == RoomKind::Group && member.role >= Role::Moderator {
        return Ok(());
    }
    is_author(caller, target)
}

fn is_group(room: &Room) -> Result<(), Error> {
    if room.kind == RoomKind::Group {
        Ok(())
    } else {
        Err(denied("a chat of two keeps its two people"))
    }
}

/// Moderators add members; only an owner gives more than that.
fn may_add(room: &Room, member: &Member, users: &[(UserId, Role)]) -> Result<(), Error> {
    is_group(room)?;
    let gives_power = users.iter().any(|(_, role)| *role > Role::Member);
    at_least(member, if gives_power { Role::Owner } else { Role::Moderator })
}

/// Everybody may leave; removing others takes a moderator.
fn may_remove(caller: &Caller, room: &Room, member: &Member, users: &[UserId]) -> Result<(), Error> {
    is_group(room)?;
    if users.iter().all(|user| *user == caller.user) {
        return Ok(());
    }
    at_least(member, Role::Moderator)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::{RoomId, payload::Payload};
    use storage::UserRole;
    use uuid::Uuid;

    use super::*;

    fn id(name: &str) -> UserId {
        name.parse().expect("an id")
    }

    fn alice() -> Caller {
        Caller::person(id("alice"), UserRole::User, None)
    }

    fn room(kind: RoomKind) -> Room {
        Room {
            id: RoomId::from_key(1),
            kind,
            name: String::new(),
            initiator: None,
            created_ms: 0,
            deleted: false,
            members_count: 2,
        }
    }

    fn member(role: Role) -> Member {
        Member {
            user: id("alice"),
            role,
            joined_seq: 0,
            joined_number: 0,
            joined_ms: 0,
            muted_until_ms: 0,
        }
    }

    fn message(sender: &str) -> Entry {
        Entry {
            seq: 1,
            number: 1,
            kind: EntryKind::Message,
            sender: Some(id(sender)),
            actor: None,
            client: None,
            time_ms: 0,
            created_ms: 0,
            command_id: Uuid::nil(),
            reply_to: 0,
            target: 0,
            version: 0,
            deleted: false,
            body: Bytes::from_static(b"{}"),
        }
    }

    fn send() -> Verb {
        Verb::Send {
            content: "hi".into(),
            reply_to: 0,
            attachments: Payload::from_trusted(Bytes::from_static(b"[]")),
        }
    }

    fn edit() -> Verb {
        Verb::Edit {
            target: 1,
            content: "bye".into(),
        }
    }

    const DELETE: Verb = Verb::Delete { target: 1 };

    #[track_caller]
    fn check(kind: RoomKind, role: Option<Role>, verb: &Verb, target: Option<&Entry>, expected: Result<(), ErrorCode>) {
        let member = role.map(member);
        let outcome = may_change(&alice(), &room(kind), member.as_ref(), verb, target, 1_000);
        assert_eq!(outcome.map_err(|error| error.code), expected);
    }

    const DENIED: Result<(), ErrorCode> = Err(ErrorCode::PermissionDenied);
    const HIDDEN: Result<(), ErrorCode> = Err(ErrorCode::NotFound);

    #[test]
    fn strangers_see_nothing_and_a_deleted_room_is_gone_for_everybody() {
        check(RoomKind::Group, None, &send(), None, HIDDEN);
        check(RoomKind::Group, None, &Verb::DeleteRoom, None, HIDDEN);
        let gone = Room {
            deleted: true,
            ..room(RoomKind::Group)
        };
        let outcome = may_change(&Caller::system(), &gone, None, &send(), None, 0);
        assert_eq!(outcome.map_err(|error| error.code), HIDDEN);
    }

    #[test]
    fn authors_edit_and_delete_their_own_and_moderators_delete_others() {
        let (own, foreign) = (message("alice"), message("bob"));
        check(RoomKind::Group, Some(Role::Member), &edit(), Some(&own), Ok(()));
        check(RoomKind::Group, Some(Role::Owner), &edit(), Some(&foreign), DENIED);
        check(RoomKind::Group, Some(Role::Member), &DELETE, Some(&own), Ok(()));
        check(RoomKind::Group, Some(Role::Member), &DELETE, Some(&foreign), DENIED);
        check(RoomKind::Group, Some(Role::Moderator), &DELETE, Some(&foreign), Ok(()));
        check(RoomKind::Direct, Some(Role::Owner), &DELETE, Some(&foreign), DENIED);
    }

    #[test]
    fn what_is_not_a_message_any_more_can_not_be_changed() {
        let deleted = Entry {
            deleted: true,
            ..message("alice")
        };
        check(RoomKind::Group, Some(Role::Owner), &DELETE, Some(&deleted), HIDDEN);
        check(RoomKind::Group, Some(Role::Owner), &edit(), None, HIDDEN);
    }

    #[test]
    fn a_muted_member_neither_sends_nor_edits_until_the_time_is_over() {
        let muted = Member {
            muted_until_ms: 2_000,
            ..member(Role::Member)
        };
        let own = message("alice");
        for (verb, target) in [(send(), None), (edit(), Some(&own))] {
            let group = room(RoomKind::Group);
            let outcome = may_change(&alice(), &group, Some(&muted), &verb, target, 1_999);
            assert_eq!(outcome.map_err(|error| error.code), DENIED);
            assert_eq!(may_change(&alice(), &group, Some(&muted), &verb, target, 2_000), Ok(()));
        }
    }

    #[test]
    fn people_are_added_by_moderators_and_power_is_given_by_owners() {
        let add = |role| Verb::AddParticipants {
            users: vec![(id("carol"), role)],
        };
        check(RoomKind::Group, Some(Role::Member), &add(Role::Member), None, DENIED);
        check(RoomKind::Group, Some(Role::Moderator), &add(Role::Member), None, Ok(()));
        check(
            RoomKind::Group,
            Some(Role::Moderator),
            &add(Role::Moderator),
            None,
            DENIED,
        );
        check(RoomKind::Group, Some(Role::Owner), &add(Role::Owner), None, Ok(()));
        check(RoomKind::Direct, Some(Role::Owner), &add(Role::Member), None, DENIED);
    }

    #[test]
    fn everybody_may_leave_a_group_and_moderators_remove_others() {
        let remove = |names: &[&str]| Verb::RemoveParticipants {
            users: names.iter().map(|name| id(name)).collect(),
        };
        check(RoomKind::Group, Some(Role::Member), &remove(&["alice"]), None, Ok(()));
        check(
            RoomKind::Group,
            Some(Role::Member),
            &remove(&["alice", "bob"]),
            None,
            DENIED,
        );
        check(RoomKind::Group, Some(Role::Moderator), &remove(&["bob"]), None, Ok(()));
        check(RoomKind::Direct, Some(Role::Owner), &remove(&["alice"]), None, DENIED);
    }

    #[test]
    fn owners_rename_and_delete() {
        let rename = Verb::Update { name: "new".into() };
        check(RoomKind::Group, Some(Role::Moderator), &rename, None, DENIED);
        check(RoomKind::Group, Some(Role::Owner), &rename, None, Ok(()));
        check(RoomKind::Group, Some(Role::Moderator), &Verb::DeleteRoom, None, DENIED);
        check(RoomKind::Direct, Some(Role::Owner), &Verb::DeleteRoom, None, Ok(()));
    }

    #[test]
    fn an_open_channel_takes_publications_and_nothing_else() {
        let publish = Verb::Publish {
            data: Payload::from_trusted(Bytes::from_static(b"1")),
        };
        check(RoomKind::Channel, None, &publish, None, Ok(()));
        check(RoomKind::Channel, None, &send(), None, HIDDEN);
        check(RoomKind::Group, Some(Role::Owner), &publish, None, HIDDEN);
    }
}
