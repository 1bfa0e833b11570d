//! Pages for everybody who asks: from memory, from a reading under way, or read once.
//!
//! What is kept is never older than the last answered change: whoever changes a message says so before the answer, which takes the pages that
//! show it out of the memory, and keeps readings that had begun before from getting in.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::{Error, RoomId};

use super::{
    answers::{Found, PageKey, PageValue},
    kept::KeptPages,
    metrics::{Source, WarmMetrics},
};
use crate::{
    functions::Flights,
    limits::{PAGE_COUNTERS, PAGES_BYTES_MAX},
};

/// How often something of a room has changed. Several rooms share a counter: a neighbour's change makes a page be read in vain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Counts {
    messages: u64,
    marks: u64,
}

struct Inner {
    kept: KeptPages,
    counts: Box<[Counts]>,
}

/// The pages of a node.
pub(crate) struct Pages {
    inner: Arc<Mutex<Inner>>,
    flights: Flights<(PageKey, Counts), PageValue>,
    metrics: WarmMetrics,
}

impl Pages {
    pub(super) fn new(metrics: WarmMetrics) -> Self {
        let inner = Inner {
            kept: KeptPages::new(PAGES_BYTES_MAX),
            counts: vec![Counts::default(); PAGE_COUNTERS].into(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            flights: Flights::default(),
            metrics,
        }
    }

    /// The page of this name, as it is now; `read` is carried out once for all who ask at the same time.
    ///
    /// # Errors
    /// What `read` says.
    pub(crate) async fn page(
        &self,
        key: PageKey,
        read: impl Future<Output = Result<Found, Error>> + Send + 'static,
    ) -> Result<PageValue, Error> {
        let counts = {
            let mut inner = lock(&self.inner);
            let counts = *inner.counts(key.room);
            if let Some(value) = inner.kept.get(&key, counts.marks) {
                drop(inner);
                self.metrics.given(Source::Memory);
                return Ok(value);
            }
            counts
        };
        let (inner, metrics) = (Arc::clone(&self.inner), self.metrics.clone());
        let read = async move {
            let found = read.await?;
            let mut inner = lock(&inner);
            if inner.counts(key.room).messages == counts.messages {
                inner.kept.put(key, &found, counts.marks);
                metrics.page_bytes.set(inner.kept.size_bytes() as i64);
            }
            Ok(found.value)
        };
        let (value, is_own) = self.flights.share((key, counts), read).await;
        self.metrics.given(if is_own { Source::Store } else { Source::Shared });
        value
    }

    /// A page was made from what the relay keeps.
    pub(crate) fn given_from_relay(&self) {
        self.metrics.given(Source::Memory);
    }

    /// The message at `seq` is another one now. Called after the commit and before the answer.
    pub(crate) fn changed(&self, room: RoomId, seq: u64) {
        let mut inner = lock(&self.inner);
        inner.counts(room).messages += 1;
        inner.kept.forget_message(room, seq);
        self.show(&inner);
    }

    /// Somebody has read further. Called after the commit and before the answer.
    pub(crate) fn marks_moved(&self, room: RoomId) {
        lock(&self.inner).counts(room).marks += 1;
    }

    /// Nothing that was read of a room is true any more.
    pub(crate) fn forget(&self, room: RoomId) {
        let mut inner = lock(&self.inner);
        inner.counts(room).messages += 1;
        inner.kept.forget_room(room);
        self.show(&inner);
    }

    fn show(&self, inner: &Inner) {
        self.metrics.page_bytes.set(inner.kept.size_bytes() as i64);
    }
}

impl Inner {
    fn counts(&mut self, room: RoomId) -> &mut Counts {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(room);
        &mut self.counts[(hash % PAGE_COUNTERS as u64) as usize]
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}
