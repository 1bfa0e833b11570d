//! What a shard holds of a session.

use std::rc::Rc;

use actix::Recipient;
use bytes::BytesMut;
use protocol::UserId;
use smallvec::SmallVec;

use super::{Ended, Outbox, Shard, Wire, cursor::Cursor};
use crate::{
    Channel,
    limits::{PERSONAL_BYTES_MAX, PING_INTERVAL_S},
    metrics::Limit,
};

/// A session's place in its shard. A key of an ended session finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// What a shard tells the session actor; rare, and never per message.
#[derive(Debug, Clone, PartialEq, Eq, actix::Message)]
#[rtype(result = "()")]
pub enum ShardNotice {
    /// The shard ended this subscription and told the client.
    Ended(Channel, Ended),
    /// The moment has come that the session asked for with [`Shard::wake_at`].
    Due,
    /// The connection is over: nothing more can be written.
    Closed,
}

/// Bytes that go before those of the logs.
#[derive(Default)]
pub(super) struct Queue {
    /// The rest of a log's frame that the socket took a part of.
    pub(super) unfinished: BytesMut,
    /// Whole frames for this session alone: replies, pings, unsubscribes.
    pub(super) personal: BytesMut,
}

/// Small, and everything that a sweep needs of it in one piece: fetching it from memory is the larger part of what a delivery costs beside
/// the kernel.
pub(super) struct Slot {
    pub(super) generation: u32,
    pub(super) wire: Wire,
    pub(super) outbox: Rc<dyn Outbox>,
    pub(super) session: Option<Recipient<ShardNotice>>,
    pub(super) user: UserId,
    /// Normally none.
    pub(super) queue: Option<Box<Queue>>,
    /// A place in the slot itself for the own channel and one room: a sweep has one piece of memory less to fetch.
    pub(super) cursors: SmallVec<[Cursor; 2]>,
    /// Whose turn it is among the cursors.
    pub(super) turn: u32,
    pub(super) is_blocked: bool,
    /// The close frame is in the personal queue.
    pub(super) is_closing: bool,
    /// Nothing is written any more.
    pub(super) is_closed: bool,
    /// When the connection was opened, Unix seconds.
    pub(super) opened_s: u32,
    /// Pings are sent and pongs expected from here on, Unix seconds; 0: not connected yet.
    pub(super) connected_s: u32,
    /// The client answers pings.
    pub(super) has_pongs: bool,
    /// The next ping is due then, Unix seconds.
    pub(super) ping_due_s: u32,
    /// A ping was sent then, Unix seconds; 0: answered.
    pub(super) ping_sent_s: u32,
    /// The last time a byte was taken or nothing was waiting, Unix seconds.
    pub(super) progress_s: u32,
    /// When the session wants to be woken, Unix seconds; 0: never.
    pub(super) wake_s: u32,
}

impl Shard {
    /// Opens a place for a session: bytes leave through `outbox` from now on.
    pub fn open(&self, outbox: Rc<dyn Outbox>, wire: Wire) -> SessionKey {
        let now_s = self.now_s();
        let mut inner = self.inner.borrow_mut();
        inner.generation = inner.generation.wrapping_add(1);
        let generation = inner.generation;
        let index = inner.slots.insert(Slot {
            generation,
            wire,
            outbox,
            session: None,
            user: UserId::anonymous(),
            queue: None,
            cursors: SmallVec::new(),
            turn: 0,
            is_blocked: false,
            is_closing: false,
            is_closed: false,
            opened_s: now_s,
            connected_s: 0,
            has_pongs: true,
            ping_due_s: 0,
            ping_sent_s: 0,
            progress_s: now_s,
            wake_s: 0,
        });
        self.metrics.sessions.inc();
        SessionKey {
            index: index as u32,
            generation,
        }
    }

    /// Names the actor that is told what happens to the session.
    pub fn attach_session(&self, key: SessionKey, session: Recipient<ShardNotice>) {
        if let Some(slot) = self.inner.borrow_mut().slot_mut(key) {
            slot.session = Some(session);
        }
    }

    /// The session has connected as this user: pings begin, and are answered if `has_pongs`.
    pub fn connected(&self, key: SessionKey, user: UserId, has_pongs: bool) {
        let now_s = self.now_s();
        if let Some(slot) = self.inner.borrow_mut().slot_mut(key) {
            slot.user = user;
            slot.connected_s = now_s;
            // Pings are spread over the interval, so that a full room is not pinged in one second.
            slot.ping_due_s = now_s + 1 + key.index % PING_INTERVAL_S;
            slot.has_pongs = has_pongs;
        }
    }

    /// The client answered a ping.
    pub fn pong(&self, key: SessionKey) {
        if let Some(slot) = self.inner.borrow_mut().slot_mut(key) {
            slot.ping_sent_s = 0;
        }
    }

    /// Asks for [`ShardNotice::Due`] at a moment, Unix seconds; 0 takes it back.
    pub fn wake_at(&self, key: SessionKey, at_s: u32) {
        if let Some(slot) = self.inner.borrow_mut().slot_mut(key) {
            slot.wake_s = at_s;
        }
    }

    /// Queues bytes for this session alone: whole frames, already framed. [`Shard::flush`] sends them.
    pub fn personal(&self, key: SessionKey, frames: &[u8]) {
        let mut inner = self.inner.borrow_mut();
        let Some(slot) = inner.slot_mut(key) else { return };
        if slot.is_closing {
            return;
        }
        let waiting = slot.queue.as_ref().map_or(0, |queue| queue.personal.len());
        if waiting > 0 && waiting + frames.len() > PERSONAL_BYTES_MAX {
            drop(inner);
            self.metrics.limited(Limit::PersonalBytes);
            return self.close(key, protocol::Disconnect::Slow);
        }
        slot.queue_personal(frames);
    }

    /// Frees the session's place and everything in it.
    pub fn leave(&self, key: SessionKey) {
        let mut inner = self.inner.borrow_mut();
        if inner.slot(key).is_none() {
            return;
        }
        while let Some(log) = inner.slots[key.index as usize].cursors.last().map(|cursor| cursor.log) {
            inner.remove_cursor(self, key, log as usize);
        }
        inner.slots.remove(key.index as usize);
        if inner.slots.is_empty() {
            inner.slots.shrink_to_fit();
        }
        self.metrics.sessions.dec();
    }
}

impl super::Inner {
    pub(super) fn slot(&self, key: SessionKey) -> Option<&Slot> {
        self.slots
            .get(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
    }

    pub(super) fn slot_mut(&mut self, key: SessionKey) -> Option<&mut Slot> {
        self.slots
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
    }
}

impl Slot {
    /// Tells the session actor; it may be gone already.
    pub(super) fn notify(&self, notice: ShardNotice) {
        if let Some(session) = &self.session {
            session.do_send(notice);
        }
    }
}
