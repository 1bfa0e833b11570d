//! The newest entries of one room, bounded by count and bytes, with deleted content already replaced.

use std::{collections::VecDeque, sync::Arc};

use super::{RelayEntry, metrics::KeptMetrics};
use crate::{
    Channel,
    limits::{RING_BYTES_MAX, RING_ENTRIES_MAX},
};

#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Arc<RelayEntry>>,
    size_bytes: usize,
    kept: Arc<KeptMetrics>,
}

impl Ring {
    /// Nothing kept yet.
    pub(super) fn new(kept: Arc<KeptMetrics>) -> Self {
        Self {
            entries: VecDeque::new(),
            size_bytes: 0,
            kept,
        }
    }

    /// Appends the next entry; a deletion takes its target's content out of what is kept.
    pub(super) fn push(&mut self, channel: &Channel, entry: Arc<RelayEntry>) {
        let (entries_before, bytes_before) = (self.entries.len(), self.size_bytes);
        if entry.is_deletion() {
            self.redact(channel, &entry);
        }
        self.size_bytes += entry.size_bytes();
        self.entries.push_back(entry);
        while self.entries.len() > RING_ENTRIES_MAX || (self.size_bytes > RING_BYTES_MAX && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.size_bytes -= oldest.size_bytes();
                self.kept.dropped.inc();
            }
        }
        self.kept.entries.add(self.entries.len() as i64 - entries_before as i64);
        self.kept.bytes.add(self.size_bytes as i64 - bytes_before as i64);
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

    /// The entries, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<RelayEntry>> {
        self.entries.iter().rev()
    }

    /// Forgets the entries before a seq.
    pub(super) fn drop_before(&mut self, seq: u64) {
        let count = self.entries.partition_point(|entry| entry.seq < seq);
        let size_bytes: usize = self.entries.drain(..count).map(|entry| entry.size_bytes()).sum();
        self.size_bytes -= size_bytes;
        self.kept.entries.sub(count as i64);
        self.kept.bytes.sub(size_bytes as i64);
    }

    pub(super) fn clear(&mut self) {
        self.kept.entries.sub(self.entries.len() as i64);
        self.kept.bytes.sub(self.size_bytes as i64);
        self.entries = VecDeque::new();
        self.size_bytes = 0;
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.clear();
    }
}
