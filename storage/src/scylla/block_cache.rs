//! Blocks of the index of messages that were read lately. A segment that searches know never changes, so a block answers for all keys
//! between its own and the greatest one that it was the answer for. Called by searches; a segment that is written to or removed is forgotten.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::options::SEARCH_BLOCKS_BYTES_MAX;
use crate::{SegmentId, search::Block};

/// What one block takes beside its key and its postings.
const OVERHEAD_BYTES: usize = 200;

/// The last block at or before all keys from its own up to another.
#[derive(Debug, Clone)]
struct Piece {
    until: Vec<u8>,
    /// None: there is no block at or before these keys.
    data: Option<Bytes>,
}

/// By segment and key.
#[derive(Debug, Default)]
struct Generation {
    segments: HashMap<SegmentId, BTreeMap<Vec<u8>, Piece>>,
    bytes: usize,
}

impl Generation {
    fn find(&self, segment: SegmentId, key: &[u8]) -> Option<(&Vec<u8>, &Piece)> {
        let up_to = (Bound::Unbounded, Bound::Included(key));
        let (first, piece) = self.segments.get(&segment)?.range::<[u8], _>(up_to).next_back()?;
        (piece.until.as_slice() >= key).then_some((first, piece))
    }

    fn keep(&mut self, segment: SegmentId, first: Vec<u8>, piece: Piece) {
        let pieces = self.segments.entry(segment).or_default();
        if let Some(known) = pieces.get_mut(&first) {
            if known.until < piece.until {
                known.until = piece.until;
            }
            return;
        }
        self.bytes += OVERHEAD_BYTES + first.len() + piece.data.as_ref().map_or(0, |data| data.len());
        pieces.insert(first, piece);
    }
}

/// When the younger half is full the older one goes; what is asked for again moves to the younger.
#[derive(Debug, Default)]
pub(super) struct BlockCache(Mutex<[Generation; 2]>);

impl BlockCache {
    fn lock(&self) -> MutexGuard<'_, [Generation; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last block of a segment at or before a key, or that there is none; None: it has to be read.
    pub(super) fn find(&self, segment: SegmentId, key: &[u8]) -> Option<Option<Block>> {
        let mut generations = self.lock();
        let [young, old] = &*generations;
        if let Some((first, piece)) = young.find(segment, key) {
            return Some(block(first, piece));
        }
        let (first, piece) = old.find(segment, key)?;
        let (first, piece) = (first.clone(), piece.clone());
        let found = block(&first, &piece);
        keep(&mut generations, segment, first, piece);
        Some(found)
    }

    /// Remembers what a read of this key has given.
    pub(super) fn keep(&self, segment: SegmentId, key: Vec<u8>, found: Option<&Block>) {
        let piece = Piece {
            until: key,
            data: found.map(|block| block.data.clone()),
        };
        let first = found.map(|block| block.key.clone()).unwrap_or_default();
        keep(&mut self.lock(), segment, first, piece);
    }

    /// A segment changes, or goes.
    pub(super) fn forget(&self, segment: SegmentId) {
        for generation in &mut *self.lock() {
            // Its bytes count until the generation goes.
            generation.segments.remove(&segment);
        }
    }
}

fn block(first: &[u8], piece: &Piece) -> Option<Block> {
    piece.data.as_ref().map(|data| Block {
        key: first.to_vec(),
        data: data.clone(),
    })
}

fn keep(generations: &mut [Generation; 2], segment: SegmentId, first: Vec<u8>, piece: Piece) {
    let [young, old] = generations;
    if young.bytes >= SEARCH_BLOCKS_BYTES_MAX / 2 {
        *old = std::mem::take(young);
    }
    young.keep(segment, first, piece);
}

#[cfg(test)]
mod tests {
    use protocol::RoomId;

    use super::*;

    const SEGMENT: SegmentId = SegmentId {
        room: RoomId::from_key(1),
        segment: 1,
    };

    fn read(key: &str, bytes: usize) -> Block {
        Block {
            key: key.into(),
            data: vec![b'x'; bytes].into(),
        }
    }

    /// The key of the block that answers.
    fn known(cache: &BlockCache, segment: SegmentId, key: &str) -> Option<Option<String>> {
        let found = cache.find(segment, key.as_bytes())?;
        Some(found.map(|block| String::from_utf8(block.key).expect("text")))
    }

    #[test]
    fn a_block_answers_for_the_keys_it_has_answered_for_and_those_between() {
        let cache = BlockCache::default();
        cache.keep(SEGMENT, b"cherry".to_vec(), Some(&read("banana", 9)));
        cache.keep(SEGMENT, b"aaa".to_vec(), None);
        let banana = Some(Some("banana".to_owned()));
        assert_eq!(known(&cache, SEGMENT, "banana"), banana);
        assert_eq!(known(&cache, SEGMENT, "cherry"), banana);
        assert_eq!(known(&cache, SEGMENT, "date"), None, "another block may begin there");
        assert_eq!(known(&cache, SEGMENT, "a"), Some(None), "nothing is before it");
        assert_eq!(known(&cache, SEGMENT, "apple"), None);
        cache.keep(SEGMENT, b"date".to_vec(), Some(&read("banana", 9)));
        assert_eq!(known(&cache, SEGMENT, "damson"), banana);
        let other = SegmentId { segment: 2, ..SEGMENT };
        assert_eq!(known(&cache, other, "banana"), None);
        cache.forget(SEGMENT);
        assert_eq!(known(&cache, SEGMENT, "banana"), None);
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let cache = BlockCache::default();
        cache.keep(SEGMENT, b"used".to_vec(), Some(&read("used", 1)));
        let bytes = 4_000;
        for segment in 2..2 + 2 * SEARCH_BLOCKS_BYTES_MAX / bytes {
            let segment = SegmentId {
                segment: segment as u64,
                ..SEGMENT
            };
            cache.keep(segment, b"key".to_vec(), Some(&read("key", bytes)));
            assert!(known(&cache, SEGMENT, "used").is_some());
        }
        assert_eq!(known(&cache, SegmentId { segment: 2, ..SEGMENT }, "key"), None);
        let kept: usize = cache.lock().iter().map(|generation| generation.bytes).sum();
        assert!(kept <= SEARCH_BLOCKS_BYTES_MAX + 2 * bytes, "{kept}");
    }
}
