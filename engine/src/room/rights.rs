//! Says what a batch is about to change in who may read the room, and what came of it: nobody is answered from memory in between.

use storage::EntryKind;

use super::{Desk, append::Outcome, open::Log, plan::Plan};
use crate::warm::Scope;

/// A change of rights on its way into the store.
#[must_use]
pub(super) struct Rights {
    is_begun: bool,
}

/// Called before the batch is handed over.
pub(super) fn begin(desk: &Desk, log: &Log, plan: &Plan) -> Rights {
    let changes_room = |kind| matches!(kind, EntryKind::RoomUpdated | EntryKind::RoomDeleted);
    let scope = if plan.entries.iter().any(|new| changes_room(new.entry.kind)) {
        Scope::Everybody
    } else if plan.members.is_empty() {
        return Rights { is_begun: false };
    } else {
        Scope::People(plan.members.keys().cloned().collect())
    };
    let rosters = &desk.shared.relays.warm.rosters;
    rosters.begin_change(log.room.id, desk.permit.incarnation(), scope);
    Rights { is_begun: true }
}

impl Rights {
    /// Called with the store's answer. What was committed is told by [`super::commit::commit`]; what is open, by the next opening of the log.
    pub(super) fn end(self, desk: &Desk, log: &Log, outcome: &Outcome) {
        if !self.is_begun {
            return;
        }
        let rosters = &desk.shared.relays.warm.rosters;
        match outcome {
            Outcome::Committed(_) | Outcome::Uncertain => {}
            Outcome::Repeated(_) | Outcome::Refused | Outcome::Broken | Outcome::Superseded => {
                rosters.unchanged(log.room.id, desk.permit.incarnation());
            }
        }
    }
}
