//! What the supervisor does with a room: it looks, answers what has waited too long, and ends and starts incarnations.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use protocol::ErrorCode;
use storage::Permit;

use super::{Cell, Life};
use crate::{
    room::Retire,
    rooms::{Exit, Shared, exit::pause_after, metrics::Outcome},
};

/// A moment of a room with work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The running incarnation.
    pub(crate) incarnation: Option<u64>,
    /// Its steps so far.
    pub(crate) progress: u64,
    /// It waits for the store's writer.
    pub(crate) is_storing: bool,
}

impl Cell {
    /// Ends an incarnation that failed and plans the next start. Gives when that is due and how many failures in a row there were;
    /// None when the incarnation is not the newest. `is_to_blame`: it was this room's own doing.
    pub(crate) fn fail(
        &self,
        shared: &Shared,
        incarnation: u64,
        exit: Exit,
        is_to_blame: bool,
    ) -> Option<(Instant, u32)> {
        let mut state = self.lock();
        let Life::Running {
            incarnation: newest,
            address,
            ..
        } = &state.life
        else {
            return None;
        };
        if *newest != incarnation {
            return None;
        }
        // From here on it can append nothing, though its actor may still exist.
        Permit::take_over(&self.incarnations);
        address.do_send(Retire);
        let mut failures = 0;
        if is_to_blame {
            failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
            shared.note_failure(&self.channel, exit, failures);
        }
        let due = Instant::now() + pause_after(failures);
        state.life = Life::Resting;
        state.is_awake = false;
        Some((due, failures))
    }

    /// Starts a room again whose pause is over. Its commands have waited, and what it may have committed unseen has to reach the relay.
    pub(crate) fn resume(self: &Arc<Self>, shared: &Arc<Shared>) {
        let mut state = self.lock();
        if matches!(state.life, Life::Resting) {
            self.start(shared, &mut state);
            self.be_watched(shared, &mut state);
        }
    }

    /// The incarnation that runs on this thread, if one does.
    pub(crate) fn incarnation_on(&self, thread: u64) -> Option<u64> {
        match &self.lock().life {
            Life::Running {
                incarnation,
                thread: on,
                ..
            } if *on == thread => Some(*incarnation),
            _ => None,
        }
    }

    /// Asks the actor to end, for a node that stops.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        if let Life::Running { address, .. } = &state.life {
            Permit::take_over(&self.incarnations);
            address.do_send(Retire);
            state.life = Life::Asleep;
        }
    }

    /// What the supervisor needs to know; None, and no longer watched, when there is no work.
    pub(crate) fn look(&self) -> Option<Look> {
        let mut state = self.lock();
        let incarnation = match &state.life {
            Life::Running { incarnation, .. } => Some(*incarnation),
            _ => None,
        };
        if state.queue.is_empty() && (incarnation.is_none() || !state.is_awake) {
            state.is_watched = false;
            return None;
        }
        Some(Look {
            incarnation,
            progress: self.progress.load(Ordering::Relaxed),
            is_storing: self.is_storing.load(Ordering::Relaxed),
        })
    }

    /// Answers "unavailable" to everything whose deadline is at or before `until`; what has no seq by then is not appended.
    pub(crate) fn expire(&self, shared: &Shared, until: Instant) {
        let mut expired = Vec::new();
        let mut state = self.lock();
        while state.queue.front().is_some_and(|first| first.deadline <= until) {
            let waiting = state.queue.pop_front().expect("there is a first");
            state.bytes -= waiting.bytes;
            expired.push(waiting);
        }
        drop(state);
        for waiting in expired {
            waiting.answer(shared, Err(ErrorCode::Unavailable.into()), Outcome::Unavailable);
        }
    }
}
