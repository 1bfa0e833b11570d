//! A decided batch: the entries to append, and what each command will be answered.

use std::collections::HashMap;

use protocol::UserId;
use storage::{Member, NewEntry, Room};

use super::{
    decide::{self, Decision},
    lookup::View,
    open::Log,
    pending::Pending,
};
use crate::rooms::Taken;

/// A decided batch. Nothing has happened yet: it can be thrown away.
pub(super) struct Plan {
    /// The room after it.
    pub(super) room: Room,
    /// Memberships that it changes.
    pub(super) members: HashMap<UserId, Option<Member>>,
    /// Entries, in order of seq.
    pub(super) entries: Vec<NewEntry>,
    /// The ticket behind each entry.
    pub(super) tickets: Vec<u64>,
    /// What becomes of each command, in the order of the queue.
    pub(super) decisions: Vec<(Taken, Decision)>,
}

impl Plan {
    /// Decides every command in order. `earlier`: tickets whose commands are known to be in the log, with their seqs.
    pub(super) fn make(log: &Log, view: &View, taken: &[Taken], earlier: &HashMap<u64, u64>, now_ms: i64) -> Self {
        let mut pending = Pending::new(log, view, now_ms);
        let mut tickets = Vec::with_capacity(taken.len());
        let mut decisions = Vec::with_capacity(taken.len());
        for command in taken {
            let decision = match earlier.get(&command.ticket) {
                Some(seq) => Decision::Earlier(*seq),
                None => decide::decide(&mut pending, command),
            };
            if matches!(decision, Decision::Entry(_)) {
                tickets.push(command.ticket);
            }
            decisions.push((command.clone(), decision));
        }
        Self {
            room: pending.room,
            members: pending.members,
            entries: pending.entries,
            tickets,
            decisions,
        }
    }

    /// Which command gets which seq.
    pub(super) fn seqs(&self) -> Vec<(u64, u64)> {
        self.tickets
            .iter()
            .zip(&self.entries)
            .map(|(ticket, new)| (*ticket, new.entry.seq))
            .collect()
    }
}
