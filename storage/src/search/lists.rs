//! Reading a segment's lists: part by part, newest first, several at once.

use super::{
    block::{self, Block, Damaged, Part},
    limits::PREFIX_BLOCKS_MAX,
    room::Candidate,
    state::Segment,
    times::Times,
};
use crate::{SegmentId, Store, StoreError};

/// What every hit of a search is filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// This term.
    Term(String),
    /// Some term that begins like this.
    Beginning(String),
}

/// A list, as far as it has been read.
struct List {
    segment: SegmentId,
    term: String,
    part: Part,
    at: usize,
}

impl List {
    /// Moves to the first distance that is not less than `to`.
    async fn seek(&mut self, store: &dyn Store, to: u64) -> Result<Option<u64>, StoreError> {
        loop {
            self.at += self.part.distances[self.at..].partition_point(|distance| *distance < to);
            if let Some(distance) = self.part.distances.get(self.at) {
                return Ok(Some(*distance));
            }
            let Some(next) = self.part.next else {
                return Ok(None);
            };
            let place = (self.segment, block::key(&self.term, next.max(to)));
            let read = store.search_blocks(vec![place]).await?.pop().flatten();
            // A segment that was removed meanwhile gives no more; the next page is read from its successor.
            self.part = match read {
                Some(block) => block::find(&block, &self.term)?.unwrap_or_default(),
                None => Part::default(),
            };
            self.at = 0;
        }
    }
}

/// The seqs of one segment that have everything needed, newest first.
pub(super) struct SegmentHits {
    last_seq: u64,
    times: Times,
    lists: Vec<List>,
    /// What was found last; it stands until a lower one is asked for.
    peeked: Option<u64>,
    is_over: bool,
}

impl SegmentHits {
    /// The last seq of the segment's range: nothing in it is newer.
    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The newest candidate before `below` (which never rises from call to call).
    pub(super) async fn peek(&mut self, store: &dyn Store, below: u64) -> Result<Option<Candidate>, StoreError> {
        let seq = self.peek_seq(store, below).await?;
        Ok(seq.map(|seq| Candidate {
            seq,
            latest_ms: self.times.latest_ms(self.last_seq - seq).unwrap_or(i64::MAX),
        }))
    }

    async fn peek_seq(&mut self, store: &dyn Store, below: u64) -> Result<Option<u64>, StoreError> {
        if self.is_over || self.peeked.is_some_and(|seq| seq < below) {
            return Ok(self.peeked);
        }
        let mut distance = self.last_seq.saturating_sub(below.saturating_sub(1));
        self.peeked = None;
        'again: loop {
            for list in &mut self.lists {
                match list.seek(store, distance).await? {
                    None => {
                        self.is_over = true;
                        return Ok(None);
                    }
                    Some(found) if found > distance => {
                        distance = found;
                        continue 'again;
                    }
                    Some(_) => {}
                }
            }
            self.peeked = self.last_seq.checked_sub(distance);
            self.is_over = self.peeked.is_none();
            return Ok(self.peeked);
        }
    }
}

/// Opens segments, all together: one step for the first need, one for the others where the first was met. What comes
/// back stands beside the number that came with the segment.
pub(super) async fn open(
    store: &dyn Store,
    segments: Vec<(usize, SegmentId, Segment)>,
    needs: &[Need],
) -> Result<Vec<(usize, SegmentHits)>, StoreError> {
    let mut open: Vec<(usize, SegmentId, SegmentHits)> = segments
        .into_iter()
        .map(|(number, id, segment)| {
            let hits = SegmentHits {
                last_seq: segment.last_seq,
                times: segment.times,
                lists: Vec::new(),
                peeked: None,
                is_over: false,
            };
            (number, id, hits)
        })
        .collect();
    let (first, others) = needs.split_at(needs.len().min(1));
    for needs in [first, others] {
        let places = open
            .iter()
            .flat_map(|(_, id, _)| needs.iter().map(|need| (*id, need.key())))
            .collect();
        let mut blocks = store.search_blocks(places).await?.into_iter();
        let mut kept = Vec::new();
        for (number, id, mut hits) in open {
            let mut is_met = true;
            for need in needs {
                let block = blocks.next().flatten();
                if is_met {
                    is_met = match need.list(store, id, block).await? {
                        Some(list) => {
                            hits.lists.push(list);
                            true
                        }
                        None => false,
                    };
                }
            }
            if is_met {
                kept.push((number, id, hits));
            }
        }
        open = kept;
    }
    Ok(open.into_iter().map(|(number, _, hits)| (number, hits)).collect())
}

impl Need {
    fn key(&self) -> Vec<u8> {
        let (Self::Term(text) | Self::Beginning(text)) = self;
        block::key(text, 0)
    }

    /// The list out of the block at or before the key; None: there is none.
    async fn list(
        &self,
        store: &dyn Store,
        segment: SegmentId,
        block: Option<Block>,
    ) -> Result<Option<List>, StoreError> {
        let (term, part) = match self {
            Self::Term(term) => {
                let Some(block) = block else { return Ok(None) };
                let Some(part) = block::find(&block, term)? else {
                    return Ok(None);
                };
                (term, part)
            }
            Self::Beginning(text) => (text, beginning(store, segment, text, block).await?),
        };
        let is_nothing = part.distances.is_empty() && part.next.is_none();
        Ok((!is_nothing).then(|| List {
            segment,
            term: term.clone(),
            part,
            at: 0,
        }))
    }
}

/// The lists of all terms that begin like `text`, as one.
async fn beginning(
    store: &dyn Store,
    segment: SegmentId,
    text: &str,
    first: Option<Block>,
) -> Result<Part, StoreError> {
    let mut distances = Vec::new();
    let mut last_key = None;
    let mut is_over = false;
    if let Some(block) = first {
        is_over = take_beginning(&block, text, &mut distances)?;
        last_key = Some(block.key);
    }
    if !is_over {
        let blocks = store.search_blocks_behind(segment, last_key, PREFIX_BLOCKS_MAX).await?;
        for block in &blocks {
            if take_beginning(block, text, &mut distances)? {
                break;
            }
        }
    }
    distances.sort_unstable();
    distances.dedup();
    Ok(Part { distances, next: None })
}

/// Whether the block goes beyond the terms that begin like `text`.
fn take_beginning(block: &Block, text: &str, distances: &mut Vec<u64>) -> Result<bool, Damaged> {
    for (term, list) in block::everything(block)? {
        if term.starts_with(text) {
            distances.extend(list);
        } else if term.as_str() > text {
            return Ok(true);
        }
    }
    Ok(false)
}
