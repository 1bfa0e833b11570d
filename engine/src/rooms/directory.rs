//! Which rooms the node has at work: a cell per channel, from its first command until it has slept.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Cell, Shared};
use crate::Channel;

/// Parts with a lock each, so that the sockets' threads do not queue up here.
const PARTS: usize = 16;

type Part = HashMap<Channel, Arc<Cell>>;

/// Cells by channel.
#[derive(Default)]
pub(crate) struct Directory {
    parts: [Mutex<Part>; PARTS],
    hasher: RandomState,
}

impl Directory {
    fn part(&self, channel: &Channel) -> MutexGuard<'_, Part> {
        let hash = self.hasher.hash_one(channel);
        self.parts[hash as usize % PARTS]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The channel's cell, a new one where there is none.
    pub(super) fn cell(&self, channel: &Channel, shared: &Shared) -> Arc<Cell> {
        let mut part = self.part(channel);
        if let Some(cell) = part.get(channel) {
            return Arc::clone(cell);
        }
        let cell = Arc::new(Cell::new(channel.clone(), shared));
        part.insert(channel.clone(), Arc::clone(&cell));
        cell
    }

    /// Drops a cell that sleeps. A command that has it in hand already finds it removed and asks again.
    pub(crate) fn remove(&self, cell: &Arc<Cell>) {
        let mut part = self.part(&cell.channel);
        let is_same = part.get(&cell.channel).is_some_and(|known| Arc::ptr_eq(known, cell));
        if is_same && cell.remove() {
            part.remove(&cell.channel);
        }
    }

    /// Every cell.
    pub(super) fn all(&self) -> Vec<Arc<Cell>> {
        let locked = |part: &Mutex<Part>| -> Vec<Arc<Cell>> {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.values().cloned().collect()
        };
        self.parts.iter().flat_map(locked).collect()
    }
}
