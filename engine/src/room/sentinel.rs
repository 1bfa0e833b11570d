//! Notices the end of an actor, however it comes.

use std::cell::Cell;

use super::Desk;
use crate::rooms::{Event, Exit};

/// Lives as long as the actor does. Its drop tells the supervisor; without a reason given before, that is a panic.
pub(super) struct Sentinel {
    desk: Desk,
    exit: Cell<Exit>,
}

impl Sentinel {
    /// Counts the actor in.
    pub(super) fn new(desk: Desk) -> Self {
        desk.shared.metrics.active.inc();
        desk.shared.metrics.woken.inc();
        Self {
            desk,
            exit: Cell::new(Exit::Panic),
        }
    }

    /// Says why the actor is about to end.
    pub(super) fn set(&self, exit: Exit) {
        self.exit.set(exit);
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let Desk {
            shared, cell, permit, ..
        } = &self.desk;
        shared.metrics.active.dec();
        if self.exit.get() == Exit::Asleep {
            shared.directory.remove(cell);
            shared.metrics.slept.inc();
        }
        shared.tell(Event::Ended {
            cell: std::sync::Arc::clone(cell),
            incarnation: permit.incarnation(),
            exit: self.exit.get(),
        });
    }
}
