//! Changing the room itself: its name, and how long it keeps its entries.

use storage::{Effect, EntryKind};

use super::pending::{Draft, Pending};
use crate::message::body;

/// The entry of a change; what is absent stays.
pub(super) fn draft(pending: &mut Pending<'_>, name: Option<&str>, retention_days: Option<Option<u32>>) -> Draft {
    let mut effects = Vec::new();
    if let Some(name) = name {
        name.clone_into(&mut pending.room.name);
        effects.push(Effect::Renamed(name.to_owned()));
    }
    if let Some(days) = retention_days {
        pending.room.retention_days = days;
        effects.push(Effect::RetentionChanged(days));
    }
    Draft {
        effects,
        ..Draft::new(EntryKind::RoomUpdated, body::room(&pending.room))
    }
}
