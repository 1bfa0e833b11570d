//! What a node remembers of rooms that many people open at the same time: who may read them, where their logs end, and pages of their past.
//!
//! Rights and histories ask here first; what is not known is read once for all who wait for it. Room actors tell of every change before they
//! answer it, so that nobody is shown what was true before. A room that few ask about is not remembered at all. Nothing here decides who may
//! do what, writes anything, or knows how an answer travels.

mod answers;
mod kept;
mod load;
mod metrics;
mod pages;
mod roster;
mod rosters;

use std::sync::Arc;

use prometheus::Registry;
use protocol::RoomId;
use storage::{Entry, EntryKind, Store};

pub(crate) use answers::{Found, PageKey, PageValue, What};
use metrics::WarmMetrics;
pub(crate) use pages::Pages;
pub(crate) use rosters::{Rosters, Scope};

/// What a node remembers. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Warm {
    /// Who is in which room, and where the rooms' logs end.
    pub(crate) rosters: Arc<Rosters>,
    /// Encoded pages of the rooms' past.
    pub(crate) pages: Arc<Pages>,
    metrics: WarmMetrics,
}

impl Warm {
    /// Nothing is known yet; what is asked is read from `store`.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let metrics = WarmMetrics::new();
        Self {
            rosters: Arc::new(Rosters::new(store, metrics.clone())),
            pages: Arc::new(Pages::new(metrics.clone())),
            metrics,
        }
    }

    /// Registers what is counted here.
    ///
    /// # Errors
    /// When the registry has it already.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.metrics.register(registry)
    }

    /// An entry is durable: pages that it changes are forgotten. Called before the relay is told and before the answer.
    pub(crate) fn committed(&self, room: RoomId, entry: &Entry) {
        match entry.kind {
            EntryKind::Edit | EntryKind::Delete => self.pages.changed(room, entry.target),
            // Who sends has read; what was known of others' marks may be more now.
            EntryKind::Message => self.pages.marks_moved(room),
            EntryKind::Publication => {}
            // Whoever leaves takes their marks along.
            EntryKind::Participants | EntryKind::RoomUpdated | EntryKind::RoomDeleted => self.pages.forget(room),
        }
    }

    /// The room's log was emptied, or is not known any more: nothing of it is believed.
    pub(crate) fn forget(&self, room: RoomId) {
        self.rosters.forget(room);
        self.pages.forget(room);
    }
}
