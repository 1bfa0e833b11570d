//! One room's relay and its state.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use protocol::{Epoch, RoomId, UserId, client::ClientInfo};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{Ephemeral, Inbox, RelayEntry, metrics::KeptMetrics, ring::Ring};
use crate::Channel;

/// The relay of one channel on this node; it lives while some shard is attached.
#[derive(Debug)]
pub struct Relay {
    pub(super) channel: Channel,
    pub(super) opened: OnceCell<()>,
    /// The room behind an open channel, once it is known.
    pub(super) room: OnceLock<RoomId>,
    pub(super) listeners: AtomicUsize,
    pub(super) state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    /// None until the log's end has been read once.
    pub(super) place: Option<Place>,
    /// What lies before this seq has been dropped from the log.
    pub(super) first_seq: u64,
    pub(super) ring: Ring,
    /// Entries that came before the log's end was known, or out of order.
    pub(super) early: BTreeMap<u64, (Epoch, Arc<RelayEntry>)>,
    /// Short-lived frames with the seq after which they stand.
    pub(super) ephemeral: VecDeque<(u64, Ephemeral)>,
    /// The index of the next short-lived frame.
    pub(super) ephemeral_next: u64,
    pub(super) attached: Vec<Attached>,
    /// Attachments that are being opened: they keep the relay alive.
    pub(super) opening: usize,
    /// The newest incarnation of the room that published here.
    pub(super) incarnation: u64,
    /// A reader is filling a gap from storage.
    pub(super) is_filling: bool,
    pub(super) clients: HashMap<Uuid, ClientInfo>,
    pub(super) users: HashMap<UserId, u32>,
}

/// How far the relay has followed the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) epoch: Epoch,
    pub(super) seq: u64,
}

#[derive(Debug)]
pub(super) struct Attached {
    pub(super) inbox: Arc<Inbox>,
    pub(super) is_dirty: bool,
}

impl Relay {
    pub(super) fn new(channel: Channel, kept: Arc<KeptMetrics>) -> Self {
        Self {
            channel,
            opened: OnceCell::new(),
            room: OnceLock::new(),
            listeners: AtomicUsize::new(0),
            state: Mutex::new(State {
                place: None,
                first_seq: 0,
                ring: Ring::new(kept),
                early: BTreeMap::new(),
                ephemeral: VecDeque::new(),
                ephemeral_next: 0,
                attached: Vec::new(),
                opening: 0,
                incarnation: 0,
                is_filling: false,
                clients: HashMap::new(),
                users: HashMap::new(),
            }),
        }
    }

    /// The channel that it relays.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The room behind an open channel, once the relay has opened; else None.
    pub fn room(&self) -> Option<RoomId> {
        self.room.get().copied()
    }

    /// Sessions on this node that listen.
    pub fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// The log's identity and the last seq that came; None while the relay opens.
    pub fn position(&self) -> Option<(Epoch, u64)> {
        self.lock().place.map(|place| (place.epoch, place.seq))
    }

    /// Entries before this seq have been dropped from the log: whoever keeps some forgets them.
    pub fn first_seq(&self) -> u64 {
        self.lock().first_seq
    }

    /// A panic while the lock is held can't leave the state half changed in a way that the next call would not survive.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Marks every attached shard dirty and wakes those that were not.
    pub(super) fn wake(&mut self, relay: &Arc<Relay>) {
        for attached in self.attached.iter_mut().filter(|attached| !attached.is_dirty) {
            attached.is_dirty = true;
            attached.inbox.push(Arc::clone(relay));
        }
    }
}
