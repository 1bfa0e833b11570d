//! What a new incarnation has to find out: which waiting commands are in the log already, and what the relay has not been told.

use std::sync::Arc;

use uuid::Uuid;

use super::{Cell, Life};
use crate::rooms::Command;

/// A command that was handed to the store and not answered.
#[derive(Debug, Clone)]
pub(crate) struct Assigned {
    /// Its place in the queue.
    pub(crate) ticket: u64,
    /// The seq that it was given last. If it is in the log, then there.
    pub(crate) seq: u64,
    /// What was asked.
    pub(crate) command: Arc<Command>,
    /// Its id.
    pub(crate) command_id: Uuid,
}

impl Cell {
    /// The waiting commands that may be in the log, in the order of the queue; they are waiting ones like all others from here on.
    pub(crate) fn take_assigned(&self, incarnation: u64) -> Vec<Assigned> {
        let state = self.lock();
        if !matches!(state.life, Life::Running { incarnation: newest, .. } if newest == incarnation) {
            return Vec::new();
        }
        state
            .queue
            .iter()
            .filter(|waiting| waiting.seq != 0)
            .map(|waiting| Assigned {
                ticket: waiting.ticket,
                seq: waiting.seq,
                command: Arc::clone(&waiting.command),
                command_id: waiting.command_id,
            })
            .collect()
    }

    /// Up to which seq the relay has been told; None: this is the first incarnation, nothing was appended before it woke.
    pub(crate) fn published(&self) -> Option<u64> {
        self.lock().published
    }

    /// The relay has been told everything up to here. An older incarnation can't take that back.
    pub(crate) fn set_published(&self, seq: u64) {
        let mut state = self.lock();
        state.published = state.published.max(Some(seq));
    }
}
