//! Adding and removing people: one entry for all of one command.

use protocol::{Error, ErrorCode, UserId};
use storage::{Effect, EntryKind, Member, Role, RoomKind};

use super::pending::{Draft, Pending};
use crate::{Caller, message::body};

/// The entry of an invitation. Who is in the room already stays as they are, unless an owner (or the system: no `role`) promotes them.
pub(super) fn add(pending: &mut Pending<'_>, role: Option<Role>, users: &[(UserId, Role)]) -> Result<Draft, Error> {
    can_change(pending)?;
    let may_promote = role.is_none_or(|role| role == Role::Owner);
    let mut added: Vec<(UserId, Role)> = Vec::new();
    for (user, given) in users {
        let is_change = match pending.member(user)? {
            None => true,
            Some(member) => may_promote && *given > member.role,
        };
        if is_change && !added.iter().any(|(known, _)| known == user) {
            added.push((user.clone(), *given));
        }
    }
    if added.is_empty() {
        return Err(Error::new(ErrorCode::Conflict, "already in the room"));
    }
    for (user, role) in &added {
        pending.set_member(user, *role)?;
    }
    let body = body::participants(&pending.room, &added, &[]);
    Ok(Draft {
        effects: added
            .into_iter()
            .map(|(user, role)| Effect::MemberAdded(user, role))
            .collect(),
        ..Draft::new(EntryKind::Participants, body)
    })
}

/// The entry of a removal, or of leaving. Who is not in the room is left out.
pub(super) fn remove(
    pending: &mut Pending<'_>,
    caller: &Caller,
    remover: Option<&Member>,
    users: &[UserId],
) -> Result<Draft, Error> {
    can_change(pending)?;
    let mut removed: Vec<UserId> = Vec::new();
    for user in users {
        let Some(member) = pending.member(user)? else { continue };
        let is_oneself = !caller.is_system() && *user == caller.user;
        // Nobody removes somebody of a higher rank.
        let may_remove = remover.is_none_or(|remover| remover.role >= member.role);
        if !is_oneself && !may_remove {
            return Err(ErrorCode::PermissionDenied.into());
        }
        if !removed.contains(user) {
            removed.push(user.clone());
        }
    }
    if removed.is_empty() {
        return Err(Error::new(ErrorCode::NotFound, "not in the room"));
    }
    for user in &removed {
        pending.remove_member(user);
    }
    let body = body::participants(&pending.room, &[], &removed);
    Ok(Draft {
        effects: removed.into_iter().map(Effect::MemberRemoved).collect(),
        ..Draft::new(EntryKind::Participants, body)
    })
}

/// Not even the system changes who is in a chat of two.
fn can_change(pending: &Pending<'_>) -> Result<(), Error> {
    if pending.room.kind == RoomKind::Group {
        Ok(())
    } else {
        Err(Error::new(
            ErrorCode::PermissionDenied,
            "a chat of two keeps its two people",
        ))
    }
}
