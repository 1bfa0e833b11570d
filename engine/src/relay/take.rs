//! A shard takes what is new.

use std::sync::Arc;

use protocol::Epoch;

use super::{Ephemeral, Inbox, Relay, RelayEntry};

/// One thing to frame.
#[derive(Debug, Clone)]
pub enum Item {
    /// An entry of the log.
    Entry(Arc<RelayEntry>),
    /// A short-lived frame that stands after the entry with this seq.
    Ephemeral(u64, Ephemeral),
}

/// What a shard took.
#[derive(Debug)]
pub enum Taken {
    /// New items in order, up to this seq; the next short-lived frame has this index.
    Items {
        /// The items.
        items: Vec<Item>,
        /// The last seq taken or known before.
        seq: u64,
        /// The index of the next short-lived frame.
        ephemeral_next: u64,
    },
    /// The shard was too slow, or the log has a new identity: it begins anew behind this place.
    Restart {
        /// The log's identity.
        epoch: Epoch,
        /// The last seq.
        seq: u64,
        /// The index of the next short-lived frame.
        ephemeral_next: u64,
    },
}

impl Relay {
    /// Everything after `seq` and from the short-lived frame `ephemeral` on; the shard is clean afterwards.
    pub fn take(&self, inbox: &Arc<Inbox>, epoch: Epoch, seq: u64, ephemeral: u64) -> Taken {
        let mut state = self.lock();
        for attached in state
            .attached
            .iter_mut()
            .filter(|attached| Arc::ptr_eq(&attached.inbox, inbox))
        {
            attached.is_dirty = false;
        }
        let ephemeral_next = state.ephemeral_next;
        let Some(place) = state.place else {
            return Taken::Items {
                items: Vec::new(),
                seq,
                ephemeral_next: ephemeral,
            };
        };
        let restart = Taken::Restart {
            epoch: place.epoch,
            seq: place.seq,
            ephemeral_next,
        };
        if place.epoch != epoch || place.seq < seq {
            return restart;
        }
        let mut items = Vec::new();
        if place.seq > seq {
            let Some(entries) = state.ring.from(seq + 1) else {
                return restart;
            };
            items.extend(entries.cloned().map(Item::Entry));
        }
        let missed = usize::try_from(ephemeral_next - ephemeral).unwrap_or(usize::MAX);
        let skipped = state.ephemeral.len().saturating_sub(missed);
        for (after, frame) in state.ephemeral.iter().skip(skipped) {
            let behind = |item: &Item| match item {
                Item::Entry(entry) => entry.seq <= *after,
                Item::Ephemeral(before, _) => before <= after,
            };
            let index = items.partition_point(behind);
            items.insert(index, Item::Ephemeral(*after, frame.clone()));
        }
        Taken::Items {
            items,
            seq: place.seq,
            ephemeral_next,
        }
    }

    /// The entries `first..=last` if the ring has them all.
    pub fn kept(&self, first: u64, last: u64) -> Option<Vec<Arc<RelayEntry>>> {
        let state = self.lock();
        let entries = state.ring.from(first)?;
        let entries: Vec<_> = entries.take_while(|entry| entry.seq <= last).cloned().collect();
        (entries.len() as u64 == last + 1 - first).then_some(entries)
    }

    /// Where the log ends, and the newest of the last `limit` entries that the ring has, of `bytes_max` bytes at most; newest first. None while
    /// something that was committed may not have come yet.
    pub fn newest(&self, limit: usize, bytes_max: usize) -> Option<(Epoch, u64, Vec<Arc<RelayEntry>>)> {
        let state = self.lock();
        let place = state.place.filter(|_| state.early.is_empty())?;
        let mut bytes = 0;
        let newest = state.ring.newest_first().take(limit).take_while(|entry| {
            bytes += entry.data.as_bytes().len();
            bytes <= bytes_max
        });
        Some((place.epoch, place.seq, newest.cloned().collect()))
    }
}
