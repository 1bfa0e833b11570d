//! Making segments: out of log entries, or out of several segments.

use std::collections::HashMap;

use super::{
    block::{self, Block, Writer},
    document,
    limits::{MERGE_READ_BLOCKS, WRITE_BYTES_MAX},
    state::Segment,
};
use crate::{Entry, SegmentId, Store, StoreError};

/// Gathers the postings of a range of a log.
#[derive(Default)]
pub(super) struct Builder {
    lists: HashMap<String, Vec<u64>>,
}

impl Builder {
    /// Adds an entry of the range.
    pub(super) fn add(&mut self, entry: &Entry) {
        let Some(seq) = document::subject(entry) else { return };
        document::visit_terms(entry, |term| match self.lists.get_mut(term) {
            Some(list) if list.last() == Some(&seq) => {}
            Some(list) => list.push(seq),
            None => drop(self.lists.insert(term.to_owned(), vec![seq])),
        });
    }

    /// The blocks of a segment whose range ends with this seq.
    pub(super) fn blocks(self, last_seq: u64) -> Vec<Block> {
        let mut lists: Vec<(String, Vec<u64>)> = self.lists.into_iter().collect();
        lists.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut writer = Writer::default();
        for (term, seqs) in lists {
            writer.add(&term, &distances(seqs, last_seq));
        }
        writer.finish()
    }
}

fn distances(seqs: Vec<u64>, last_seq: u64) -> Vec<u64> {
    let mut distances: Vec<u64> = seqs.into_iter().map(|seq| last_seq.saturating_sub(seq)).collect();
    distances.sort_unstable();
    distances.dedup();
    distances
}

/// Writes blocks in steps that hold nothing up; gives their bytes.
pub(super) async fn write(store: &dyn Store, id: SegmentId, blocks: Vec<Block>) -> Result<u64, StoreError> {
    let (mut written, mut step, mut step_bytes) = (0, Vec::new(), 0);
    for block in blocks {
        step_bytes += block.key.len() + block.data.len();
        step.push(block);
        if step_bytes >= WRITE_BYTES_MAX {
            store.put_search_blocks(id, std::mem::take(&mut step)).await?;
            written += std::mem::take(&mut step_bytes) as u64;
        }
    }
    if !step.is_empty() {
        store.put_search_blocks(id, step).await?;
    }
    Ok(written + step_bytes as u64)
}

/// Writes one segment with the postings of several whose ranges follow each other; gives its bytes. None: it was told to
/// stop.
pub(super) async fn merge(
    store: &dyn Store,
    from: &[(SegmentId, Segment)],
    to: SegmentId,
    is_stopped: impl Fn() -> bool,
) -> Result<Option<u64>, StoreError> {
    let last_seq = from.last().map_or(0, |(_, segment)| segment.last_seq);
    let mut readers = Vec::with_capacity(from.len());
    for (id, segment) in from {
        let mut reader = Reader::new(*id, segment.last_seq);
        reader.advance(store).await?;
        readers.push(reader);
    }
    let (mut writer, mut written) = (Writer::default(), 0);
    while let Some(term) = readers.iter().filter_map(Reader::term).min().map(str::to_owned) {
        let mut seqs = Vec::new();
        for reader in &mut readers {
            if reader.term() == Some(&term) {
                seqs.append(&mut reader.seqs);
                reader.advance(store).await?;
            }
        }
        writer.add(&term, &distances(seqs, last_seq));
        if writer.ready_bytes() >= WRITE_BYTES_MAX {
            written += write(store, to, writer.take()).await?;
            if is_stopped() {
                return Ok(None);
            }
        }
    }
    Ok(Some(written + write(store, to, writer.finish()).await?))
}

/// Walks a segment's lists in the order of their terms.
struct Reader {
    id: SegmentId,
    last_seq: u64,
    blocks: std::vec::IntoIter<Block>,
    last_key: Option<Vec<u8>>,
    is_read: bool,
    /// Lists of the block at hand, the next at the end.
    lists: Vec<(String, Vec<u64>)>,
    term: Option<String>,
    seqs: Vec<u64>,
}

impl Reader {
    fn new(id: SegmentId, last_seq: u64) -> Self {
        Self {
            id,
            last_seq,
            blocks: Vec::new().into_iter(),
            last_key: None,
            is_read: false,
            lists: Vec::new(),
            term: None,
            seqs: Vec::new(),
        }
    }

    fn term(&self) -> Option<&str> {
        self.term.as_deref()
    }

    /// Goes on to the next term, with its whole list.
    async fn advance(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.term = None;
        self.seqs.clear();
        while self.fill(store).await? {
            let is_next = self
                .lists
                .last()
                .is_some_and(|(term, _)| self.term.as_ref().is_none_or(|at| at == term));
            if !is_next {
                break;
            }
            let Some((term, distances)) = self.lists.pop() else {
                break;
            };
            self.seqs.extend(
                distances
                    .into_iter()
                    .map(|distance| self.last_seq.saturating_sub(distance)),
            );
            self.term = Some(term);
        }
        Ok(())
    }

    /// Sees to it that a list is at hand; false: the segment is over.
    async fn fill(&mut self, store: &dyn Store) -> Result<bool, StoreError> {
        while self.lists.is_empty() {
            if self.blocks.len() == 0 && !self.is_read {
                let after = self.last_key.clone();
                let blocks = store.search_blocks_behind(self.id, after, MERGE_READ_BLOCKS).await?;
                self.is_read = blocks.len() < MERGE_READ_BLOCKS;
                self.last_key = blocks.last().map(|block| block.key.clone()).or(self.last_key.take());
                self.blocks = blocks.into_iter();
            }
            let Some(block) = self.blocks.next() else {
                return Ok(false);
            };
            self.lists = block::everything(&block)?;
            self.lists.reverse();
        }
        Ok(true)
    }
}
