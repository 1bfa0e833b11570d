//! New entries come in from a relay and are framed, once per wire format in use here.

use std::sync::Arc;

use protocol::client::{Event, Push};

use super::{Inner, Shard, block::NO_ENTRY, cursor::Ended, log::Log};
use crate::{
    limits::SHARD_LOG_BYTES_MAX,
    relay::{Item, RelayEntry, Taken},
};

impl Shard {
    /// Takes in what the relays have. Gives the number of entries.
    pub(super) fn take_in(&self) -> usize {
        let mut entries = 0;
        // Told by being dropped, when everything has been taken in that they wait for.
        let _waiting = self.inbox.take_waiting();
        for relay in self.inbox.take() {
            let mut inner = self.inner.borrow_mut();
            if let Some(&log) = inner.by_channel.get(relay.channel()) {
                entries += inner.take_log(self, log);
            }
        }
        entries
    }
}

impl Inner {
    /// Brings one log up to its relay's end.
    pub(super) fn take_log(&mut self, shard: &Shard, log_index: usize) -> usize {
        let log = &mut self.logs[log_index];
        let before: usize = log.windows.iter().map(|window| window.size_bytes).sum();
        let mut count = match log.relay.take(&shard.inbox, log.epoch, log.seq, log.ephemeral_next) {
            Taken::Items {
                items,
                seq,
                ephemeral_next,
            } => {
                shard.metrics.taken_entries.inc_by(seq - log.seq);
                log.seq = seq;
                log.ephemeral_next = ephemeral_next;
                for item in &items {
                    self.take_item(log_index, item);
                }
                items.len()
            }
            Taken::Restart {
                epoch,
                seq,
                ephemeral_next,
            } => {
                shard.metrics.restarted_logs.inc();
                log.epoch = epoch;
                log.seq = seq;
                log.ephemeral_next = ephemeral_next;
                self.restart(log_index);
                1
            }
        };
        count += usize::from(self.logs[log_index].drop_past());
        let after: usize = self.logs[log_index]
            .windows
            .iter()
            .map(|window| window.size_bytes)
            .sum();
        self.log_bytes = self.log_bytes + after - before;
        self.shrink(log_index);
        if count > 0 {
            self.make_due(log_index);
        }
        count
    }

    fn take_item(&mut self, log_index: usize, item: &Item) {
        match item {
            Item::Entry(entry) => {
                if entry.is_deletion() {
                    self.redact(log_index, entry);
                }
                let log = &mut self.logs[log_index];
                log.frame(entry.seq, entry.target, &Event::Publication(entry.publication()));
                if !entry.removed.is_empty() || entry.closes {
                    self.end_cursors(log_index, entry);
                }
            }
            Item::Ephemeral(after, frame) => self.logs[log_index].frame(*after, NO_ENTRY, &frame.event(*after)),
        }
    }

    /// A deletion takes the content out of every frame that is kept.
    fn redact(&mut self, log_index: usize, deletion: &Arc<RelayEntry>) {
        let log = &mut self.logs[log_index];
        if log.reads > 0 {
            log.deletions.push(Arc::clone(deletion));
        }
        let channel = log.relay.channel().clone();
        for window in &mut log.windows {
            let wire = window.wire;
            window.reframe(|frame| {
                if frame.target == NO_ENTRY || !deletion.deletes(frame.seq, frame.target) {
                    return None;
                }
                let redacted = deletion.redacted(&channel, frame.seq, frame.target);
                let event = Event::Publication(redacted.publication());
                let mut bytes = Vec::new();
                wire.frame_push(
                    &Push {
                        channel: channel.as_str().into(),
                        event,
                    },
                    &mut bytes,
                );
                Some(bytes)
            });
        }
    }

    /// The cursors of removed people end behind this entry, which is the last one framed.
    fn end_cursors(&mut self, log_index: usize, entry: &RelayEntry) {
        let log = &self.logs[log_index];
        for &key in &log.listeners {
            let Some(slot) = self.slots.get_mut(key.index as usize) else {
                continue;
            };
            if !entry.closes && !entry.removed.contains(&slot.user) {
                continue;
            }
            let end = log.window(slot.wire).map_or(0, |window| window.end());
            let cursor = slot.cursors.iter_mut().find(|cursor| cursor.log as usize == log_index);
            if let Some(cursor) = cursor.filter(|cursor| cursor.end == u64::MAX) {
                cursor.end = end;
                cursor.why = Ended::Removed;
            }
        }
    }

    /// The log has begun anew: nobody's cursor means anything any more.
    fn restart(&mut self, log_index: usize) {
        let log = &mut self.logs[log_index];
        log.windows.iter_mut().for_each(|window| window.clear());
        for &key in &log.listeners {
            let Some(slot) = self.slots.get_mut(key.index as usize) else {
                continue;
            };
            if let Some(cursor) = slot.cursors.iter_mut().find(|cursor| cursor.log as usize == log_index) {
                cursor.end = 0;
                cursor.why = Ended::Lagged;
            }
        }
    }

    /// Keeps all logs together within the shard's memory: the busiest one gives way first.
    fn shrink(&mut self, log_index: usize) {
        while self.log_bytes > SHARD_LOG_BYTES_MAX {
            let windows = self.logs[log_index].windows.iter_mut();
            let Some(largest) = windows.max_by_key(|window| window.size_bytes) else {
                return;
            };
            let before = largest.size_bytes;
            if !largest.trim() {
                return;
            }
            self.log_bytes -= before - largest.size_bytes;
        }
    }

    /// A sweep is owed to this log's listeners.
    pub(super) fn make_due(&mut self, log_index: usize) {
        let log = &mut self.logs[log_index];
        if !log.is_due {
            log.is_due = true;
            self.due.push(log_index);
        }
    }
}

impl Log {
    /// Forgets what the log has dropped; whether there was anything new to forget.
    fn drop_past(&mut self) -> bool {
        let first_seq = self.relay.first_seq();
        if first_seq <= self.first_seq {
            return false;
        }
        self.first_seq = first_seq;
        self.windows.iter_mut().for_each(|window| window.drop_before(first_seq));
        true
    }

    fn frame(&mut self, seq: u64, target: u64, event: &Event) {
        let push = Push {
            channel: self.relay.channel().as_str().into(),
            event: event.clone(),
        };
        let mut bytes = Vec::with_capacity(512);
        for window in &mut self.windows {
            bytes.clear();
            window.wire.frame_push(&push, &mut bytes);
            window.push(seq, target, &bytes);
        }
    }
}
