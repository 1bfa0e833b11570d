//! The indexer: closes the open ends of logs into segments, and merges small segments into larger ones.
//!
//! One runs on a node, on a thread of its own, so that neither a socket nor a room waits for it. It is told of news
//! ([`Backlog`]) and looks through all rooms once when it begins: what a node that died left open is found again. Several
//! may run over one store: a replaced state of a room makes the slower of two give up its segment.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use protocol::RoomId;
use tokio::sync::Notify;

use super::{
    limits::{
        BACKLOG_ROOMS_MAX, CLOSE_ENTRIES, CLOSE_QUIET_ENTRIES, QUIET_MS, RETIRED_KEPT_MS, SILENT_MS, SWEEP_ROOMS,
    },
    metrics::SearchMetrics,
    state::SearchState,
    work::RoomWork,
};
use crate::{SearchBacklog, Store, StoreError};

/// How often the indexer looks which rooms have become quiet.
const TICK: Duration = Duration::from_secs(1);
/// How long it rests after a failure of the store.
const FAILURE_REST: Duration = Duration::from_secs(5);

/// How often a room's work is begun again after somebody else replaced its state.
const RACES_MAX: u32 = 4;

/// Rooms with news, until the indexer has closed them.
#[derive(Debug, Default)]
pub struct Backlog {
    news: Mutex<HashMap<RoomId, (u64, i64)>>,
    has_lost: AtomicBool,
    is_closed: AtomicBool,
    moved: Notify,
}

impl Backlog {
    /// A room's log ends with this seq now, appended at this time (Unix milliseconds). Never waits.
    pub fn note(&self, room: RoomId, seq: u64, time_ms: i64) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if news.len() < BACKLOG_ROOMS_MAX || news.contains_key(&room) {
            news.insert(room, (seq, time_ms));
        } else {
            self.has_lost.store(true, Ordering::Relaxed);
        }
    }

    /// Ends the indexer.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.moved.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn take(&self) -> HashMap<RoomId, (u64, i64)> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The indexer of a node.
pub struct Indexer {
    store: Arc<dyn Store>,
    backlog: Arc<Backlog>,
    metrics: SearchMetrics,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Rooms whose end is open, as far as they are known.
    open: HashMap<RoomId, SearchBacklog>,
    /// Rooms with segments to remove, and since when; what does not fit is found by the next look through all rooms.
    retiring: VecDeque<(RoomId, i64)>,
}

impl Indexer {
    /// An indexer over a store. `now_ms` tells the time, Unix milliseconds.
    pub fn new(
        store: Arc<dyn Store>,
        backlog: Arc<Backlog>,
        metrics: SearchMetrics,
        now_ms: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            backlog,
            metrics,
            now_ms: Box::new(now_ms),
            open: HashMap::new(),
            retiring: VecDeque::new(),
        }
    }

    /// Works until the backlog is closed.
    pub async fn run(mut self) {
        self.backlog.has_lost.store(true, Ordering::Relaxed);
        while !self.backlog.is_closed() {
            let rest = match self.tick().await {
                Ok(()) => TICK,
                Err(error) => {
                    self.metrics.failures.inc();
                    tracing::warn!(%error, "the search index can not be brought up to date");
                    FAILURE_REST
                }
            };
            // Either is fine: the time is over, or the node stops.
            let _ = tokio::time::timeout(rest, self.backlog.moved.notified()).await;
        }
    }

    /// Closes what is due.
    async fn tick(&mut self) -> Result<(), StoreError> {
        if self.backlog.has_lost.swap(false, Ordering::Relaxed) {
            let swept = self.sweep().await;
            if swept.is_err() {
                self.backlog.has_lost.store(true, Ordering::Relaxed);
            }
            swept?;
        }
        for (room, (head_seq, head_ms)) in self.backlog.take() {
            let known = self.open.get(&room).map(|open| open.indexed_to);
            let indexed_to = match known {
                Some(indexed_to) => indexed_to,
                None => usable(&self.store.search_state(room).await?),
            };
            let news = SearchBacklog {
                room,
                head_seq,
                head_ms,
                indexed_to,
                has_retired: false,
            };
            self.keep(news);
        }
        let now_ms = (self.now_ms)();
        let due: Vec<SearchBacklog> = self
            .open
            .values()
            .filter(|open| is_due(open, now_ms))
            .copied()
            .collect();
        for open in due {
            if self.backlog.is_closed() {
                return Ok(());
            }
            self.close(open).await?;
        }
        self.clean().await?;
        let lag: u64 = self
            .open
            .values()
            .map(|open| open.head_seq.saturating_sub(open.indexed_to))
            .sum();
        self.metrics.lag_entries.set(i64::try_from(lag).unwrap_or(i64::MAX));
        Ok(())
    }

    fn keep(&mut self, open: SearchBacklog) {
        if open.indexed_to >= open.head_seq {
            self.open.remove(&open.room);
        } else if self.open.len() < BACKLOG_ROOMS_MAX || self.open.contains_key(&open.room) {
            self.open.insert(open.room, open);
        } else {
            self.backlog.has_lost.store(true, Ordering::Relaxed);
        }
    }

    /// Looks through all rooms: closes what is due, keeps in mind what is not.
    async fn sweep(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.search_backlog(after, SWEEP_ROOMS).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.room);
            let now_ms = (self.now_ms)();
            for open in page {
                if self.backlog.is_closed() {
                    return Ok(());
                }
                if open.has_retired {
                    self.work(open.room).remove_retired().await?;
                    self.is_retiring(open.room);
                }
                if is_due(&open, now_ms) {
                    self.close(open).await?;
                } else {
                    self.keep(open);
                }
            }
        }
    }

    async fn close(&mut self, mut open: SearchBacklog) -> Result<(), StoreError> {
        open.indexed_to = self.index_room(open.room, open.head_seq).await?;
        self.is_retiring(open.room);
        self.keep(open);
        Ok(())
    }

    /// Brings a room's index up to a seq, and merges what has become many; gives how far the index is, which is less
    /// where somebody else works on the room.
    ///
    /// # Errors
    /// What the store says. What was closed before stays.
    pub async fn index_room(&self, room: RoomId, head_seq: u64) -> Result<u64, StoreError> {
        let work = self.work(room);
        for _ in 0..RACES_MAX {
            if let Some(indexed_to) = work.index_to(head_seq).await? {
                return Ok(indexed_to);
            }
        }
        Ok(usable(&self.store.search_state(room).await?))
    }

    /// Builds a room's index anew and puts it in the place of the old one, which serves until then.
    ///
    /// # Errors
    /// What the store says; then the old one stays.
    pub async fn rebuild_room(&self, room: RoomId, head_seq: u64) -> Result<(), StoreError> {
        self.work(room).rebuild(head_seq).await
    }

    /// Removes segments of a room that nobody reads any more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn clean_room(&self, room: RoomId) -> Result<(), StoreError> {
        self.work(room).remove_retired().await
    }

    fn work(&self, room: RoomId) -> RoomWork<'_> {
        RoomWork::new(&*self.store, &self.metrics, &self.backlog, room, (self.now_ms)())
    }

    /// Removes what nobody reads any more, of rooms where that time has come.
    async fn clean(&mut self) -> Result<(), StoreError> {
        let now_ms = (self.now_ms)();
        while let Some((room, since_ms)) = self.retiring.front().copied() {
            if self.backlog.is_closed() || now_ms - since_ms < RETIRED_KEPT_MS {
                return Ok(());
            }
            self.work(room).remove_retired().await?;
            self.retiring.pop_front();
        }
        Ok(())
    }

    fn is_retiring(&mut self, room: RoomId) {
        if self.retiring.len() < BACKLOG_ROOMS_MAX {
            self.retiring.push_back((room, (self.now_ms)()));
        }
    }
}

/// How far a state reaches for this build.
fn usable(state: &SearchState) -> u64 {
    if state.is_current() { state.indexed_to } else { 0 }
}

fn is_due(open: &SearchBacklog, now_ms: i64) -> bool {
    let entries = open.head_seq.saturating_sub(open.indexed_to);
    let age_ms = now_ms.saturating_sub(open.head_ms);
    entries >= CLOSE_ENTRIES
        || (entries >= CLOSE_QUIET_ENTRIES && age_ms >= QUIET_MS)
        || (entries > 0 && age_ms >= SILENT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_closed_when_it_is_long_or_the_room_is_quiet() {
        let due = |entries, age_ms| {
            let open = SearchBacklog {
                room: RoomId::from_key(1),
                head_seq: 10_000 + entries,
                head_ms: 0,
                indexed_to: 10_000,
                has_retired: false,
            };
            is_due(&open, age_ms)
        };
        assert!(due(CLOSE_ENTRIES, 0) && !due(CLOSE_ENTRIES - 1, 0));
        assert!(due(CLOSE_QUIET_ENTRIES, QUIET_MS) && !due(CLOSE_QUIET_ENTRIES - 1, QUIET_MS));
        assert!(due(1, SILENT_MS) && !due(0, SILENT_MS));
    }
}
