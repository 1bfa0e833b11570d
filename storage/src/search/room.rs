//! The candidates of one room, newest first: out of its segments, and out of the end of its log that is in none.

use super::{
    document::{self, Document},
    limits::{TAIL_PAGE_BYTES, TAIL_PAGE_ENTRIES},
    lists::SegmentHits,
    request::Request,
};
use crate::{Entry, EntryRange, Order, SearchScope, Select, Store, StoreError};

/// Seqs of messages that may be hits, each once.
pub(super) struct Candidates {
    /// Newest range first.
    segments: Vec<SegmentHits>,
    /// Messages of the open end, and those that edits in it are about; ascending, taken from the back.
    tail: Vec<u64>,
    /// Everything from here on has been given.
    below: u64,
}

impl Candidates {
    /// Candidates before `below` out of the open end and these segments.
    pub(super) fn new(tail: Vec<u64>, mut segments: Vec<SegmentHits>, below: u64) -> Self {
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.last_seq()));
        Self { segments, tail, below }
    }

    /// The next candidate.
    pub(super) async fn next(&mut self, store: &dyn Store) -> Result<Option<u64>, StoreError> {
        while self.tail.last().is_some_and(|seq| *seq >= self.below) {
            self.tail.pop();
        }
        let mut best = self.tail.last().copied();
        for segment in &mut self.segments {
            if best.is_some_and(|best| best >= segment.last_seq()) {
                break;
            }
            best = best.max(segment.peek(store, self.below).await?);
        }
        self.below = best.unwrap_or(0);
        Ok(best)
    }
}

/// Scans the end of a room's log that is in no segment.
pub(super) async fn scan_tail(
    store: &dyn Store,
    scope: &SearchScope,
    request: &Request,
) -> Result<Vec<u64>, StoreError> {
    let indexed_to = if scope.state.is_current() {
        scope.state.indexed_to
    } else {
        0
    };
    let mut found = Vec::new();
    let mut first = indexed_to + 1;
    while first <= scope.head_seq {
        let page = store.entries(scope.room, tail_range(first, scope.head_seq)).await?;
        let Some(last) = page.last() else { break };
        first = last.seq + 1;
        found.extend(page.iter().filter_map(|entry| candidate(entry, request)));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A page of a log that is read in order.
pub(super) fn tail_range(first: u64, last: u64) -> EntryRange {
    EntryRange {
        first,
        last,
        limit: TAIL_PAGE_ENTRIES,
        bytes_max: TAIL_PAGE_BYTES,
        order: Order::Ascending,
        select: Select::Everything,
    }
}

fn candidate(entry: &Entry, request: &Request) -> Option<u64> {
    let seq = document::subject(entry)?;
    request
        .text_matches(entry.sender.as_ref(), &Document::of_body(&entry.body))
        .then_some(seq)
}
