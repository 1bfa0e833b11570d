//! The rows of a segment: blocks of a few kilobytes, each under the key of the first thing in it.
//!
//! A segment's postings are (term, list) in the order of terms. A list tells seqs as distances from the segment's last
//! seq, the newest first. Short lists are packed together; a long one gets blocks of its own, so that a reader that wants
//! the newest, or jumps to a place, reads that part alone. A key is the term, a zero byte (no term has one) and the
//! first distance: whoever wants the part of a list from a distance on asks for the last block at or before that key.

use bytes::Bytes;

use super::{
    limits::{BLOCK_BYTES, LIST_BYTES_INLINE_MAX},
    varint,
};

const PACKED: u8 = 0;
const PART: u8 = 1;

/// A row of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its place in the segment: keys sort by their bytes.
    pub key: Vec<u8>,
    /// The postings.
    pub data: Bytes,
}

/// The key of a term's list from a distance on.
pub(super) fn key(term: &str, distance: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(term.len() + 9);
    key.extend_from_slice(term.as_bytes());
    key.push(0);
    key.extend_from_slice(&distance.to_be_bytes());
    key
}

fn term_of(key: &[u8]) -> &[u8] {
    key.iter().position(|byte| *byte == 0).map_or(key, |end| &key[..end])
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// Distances from the segment's last seq, ascending.
    pub(super) distances: Vec<u64>,
    /// The first distance of the next part.
    pub(super) next: Option<u64>,
}

fn put_list(to: &mut Vec<u8>, distances: &[u64]) {
    varint::put(to, distances.len() as u64);
    let mut before = 0;
    for distance in distances {
        varint::put(to, distance - before);
        before = *distance;
    }
}

fn take_list(from: &mut &[u8]) -> Option<Vec<u64>> {
    let count = usize::try_from(varint::take(from)?).ok()?;
    // Each takes a byte at least: a damaged count allocates nothing.
    let mut distances = Vec::with_capacity(count.min(from.len()));
    let mut distance = 0_u64;
    for _ in 0..count {
        distance = distance.checked_add(varint::take(from)?)?;
        distances.push(distance);
    }
    Some(distances)
}

/// Makes blocks out of lists that come in the order of their terms.
#[derive(Default)]
pub(super) struct Writer {
    packed: Vec<u8>,
    first_term: String,
    last_term: String,
    done: Vec<Block>,
}

impl Writer {
    /// Adds a term's whole list: distances ascending, at least one.
    pub(super) fn add(&mut self, term: &str, distances: &[u64]) {
        let mut list = Vec::with_capacity(distances.len() + 4);
        put_list(&mut list, distances);
        if list.len() > LIST_BYTES_INLINE_MAX {
            self.end_packed();
            self.add_parts(term, distances);
            return;
        }
        if self.packed.len() + list.len() + term.len() > BLOCK_BYTES {
            self.end_packed();
        }
        if self.packed.is_empty() {
            self.packed.push(PACKED);
            term.clone_into(&mut self.first_term);
            self.last_term.clear();
        }
        let shared = self
            .last_term
            .bytes()
            .zip(term.bytes())
            .take_while(|(one, other)| one == other)
            .count();
        varint::put(&mut self.packed, shared as u64);
        varint::put(&mut self.packed, (term.len() - shared) as u64);
        self.packed.extend_from_slice(&term.as_bytes()[shared..]);
        varint::put(&mut self.packed, list.len() as u64);
        self.packed.extend_from_slice(&list);
        term.clone_into(&mut self.last_term);
    }

    fn add_parts(&mut self, term: &str, distances: &[u64]) {
        // The first part stands at distance 0: whoever asks for less than its first distance finds it too.
        let (mut rest, mut from) = (distances, 0);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            let next = later.first().copied().unwrap_or(0);
            let mut data = vec![PART];
            // Only a first part begins at 0, so 0 says that there is no next.
            varint::put(&mut data, next);
            put_list(&mut data, now);
            self.done.push(Block {
                key: key(term, from),
                data: data.into(),
            });
            (rest, from) = (later, next);
        }
    }

    fn end_packed(&mut self) {
        if !self.packed.is_empty() {
            self.done.push(Block {
                key: key(&self.first_term, 0),
                data: std::mem::take(&mut self.packed).into(),
            });
        }
    }

    /// Bytes of the blocks that are ready.
    pub(super) fn ready_bytes(&self) -> usize {
        self.done.iter().map(|block| block.data.len() + block.key.len()).sum()
    }

    /// The blocks that are ready.
    pub(super) fn take(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.done)
    }

    /// The last blocks.
    pub(super) fn finish(mut self) -> Vec<Block> {
        self.end_packed();
        self.done
    }
}

/// How many of the distances fill a block.
fn fitting(distances: &[u64]) -> usize {
    let (mut bytes, mut before) = (0, 0);
    for (count, distance) in distances.iter().enumerate() {
        let bits = 64 - (distance - before).leading_zeros() as usize;
        bytes += bits.div_ceil(7).max(1);
        if bytes > BLOCK_BYTES && count > 0 {
            return count;
        }
        before = *distance;
    }
    distances.len()
}

/// What a block says of a term; None: nothing. `Err`: the block is damaged.
pub(super) fn find(block: &Block, term: &str) -> Result<Option<Part>, Damaged> {
    let mut data = &*block.data;
    match data.split_off_first() {
        Some(&PART) if term_of(&block.key) == term.as_bytes() => read_part(data).map(Some).ok_or(Damaged),
        Some(&PART) => Ok(None),
        Some(&PACKED) => find_packed(data, term).ok_or(Damaged),
        _ => Err(Damaged),
    }
}

fn read_part(mut data: &[u8]) -> Option<Part> {
    let next = varint::take(&mut data)?;
    Some(Part {
        distances: take_list(&mut data)?,
        next: (next > 0).then_some(next),
    })
}

fn find_packed(mut data: &[u8], term: &str) -> Option<Option<Part>> {
    let mut at: Vec<u8> = Vec::new();
    while !data.is_empty() {
        let mut list = take_entry(&mut data, &mut at)?;
        match at.as_slice().cmp(term.as_bytes()) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Greater => return Some(None),
            std::cmp::Ordering::Equal => {
                let distances = take_list(&mut list)?;
                return Some(Some(Part { distances, next: None }));
            }
        }
    }
    Some(None)
}

/// Reads the next term into `at` and gives its list's bytes.
fn take_entry<'a>(data: &mut &'a [u8], at: &mut Vec<u8>) -> Option<&'a [u8]> {
    let shared = usize::try_from(varint::take(data)?).ok()?;
    if shared > at.len() {
        return None;
    }
    at.truncate(shared);
    let suffix = varint::take(data)?;
    at.extend_from_slice(varint::take_bytes(data, suffix)?);
    let bytes = varint::take(data)?;
    varint::take_bytes(data, bytes)
}

/// Everything in a block: terms with their lists, or with parts of them.
pub(super) fn everything(block: &Block) -> Result<Vec<(String, Vec<u64>)>, Damaged> {
    let mut data = &*block.data;
    let is_part = match data.split_off_first() {
        Some(&PART) => true,
        Some(&PACKED) => false,
        _ => return Err(Damaged),
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Damaged);
    if is_part {
        let part = read_part(data).ok_or(Damaged)?;
        return Ok(vec![(text(term_of(&block.key))?, part.distances)]);
    }
    let (mut lists, mut at) = (Vec::new(), Vec::new());
    while !data.is_empty() {
        let mut list = take_entry(&mut data, &mut at).ok_or(Damaged)?;
        lists.push((text(&at)?, take_list(&mut list).ok_or(Damaged)?));
    }
    Ok(lists)
}

/// A block that no version of Plenum writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a block of the search index is damaged; `plenum reindex` builds it anew")]
pub struct Damaged;

impl From<Damaged> for crate::StoreError {
    fn from(error: Damaged) -> Self {
        Self::Failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lists: &[(&str, Vec<u64>)]) -> Vec<Block> {
        let mut writer = Writer::default();
        for (term, list) in lists {
            writer.add(term, list);
        }
        writer.finish()
    }

    fn at_or_before<'a>(blocks: &'a [Block], key: &[u8]) -> Option<&'a Block> {
        blocks.iter().rev().find(|block| block.key.as_slice() <= key)
    }

    #[test]
    fn every_list_is_found_whole_or_by_parts() {
        let long: Vec<u64> = (0..100_000).map(|number| number * 3).collect();
        let mut lists: Vec<(String, Vec<u64>)> = (0..5_000)
            .map(|number| (format!("t{number:05}"), vec![number, number + 9]))
            .collect();
        lists.push(("t02500".to_owned() + "x", long.clone()));
        lists.sort();
        let borrowed: Vec<(&str, Vec<u64>)> = lists.iter().map(|(term, list)| (term.as_str(), list.clone())).collect();
        let blocks = written(&borrowed);
        assert!(blocks.windows(2).all(|pair| pair[0].key < pair[1].key), "keys ascend");
        assert!(blocks.iter().all(|block| block.data.len() <= BLOCK_BYTES + 64));
        for (term, list) in &lists {
            let (mut found, mut from) = (Vec::new(), Some(0));
            while let Some(distance) = from {
                let block = at_or_before(&blocks, &key(term, distance)).expect("a block");
                let part = find(block, term).expect("sound").expect("there");
                found.extend(part.distances);
                from = part.next;
            }
            assert_eq!(&found, list, "{term}");
        }
        let block = at_or_before(&blocks, &key("t02500x", 150_000)).expect("a block");
        let part = find(block, "t02500x").expect("sound").expect("there");
        assert!(part.distances.contains(&150_000), "a jump reads the right part");
        for absent in ["t", "t02500w", "t02500y", "zzz"] {
            let found = at_or_before(&blocks, &key(absent, 0)).map(|block| find(block, absent));
            assert!(matches!(found, None | Some(Ok(None))), "{absent}");
        }
    }

    #[test]
    fn damaged_blocks_are_errors_and_nothing_worse() {
        let block = &written(&[("alpha", vec![1, 2, 3]), ("beta", vec![7])])[0];
        for cut in 0..block.data.len() {
            let damaged = Block {
                key: block.key.clone(),
                data: block.data.slice(..cut),
            };
            let _ = (find(&damaged, "beta"), everything(&damaged));
        }
        for at in 0..block.data.len() {
            let mut data = block.data.to_vec();
            data[at] ^= 0xff;
            let damaged = Block {
                key: block.key.clone(),
                data: data.into(),
            };
            let _ = (find(&damaged, "beta"), everything(&damaged));
        }
        assert!(
            find(
                &Block {
                    key: Vec::new(),
                    data: Bytes::new()
                },
                "a"
            )
            .is_err()
        );
    }
}
