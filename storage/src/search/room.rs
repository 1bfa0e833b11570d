//! The candidates of one room, newest first: out of its segments, and out of the end of its log that is in none.

use super::lists::SegmentHits;
use crate::{Store, StoreError};

/// A message that may be a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) seq: u64,
    /// It was sent then at the latest, Unix milliseconds; the greatest number where nothing is known.
    pub(super) latest_ms: i64,
}

/// Messages that may be hits, each once.
pub(super) struct Candidates {
    /// Newest range first.
    segments: Vec<SegmentHits>,
    /// Messages of the open end, and those that edits in it are about; ascending, taken from the back.
    tail: Vec<Candidate>,
    /// Everything from here on has been given.
    below: u64,
}

impl Candidates {
    /// Candidates before `below` out of the open end and these segments.
    pub(super) fn new(tail: Vec<Candidate>, mut segments: Vec<SegmentHits>, below: u64) -> Self {
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.last_seq()));
        Self { segments, tail, below }
    }

    /// The next candidate; it stays the next one.
    pub(super) async fn peek(&mut self, store: &dyn Store) -> Result<Option<Candidate>, StoreError> {
        while self.tail.last().is_some_and(|candidate| candidate.seq >= self.below) {
            self.tail.pop();
        }
        let mut best = self.tail.last().copied();
        for segment in &mut self.segments {
            if best.is_some_and(|best| best.seq >= segment.last_seq()) {
                break;
            }
            best = best.max(segment.peek(store, self.below).await?);
        }
        Ok(best)
    }

    /// Takes the next candidate.
    pub(super) async fn next(&mut self, store: &dyn Store) -> Result<Option<Candidate>, StoreError> {
        let next = self.peek(store).await?;
        self.below = next.map_or(0, |next| next.seq);
        Ok(next)
    }
}
