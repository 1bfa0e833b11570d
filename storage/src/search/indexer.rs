//! The indexer: closes the open ends of logs into segments, and merges small segments into larger ones.
//!
//! One runs on a node, on a thread of its own, so that neither a socket nor a room waits for it. It is told of news
//! ([`Backlog`]) and looks through all rooms once when it begins: what a node that died left open is found again. Several
//! may run over one store: a replaced state of a room makes the slower of two give up its segment.

use std::{
    collections::HashMap,
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
        BACKLOG_ROOMS_MAX, CLOSE_ENTRIES, CLOSE_QUIET_ENTRIES, MERGE_SEGMENTS, MERGED_ENTRIES_MAX, QUIET_MS,
        RETIRED_KEPT_MS, SEGMENT_ENTRIES_MAX, SILENT_MS, SMALL_ENTRIES, SWEEP_ROOMS,
    },
    metrics::SearchMetrics,
    segment::{self, Builder},
    state::{Retired, SearchState, Segment},
    tails,
};
use crate::{SearchBacklog, SegmentId, Store, StoreError};

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

    fn is_closed(&self) -> bool {
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

    fn work(&self, room: RoomId) -> RoomWork<'_> {
        RoomWork {
            store: &*self.store,
            metrics: &self.metrics,
            backlog: &self.backlog,
            room,
            now_ms: (self.now_ms)(),
        }
    }

    /// Forgets a room's index and builds it anew.
    ///
    /// # Errors
    /// What the store says.
    pub async fn rebuild_room(&self, room: RoomId, head_seq: u64) -> Result<u64, StoreError> {
        let work = self.work(room);
        let state = work.store.search_state(room).await?;
        if !state.segments.is_empty() || !state.is_current() {
            work.replace(work.forget(state)).await?;
        }
        self.index_room(room, head_seq).await
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

/// How many of the newest segments should become one.
fn mergeable(segments: &[Segment]) -> Option<usize> {
    let run = |limit: u64| {
        segments
            .iter()
            .rev()
            .take_while(|segment| segment.entries() < limit)
            .count()
    };
    let small = run(SMALL_ENTRIES);
    if small >= 2 {
        return Some(small);
    }
    let mut limit = SMALL_ENTRIES * 8;
    while limit <= MERGED_ENTRIES_MAX {
        let count = run(limit);
        let newest = &segments[segments.len() - count..];
        let entries: u64 = newest.iter().map(Segment::entries).sum();
        if count >= MERGE_SEGMENTS && entries <= MERGED_ENTRIES_MAX {
            return Some(count);
        }
        limit *= 8;
    }
    None
}

/// Work on one room's index.
struct RoomWork<'a> {
    store: &'a dyn Store,
    metrics: &'a SearchMetrics,
    backlog: &'a Backlog,
    room: RoomId,
    now_ms: i64,
}

impl RoomWork<'_> {
    /// As [`Indexer::index_room`]; None: somebody else replaced the state meanwhile.
    async fn index_to(&self, head_seq: u64) -> Result<Option<u64>, StoreError> {
        let mut state = self.store.search_state(self.room).await?;
        if !state.is_current() {
            state = self.forget(state);
        }
        while state.indexed_to < head_seq {
            if self.backlog.is_closed() {
                return Ok(Some(state.indexed_to));
            }
            let Some(next) = self.close_next(state, head_seq).await? else {
                return Ok(None);
            };
            state = next;
            while let Some(count) = mergeable(&state.segments) {
                let Some(next) = self.merge_last(state, count).await? else {
                    return Ok(None);
                };
                state = next;
            }
        }
        let indexed_to = state.indexed_to;
        self.remove_retired(state).await?;
        Ok(Some(indexed_to))
    }

    /// The state without its segments.
    fn forget(&self, state: SearchState) -> SearchState {
        let retired = state.segments.iter().map(|segment| self.retired(segment.id));
        SearchState {
            revision: state.revision,
            retired: state.retired.iter().copied().chain(retired).collect(),
            ..SearchState::default()
        }
    }

    fn retired(&self, id: u64) -> Retired {
        Retired {
            id,
            since_ms: self.now_ms,
        }
    }

    /// Replaces the state; None: somebody else did.
    async fn replace(&self, mut state: SearchState) -> Result<Option<SearchState>, StoreError> {
        if !self.store.replace_search_state(self.room, state.clone()).await? {
            return Ok(None);
        }
        state.revision += 1;
        Ok(Some(state))
    }

    /// Lists a new segment as something to remove, until it is whole: what a crash leaves is found that way.
    async fn begin(&self, mut state: SearchState) -> Result<Option<(SearchState, SegmentId)>, StoreError> {
        let id = SegmentId {
            room: self.room,
            segment: u64::from_le_bytes(*uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap_or(&[0; 8])) >> 1,
        };
        state.retired.push(self.retired(id.segment));
        Ok(self.replace(state).await?.map(|state| (state, id)))
    }

    /// Closes the next range into a segment.
    async fn close_next(&self, state: SearchState, head_seq: u64) -> Result<Option<SearchState>, StoreError> {
        let first_seq = state.indexed_to + 1;
        let last_seq = head_seq.min(state.indexed_to + SEGMENT_ENTRIES_MAX);
        let Some((mut state, id)) = self.begin(state).await? else {
            return Ok(None);
        };
        let mut builder = Builder::default();
        let mut next = first_seq;
        while next <= last_seq {
            let page = self.store.entries(self.room, tails::range(next, last_seq)).await?;
            let Some(last) = page.last() else { break };
            next = last.seq + 1;
            page.iter().for_each(|entry| builder.add(entry));
        }
        let bytes = segment::write(self.store, id, builder.blocks(last_seq)).await?;
        self.metrics.closed(bytes);
        state.retired.retain(|retired| retired.id != id.segment);
        state.indexed_to = last_seq;
        state.segments.push(Segment {
            id: id.segment,
            first_seq,
            last_seq,
            bytes,
        });
        self.replace(state).await
    }

    /// Makes one segment out of the newest ones.
    async fn merge_last(&self, state: SearchState, count: usize) -> Result<Option<SearchState>, StoreError> {
        let Some((mut state, id)) = self.begin(state).await? else {
            return Ok(None);
        };
        let old = state.segments.split_off(state.segments.len() - count);
        let from: Vec<(SegmentId, Segment)> = old
            .iter()
            .map(|segment| {
                let id = SegmentId {
                    room: self.room,
                    segment: segment.id,
                };
                (id, *segment)
            })
            .collect();
        let Some(bytes) = segment::merge(self.store, &from, id, || self.backlog.is_closed()).await? else {
            return Ok(None);
        };
        self.metrics.merged(bytes);
        state.retired.retain(|retired| retired.id != id.segment);
        state.retired.extend(old.iter().map(|segment| self.retired(segment.id)));
        if let (Some(first), Some(last)) = (old.first(), old.last()) {
            state.segments.push(Segment {
                id: id.segment,
                first_seq: first.first_seq,
                last_seq: last.last_seq,
                bytes,
            });
        }
        self.replace(state).await
    }

    /// Removes segments that nobody reads any more.
    async fn remove_retired(&self, mut state: SearchState) -> Result<(), StoreError> {
        let is_over = |retired: &Retired| self.now_ms - retired.since_ms >= RETIRED_KEPT_MS;
        let over: Vec<Retired> = state
            .retired
            .iter()
            .filter(|retired| is_over(retired))
            .copied()
            .collect();
        if over.is_empty() {
            return Ok(());
        }
        for retired in &over {
            let id = SegmentId {
                room: self.room,
                segment: retired.id,
            };
            while self.store.remove_search_blocks(id).await? {}
        }
        state.retired.retain(|retired| !over.contains(retired));
        // Whoever was faster removes them once more, which does no harm.
        self.replace(state).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of so many closings of `entries` each.
    fn after(closings: u64, entries: u64) -> Vec<u64> {
        let mut segments: Vec<Segment> = Vec::new();
        for number in 0..closings {
            segments.push(Segment {
                id: number,
                first_seq: number * entries + 1,
                last_seq: (number + 1) * entries,
                bytes: 0,
            });
            while let Some(count) = mergeable(&segments) {
                let old = segments.split_off(segments.len() - count);
                segments.push(Segment {
                    last_seq: old[count - 1].last_seq,
                    ..old[0]
                });
            }
        }
        segments.iter().map(Segment::entries).collect()
    }

    #[test]
    fn a_small_room_has_one_segment_and_a_large_one_few() {
        assert_eq!(after(50, 10), [500]);
        let large = after(5_000, CLOSE_ENTRIES);
        assert!(large.len() <= 45, "{large:?}");
        assert_eq!(large.iter().sum::<u64>(), 5_000 * CLOSE_ENTRIES);
        assert!(large.iter().all(|entries| *entries <= MERGED_ENTRIES_MAX));
    }

    #[test]
    fn an_end_is_closed_when_it_is_long_or_the_room_is_quiet() {
        let due = |entries, age_ms| {
            let open = SearchBacklog {
                room: RoomId::from_key(1),
                head_seq: 10_000 + entries,
                head_ms: 0,
                indexed_to: 10_000,
            };
            is_due(&open, age_ms)
        };
        assert!(due(CLOSE_ENTRIES, 0) && !due(CLOSE_ENTRIES - 1, 0));
        assert!(due(CLOSE_QUIET_ENTRIES, QUIET_MS) && !due(CLOSE_QUIET_ENTRIES - 1, QUIET_MS));
        assert!(due(1, SILENT_MS) && !due(0, SILENT_MS));
    }
}
