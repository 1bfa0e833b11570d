//! What a shard holds of one room's log.

use std::{rc::Rc, sync::Arc, time::Instant};

use protocol::Epoch;

use super::{Inner, SessionKey, Shard, Wire, window::Window};
use crate::relay::{Attachment, Relay, RelayEntry};

pub(super) struct Log {
    pub(super) relay: Arc<Relay>,
    pub(super) epoch: Epoch,
    /// The last seq taken from the relay.
    pub(super) seq: u64,
    /// What lies before this seq has been dropped from the log: no window keeps it.
    pub(super) first_seq: u64,
    /// The next short-lived frame to take.
    pub(super) ephemeral_next: u64,
    pub(super) windows: Vec<Window>,
    pub(super) listeners: Vec<SessionKey>,
    /// When the last sweep began.
    pub(super) swept_at: Option<Instant>,
    /// The last seq that the last sweep began with.
    pub(super) swept_seq: u64,
    pub(super) is_due: bool,
    /// Reads of older entries under way; deletions are remembered meanwhile.
    pub(super) reads: u32,
    pub(super) deletions: Vec<Arc<RelayEntry>>,
    /// One reader of older entries at a time.
    pub(super) filling: Option<Rc<tokio::sync::Mutex<()>>>,
}

impl Log {
    pub(super) fn window(&self, wire: Wire) -> Option<&Window> {
        self.windows.iter().find(|window| window.wire == wire)
    }

    pub(super) fn window_mut(&mut self, wire: Wire) -> &mut Window {
        let index = match self.windows.iter().position(|window| window.wire == wire) {
            Some(index) => index,
            None => {
                self.windows.push(Window::new(wire));
                self.windows.len() - 1
            }
        };
        &mut self.windows[index]
    }
}

impl Inner {
    /// The log of a relay that this shard follows, opened at the attachment's place.
    pub(super) fn log_of(&mut self, attachment: Attachment) -> usize {
        let channel = attachment.relay.channel().clone();
        if let Some(&log) = self.by_channel.get(&channel) {
            return log;
        }
        let log = self.logs.insert(Log {
            relay: attachment.relay,
            epoch: attachment.epoch,
            seq: attachment.seq,
            first_seq: 0,
            ephemeral_next: attachment.ephemeral_next,
            windows: Vec::new(),
            listeners: Vec::new(),
            swept_at: None,
            swept_seq: attachment.seq,
            is_due: false,
            reads: 0,
            deletions: Vec::new(),
            filling: None,
        });
        self.by_channel.insert(channel, log);
        log
    }

    /// Takes a session's cursor out of a log; a log without listeners and readers goes.
    pub(super) fn remove_cursor(&mut self, shard: &Shard, key: SessionKey, log_index: usize) -> bool {
        let Some(slot) = self.slot_mut(key) else { return false };
        let Some(place) = slot.cursors.iter().position(|cursor| cursor.log as usize == log_index) else {
            return false;
        };
        let cursor = slot.cursors.swap_remove(place);
        let wire = slot.wire;
        let log = &mut self.logs[log_index];
        let listener = cursor.listener as usize;
        log.listeners.swap_remove(listener);
        if let Some(&moved) = log.listeners.get(listener)
            && let Some(moved) = self.slots.get_mut(moved.index as usize)
        {
            let same = moved.cursors.iter_mut().find(|other| other.log as usize == log_index);
            same.expect("a listener has a cursor").listener = cursor.listener;
        }
        let log = &mut self.logs[log_index];
        let window = log.window_mut(wire);
        window.listeners -= 1;
        if window.listeners == 0 {
            self.log_bytes -= window.size_bytes;
            log.windows.retain(|window| window.wire != wire);
        }
        shard.metrics.cursors.dec();
        self.drop_log_if_idle(shard, log_index);
        true
    }

    /// Forgets a log that nobody on this shard needs.
    pub(super) fn drop_log_if_idle(&mut self, shard: &Shard, log_index: usize) {
        let log = &self.logs[log_index];
        if !log.listeners.is_empty() || log.reads > 0 {
            return;
        }
        let log = self.logs.remove(log_index);
        self.by_channel.remove(log.relay.channel());
        self.due.retain(|&due| due != log_index);
        self.sweeps.retain(|sweep| sweep.log != log_index);
        shard.relays.detach(&log.relay, &shard.inbox);
    }
}
