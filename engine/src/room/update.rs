//! Renaming the room.

use storage::{Effect, EntryKind};

use super::pending::{Draft, Pending};
use crate::message::body;

/// The entry of a renaming.
pub(super) fn draft(pending: &mut Pending<'_>, name: &str) -> Draft {
    name.clone_into(&mut pending.room.name);
    Draft {
        effects: vec![Effect::Renamed(name.to_owned())],
        ..Draft::new(EntryKind::RoomUpdated, body::room(&pending.room))
    }
}
