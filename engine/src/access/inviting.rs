//! Who may let people without an account into a room.

use protocol::{Error, ErrorCode};
use storage::{Member, Role, Room, RoomKind};

use super::change::at_least;

/// Whether a member may make, see and end a room's invitation: who may rename it.
///
/// # Errors
/// `Invalid` in a chat of two, which keeps its two people; `PermissionDenied`.
pub(crate) fn may_invite(room: &Room, member: &Member) -> Result<(), Error> {
    if room.kind != RoomKind::Group {
        return Err(Error::new(ErrorCode::Invalid, "a chat of two keeps its two people"));
    }
    at_least(member, Role::Owner)
}
