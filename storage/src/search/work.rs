//! Work on one room's index: closing, merging, rebuilding, removing. Each step is one replaced state.

use protocol::RoomId;

use super::{
    indexer::Backlog,
    limits::{MERGE_SEGMENTS, MERGED_ENTRIES_MAX, REBUILD_MS_MAX, RETIRED_KEPT_MS, SEGMENT_ENTRIES_MAX, SMALL_ENTRIES},
    metrics::SearchMetrics,
    segment::{self, Builder},
    state::{Retired, SearchState, Segment},
    tails,
    times::{Clock, Times},
};
use crate::{SegmentId, Store, StoreError};

/// How often a change of a state is tried again after somebody else changed it.
const TRIES_MAX: u32 = 64;

/// How many of the newest segments should become one.
fn mergeable(segments: &[Segment]) -> Option<usize> {
    let run = |limit: u64| {
        let smaller = segments.iter().rev().take_while(|segment| segment.entries() < limit);
        smaller.count()
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

/// What works on a room.
pub(super) struct RoomWork<'a> {
    store: &'a dyn Store,
    metrics: &'a SearchMetrics,
    backlog: &'a Backlog,
    room: RoomId,
    now_ms: i64,
    /// States are kept to oneself until the whole index is there.
    is_aside: bool,
}

impl<'a> RoomWork<'a> {
    /// Work on this room at this time, until the backlog is closed.
    pub(super) fn new(
        store: &'a dyn Store,
        metrics: &'a SearchMetrics,
        backlog: &'a Backlog,
        room: RoomId,
        now_ms: i64,
    ) -> Self {
        Self {
            store,
            metrics,
            backlog,
            room,
            now_ms,
            is_aside: false,
        }
    }

    /// Brings the index up to a seq; None: somebody else replaced the state meanwhile.
    pub(super) async fn index_to(&self, head_seq: u64) -> Result<Option<u64>, StoreError> {
        let mut state = self.store.search_state(self.room).await?;
        if !state.is_current() {
            state = self.without_segments(state);
        }
        let ended = self.extend(state, head_seq).await?;
        Ok(ended.map(|state| state.indexed_to))
    }

    /// Builds the index anew beside the old one, and then puts it in its place.
    pub(super) async fn rebuild(mut self, head_seq: u64) -> Result<(), StoreError> {
        self.is_aside = true;
        let mut built = SearchState::default();
        let mut head_seq = head_seq;
        for _ in 0..TRIES_MAX {
            built = self.extend(built, head_seq).await?.ok_or(StoreError::Busy)?;
            if built.indexed_to < head_seq {
                return Err(StoreError::Failed("stopped before the index was whole".to_owned()));
            }
            let old = self.store.search_state(self.room).await?;
            head_seq = old.indexed_to;
            if built.indexed_to < head_seq {
                continue;
            }
            let mut new = self.without_segments(old);
            new.retired
                .retain(|retired| built.segments.iter().all(|segment| segment.id != retired.id));
            new.indexed_to = built.indexed_to;
            new.segments.clone_from(&built.segments);
            if self.store.replace_search_state(self.room, new).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// Closes and merges up to a seq, or until the node stops; None: somebody else replaced the state.
    async fn extend(&self, mut state: SearchState, head_seq: u64) -> Result<Option<SearchState>, StoreError> {
        while state.indexed_to < head_seq && !self.backlog.is_closed() {
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
        Ok(Some(state))
    }

    /// The state with every segment to be removed.
    fn without_segments(&self, state: SearchState) -> SearchState {
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
        if self.is_aside {
            return Ok(Some(state));
        }
        if !self.store.replace_search_state(self.room, state.clone()).await? {
            return Ok(None);
        }
        state.revision += 1;
        Ok(Some(state))
    }

    /// Lists a new segment as something to remove, until it is whole: what a crash leaves is found that way.
    async fn begin(&self, mut state: SearchState) -> Result<Option<(SearchState, SegmentId)>, StoreError> {
        let random = *uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap_or(&[0; 8]);
        let id = SegmentId {
            room: self.room,
            segment: u64::from_le_bytes(random) >> 1,
        };
        if self.is_aside {
            self.announce(id).await?;
            return Ok(Some((state, id)));
        }
        state.retired.push(self.retired(id.segment));
        Ok(self.replace(state).await?.map(|state| (state, id)))
    }

    /// The same in the state that is in force, while another one is built beside it: nobody removes the segment before
    /// that may have ended.
    async fn announce(&self, id: SegmentId) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            let mut state = self.store.search_state(self.room).await?;
            state.retired.push(Retired {
                id: id.segment,
                since_ms: self.now_ms + REBUILD_MS_MAX,
            });
            if self.store.replace_search_state(self.room, state).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// Closes the next range into a segment.
    async fn close_next(&self, state: SearchState, head_seq: u64) -> Result<Option<SearchState>, StoreError> {
        let first_seq = state.indexed_to + 1;
        let last_seq = head_seq.min(state.indexed_to + SEGMENT_ENTRIES_MAX);
        let Some((mut state, id)) = self.begin(state).await? else {
            return Ok(None);
        };
        let (mut builder, mut clock) = (Builder::default(), Clock::new(last_seq));
        let mut next = first_seq;
        while next <= last_seq {
            let page = self.store.entries(self.room, tails::range(next, last_seq)).await?;
            let Some(last) = page.last() else { break };
            next = last.seq + 1;
            for entry in &page {
                builder.add(entry);
                clock.note(entry.seq, entry.time_ms);
            }
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
            times: clock.times(),
        });
        self.replace(state).await
    }

    /// Makes one segment out of the newest ones.
    async fn merge_last(&self, state: SearchState, count: usize) -> Result<Option<SearchState>, StoreError> {
        let Some((mut state, id)) = self.begin(state).await? else {
            return Ok(None);
        };
        let old = state.segments.split_off(state.segments.len() - count);
        let place = |segment: &Segment| SegmentId {
            room: self.room,
            segment: segment.id,
        };
        let from: Vec<(SegmentId, Segment)> = old.iter().map(|segment| (place(segment), segment.clone())).collect();
        let Some(bytes) = segment::merge(self.store, &from, id, || self.backlog.is_closed()).await? else {
            return Ok(None);
        };
        self.metrics.merged(bytes);
        state.retired.retain(|retired| retired.id != id.segment);
        state.retired.extend(old.iter().map(|segment| self.retired(segment.id)));
        let parts: Vec<(u64, Times)> = old
            .iter()
            .map(|segment| (segment.last_seq, segment.times.clone()))
            .collect();
        if let (Some(first), Some(last)) = (old.first(), old.last()) {
            state.segments.push(Segment {
                id: id.segment,
                first_seq: first.first_seq,
                last_seq: last.last_seq,
                bytes,
                times: Times::merged(first.first_seq, &parts),
            });
        }
        self.replace(state).await
    }

    /// Removes segments that nobody reads any more.
    pub(super) async fn remove_retired(&self) -> Result<(), StoreError> {
        let state = self.store.search_state(self.room).await?;
        let is_over = |retired: &&Retired| self.now_ms.saturating_sub(retired.since_ms) >= RETIRED_KEPT_MS;
        let over: Vec<Retired> = state.retired.iter().filter(is_over).copied().collect();
        if over.is_empty() {
            return Ok(());
        }
        // Whoever still writes one of them can no longer put it in force: their state is an older one from here on.
        let Some(mut state) = self.replace(state).await? else {
            return Ok(());
        };
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
    use crate::search::limits::CLOSE_ENTRIES;

    /// What is left of so many closings of `entries` each.
    fn after(closings: u64, entries: u64) -> Vec<u64> {
        let mut segments: Vec<Segment> = Vec::new();
        for number in 0..closings {
            segments.push(Segment {
                id: number,
                first_seq: number * entries + 1,
                last_seq: (number + 1) * entries,
                bytes: 0,
                times: Times::default(),
            });
            while let Some(count) = mergeable(&segments) {
                let old = segments.split_off(segments.len() - count);
                segments.push(Segment {
                    last_seq: old[count - 1].last_seq,
                    ..old[0].clone()
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
}
