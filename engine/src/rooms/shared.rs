//! What the handle, the supervisor and the actors have in common.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
};

use storage::{Store, search::Backlog};

use super::{Event, Exit, RoomOptions, directory::Directory, metrics::RoomMetrics, threads::Threads};
use crate::{Channel, Clock, relay::Relays};

/// One per node.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) relays: Relays,
    /// What the search index does not have yet.
    pub(crate) unindexed: Arc<Backlog>,
    pub(crate) clock: Clock,
    pub(crate) options: RoomOptions,
    pub(crate) metrics: RoomMetrics,
    pub(crate) directory: Directory,
    pub(super) threads: Threads,
    pub(super) next_cell_id: AtomicU64,
    /// The highest incarnation number given to any room.
    pub(super) newest_incarnation: AtomicU64,
    /// Appends that the store has answered, for any room.
    pub(crate) store_answers: AtomicU64,
    pub(super) is_closed: AtomicBool,
    queue_bytes: AtomicUsize,
    queue_commands: AtomicUsize,
    failing: Mutex<HashMap<Channel, (Exit, u32)>>,
    events: mpsc::Sender<Event>,
}

impl Shared {
    pub(super) fn new(
        store: Arc<dyn Store>,
        relays: Relays,
        clock: Clock,
        options: RoomOptions,
        metrics: RoomMetrics,
        threads: Threads,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            store,
            relays,
            unindexed: Arc::default(),
            clock,
            options,
            metrics,
            directory: Directory::default(),
            threads,
            next_cell_id: AtomicU64::new(0),
            newest_incarnation: AtomicU64::new(0),
            store_answers: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            queue_bytes: AtomicUsize::new(0),
            queue_commands: AtomicUsize::new(0),
            failing: Mutex::default(),
            events,
        }
    }

    /// Tells the supervisor. There is at most one event per incarnation and one per watched cell, so the channel stays small.
    pub(crate) fn tell(&self, event: Event) {
        // Without a supervisor the node is stopping, and everything has been answered.
        let _ = self.events.send(event);
    }

    /// Counts a command in, unless the node's queues are full.
    pub(super) fn reserve(&self, bytes: usize, bytes_max: usize) -> bool {
        if self.queue_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > bytes_max {
            self.queue_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.queue_commands.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Counts a command out.
    pub(super) fn release(&self, bytes: usize) {
        self.queue_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.queue_commands.fetch_sub(1, Ordering::SeqCst);
    }

    /// Commands that wait anywhere on the node.
    pub(super) fn commands_waiting(&self) -> usize {
        self.queue_commands.load(Ordering::SeqCst)
    }

    /// Shows how much waits.
    pub(super) fn show_queues(&self) {
        self.metrics.queue_commands.set(self.commands_waiting() as i64);
        self.metrics
            .queue_bytes
            .set(self.queue_bytes.load(Ordering::Relaxed) as i64);
    }

    pub(super) fn note_failure(&self, channel: &Channel, exit: Exit, failures: u32) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.insert(channel.clone(), (exit, failures));
        self.metrics.failing.set(failing.len() as i64);
    }

    pub(super) fn note_recovery(&self, channel: &Channel) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.remove(channel);
        self.metrics.failing.set(failing.len() as i64);
    }

    pub(super) fn failing(&self) -> Vec<(Channel, Exit, u32)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing
            .iter()
            .map(|(channel, (exit, failures))| (channel.clone(), *exit, *failures))
            .collect()
    }
}
