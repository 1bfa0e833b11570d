//! The shard: the part of a node that lives on one worker thread, and the only one that writes to its sockets.
//!
//! It keeps each listened room's newest entries as framed bytes, once per wire format in use there, and a cursor per session and
//! room. A sweep writes to each socket everything between its cursors and the end. Sessions (engine) subscribe and reply through it;
//! sockets (gateway) tell it when they can take bytes again. It never awaits a socket, stores nothing and decides no right.

mod block;
mod close;
mod cursor;
mod figures;
mod flush;
mod log;
mod outbox;
mod prefill;
mod run;
mod slot;
mod subscribe;
mod sweep;
mod take_in;
mod tick;
mod window;
mod wire;

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use slab::Slab;
use tokio::sync::Notify;

pub use cursor::Ended;
pub use outbox::Outbox;
pub use slot::{SessionKey, ShardNotice};
pub use subscribe::{Held, Recovery, Resumed};
pub use wire::Wire;

use crate::{
    Channel, Clock, Limits,
    metrics::EngineMetrics,
    relay::{Inbox, Relays},
};
use figures::Figures;
use flush::Delivered;
use log::Log;
use slot::Slot;

/// One worker thread's shard. Cloning shares it; it never leaves its thread.
#[derive(Clone)]
pub struct Shard {
    inner: Rc<RefCell<Inner>>,
    inbox: Arc<Inbox>,
    relays: Relays,
    clock: Clock,
    limits: Arc<Limits>,
    metrics: Arc<EngineMetrics>,
    /// Wakes the shard's task for work that does not come from the inbox.
    wake: Rc<Notify>,
}

/// The state behind a shard; borrowed for moments, never across an await.
#[derive(Default)]
struct Inner {
    logs: Slab<Log>,
    by_channel: HashMap<Channel, usize>,
    slots: Slab<Slot>,
    /// Counts sessions ever opened: tells a key from an earlier use of the same place.
    generation: u32,
    /// Logs with something new that no sweep has begun for.
    due: Vec<usize>,
    /// Sweeps under way.
    sweeps: Vec<sweep::Sweep>,
    /// Sessions that were cut off in mid-flush to let others have their turn.
    unfinished: Vec<SessionKey>,
    /// Bytes of all framed logs.
    log_bytes: usize,
    figures: Figures,
    delivered: Delivered,
    is_draining: bool,
}

impl Shard {
    /// An empty shard on this thread; [`Shard::run`] has to be spawned beside it.
    pub fn new(relays: Relays, clock: Clock, limits: Arc<Limits>, metrics: Arc<EngineMetrics>) -> Self {
        let inbox = Arc::default();
        relays.enlist(&inbox);
        let inner = Inner {
            figures: Figures::of(metrics.enlist_shard()),
            ..Inner::default()
        };
        Self {
            inner: Rc::new(RefCell::new(inner)),
            inbox,
            relays,
            clock,
            limits,
            metrics,
            wake: Rc::default(),
        }
    }

    fn now_s(&self) -> u32 {
        (self.clock.now_ms() / 1_000) as u32
    }
}
