//! The candidates of one room, newest first: out of its segments, and out of the end of its log that is in none.

use super::lists::SegmentHits;
use crate::{Store, StoreError};

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
