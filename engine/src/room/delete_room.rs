//! Deleting the room: it is marked, its log is kept, nobody sees it any more.

use storage::{Effect, EntryKind};

use super::pending::{Draft, Pending};
use crate::message::body;

/// The last entry of a room.
pub(super) fn draft(pending: &mut Pending<'_>) -> Draft {
    pending.room.deleted = true;
    Draft {
        effects: vec![Effect::RoomDeleted],
        ..Draft::new(EntryKind::RoomDeleted, body::room(&pending.room))
    }
}
