//! Deleting the room: it is marked, its log is kept, nobody sees it any more.

use bytes::Bytes;
use storage::{Effect, EntryKind};

use super::pending::{Draft, Pending};

/// The last entry of a room.
pub(super) fn draft(pending: &mut Pending<'_>) -> Draft {
    pending.room.deleted = true;
    Draft {
        effects: vec![Effect::RoomDeleted],
        ..Draft::new(EntryKind::RoomDeleted, Bytes::from_static(b"{}"))
    }
}
