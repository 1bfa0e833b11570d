//! What an incarnation works with: its right to append, and the queue it works for.

use std::sync::Arc;

use storage::Permit;

use crate::rooms::{Answer, Assigned, Assignment, Cell, Outcome, Pulse, Shared, Taken};

/// One incarnation's access to the queue, the store and the relay. When another incarnation has taken over, everything here refuses.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) cell: Arc<Cell>,
    pub(super) permit: Permit,
    pub(super) pulse: Arc<Pulse>,
}

impl Desk {
    /// The desk of a new incarnation, on the thread with this pulse.
    pub(crate) fn new(shared: Arc<Shared>, cell: Arc<Cell>, permit: Permit, pulse: Arc<Pulse>) -> Self {
        Self {
            shared,
            cell,
            permit,
            pulse,
        }
    }

    /// The commands of the next batch; None: superseded; empty: rest until woken.
    pub(super) fn take(&self) -> Option<Vec<Taken>> {
        self.cell.take(self.permit.incarnation())
    }

    /// Gives out seqs, by ticket.
    pub(super) fn assign(&self, seqs: &[(u64, u64)]) -> Assignment {
        self.cell.assign(self.permit.incarnation(), seqs)
    }

    /// What an earlier incarnation, or an append of unknown outcome, has left open.
    pub(super) fn take_assigned(&self) -> Vec<Assigned> {
        self.cell.take_assigned(self.permit.incarnation())
    }

    /// Answers, in the order of the tickets.
    pub(super) fn answer(&self, answers: Vec<(u64, Answer, Outcome)>) {
        self.cell.answer(&self.shared, self.permit.incarnation(), answers);
    }

    /// Awaits something of the store's writer; meanwhile the supervisor is patient.
    pub(super) async fn storing<F: Future>(&self, future: F) -> F::Output {
        self.set_storing(true);
        let output = future.await;
        self.set_storing(false);
        output
    }

    /// A deposed incarnation that comes back must not speak for the newest.
    fn set_storing(&self, is_storing: bool) {
        if self.permit.is_valid() {
            self.cell.set_storing(is_storing);
        }
    }
}
