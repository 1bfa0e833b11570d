//! The newest entries of one room, bounded by count and bytes, with deleted content already replaced.

use std::{collections::VecDeque, sync::Arc};

use super::RelayEntry;
use crate::{
    Channel,
    limits::{RING_BYTES_MAX, RING_ENTRIES_MAX},
};

#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Arc<RelayEntry>>,
    size_bytes: usize,
}

impl Ring {
    /// Appends the next entry; a deletion takes its target's content out of what is kept.
    pub(super) fn push(&mut self, channel: &Channel, entry: Arc<RelayEntry>) {
        if entry.is_deletion() {
            self.redact(channel, &entry);
        }
        self.size_bytes += entry.size_bytes();
        self.entries.push_back(entry);
        while self.entries.len() > RING_ENTRIES_MAX || (self.size_bytes > RING_BYTES_MAX && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.size_bytes -= oldest.size_bytes();
            }
        }
    }

    fn redact(&mut self, channel: &Channel, deletion: &RelayEntry) {
        for kept in self
            .entries
            .iter_mut()
            .filter(|kept| deletion.deletes(kept.seq, kept.target))
        {
            self.size_bytes -= kept.size_bytes();
            *kept = deletion.redacted(channel, kept.seq, kept.target);
            self.size_bytes += kept.size_bytes();
        }
    }

    /// The lowest seq kept.
    pub(super) fn first_seq(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.seq)
    }

    /// The entries from `seq` on, or None when older ones than are kept would be needed.
    pub(super) fn from(&self, seq: u64) -> Option<impl Iterator<Item = &Arc<RelayEntry>>> {
        let first = self.first_seq()?;
        (first <= seq).then(|| self.entries.iter().skip((seq - first) as usize))
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
