//! Pages in memory, bounded in bytes: the one that was not used for longest goes first.

use std::collections::{BTreeMap, HashMap};

use protocol::RoomId;

use super::answers::{Found, PageKey, PageValue};
use crate::limits::PAGE_KEPT_BYTES_MAX;

#[derive(Debug)]
struct Kept {
    value: PageValue,
    size_bytes: usize,
    /// Ascending.
    shows: Vec<u64>,
    /// The count of mark changes that it was read under, if it depends on marks.
    marks: Option<u64>,
    used: u64,
}

/// The pages of a node.
#[derive(Debug)]
pub(super) struct KeptPages {
    by_room: HashMap<RoomId, HashMap<PageKey, Kept>>,
    by_use: BTreeMap<u64, PageKey>,
    uses: u64,
    size_bytes: usize,
    size_bytes_max: usize,
}

impl KeptPages {
    /// No pages yet, and never more than `size_bytes_max` of them.
    pub(super) fn new(size_bytes_max: usize) -> Self {
        Self {
            by_room: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            size_bytes: 0,
            size_bytes_max,
        }
    }

    /// Bytes of all pages.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// A page that is true while the count of mark changes is `marks`.
    pub(super) fn get(&mut self, key: &PageKey, marks: u64) -> Option<PageValue> {
        let kept = self.by_room.get_mut(&key.room)?.get_mut(key)?;
        if kept.marks.is_some_and(|under| under != marks) {
            return None;
        }
        self.uses += 1;
        self.by_use.remove(&kept.used);
        kept.used = self.uses;
        self.by_use.insert(self.uses, *key);
        Some(kept.value.clone())
    }

    /// Keeps a page that was read under this count of mark changes.
    pub(super) fn put(&mut self, key: PageKey, found: &Found, marks: u64) {
        self.remove(&key);
        let mut shows = found.shows.clone();
        shows.sort_unstable();
        shows.dedup();
        let size_bytes = found.value.size_bytes() + shows.len() * size_of::<u64>();
        if size_bytes > PAGE_KEPT_BYTES_MAX.min(self.size_bytes_max) {
            return;
        }
        self.uses += 1;
        let kept = Kept {
            value: found.value.clone(),
            size_bytes,
            shows,
            marks: found.depends_on_marks.then_some(marks),
            used: self.uses,
        };
        self.size_bytes += size_bytes;
        self.by_use.insert(self.uses, key);
        self.by_room.entry(key.room).or_default().insert(key, kept);
        while self.size_bytes > self.size_bytes_max {
            let Some((_, oldest)) = self.by_use.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            self.remove(&oldest);
        }
    }

    /// Forgets the room's pages that show the message at `seq`.
    pub(super) fn forget_message(&mut self, room: RoomId, seq: u64) {
        let pages = self.by_room.get(&room).into_iter().flatten();
        let showing: Vec<PageKey> = pages
            .filter(|(_, kept)| kept.shows.binary_search(&seq).is_ok())
            .map(|(key, _)| *key)
            .collect();
        showing.iter().for_each(|key| self.remove(key));
    }

    /// Forgets all pages of a room.
    pub(super) fn forget_room(&mut self, room: RoomId) {
        for kept in self.by_room.remove(&room).into_iter().flat_map(HashMap::into_values) {
            self.by_use.remove(&kept.used);
            self.size_bytes -= kept.size_bytes;
        }
    }

    fn remove(&mut self, key: &PageKey) {
        let Some(pages) = self.by_room.get_mut(&key.room) else {
            return;
        };
        if let Some(kept) = pages.remove(key) {
            self.by_use.remove(&kept.used);
            self.size_bytes -= kept.size_bytes;
        }
        if pages.is_empty() {
            self.by_room.remove(&key.room);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Epoch, client::Publication, payload::Payload};

    use super::*;
    use crate::warm::What;

    fn key(room: u64, first: u64) -> PageKey {
        PageKey {
            room: RoomId::from_key(room as i64),
            epoch: Epoch::from_key(1),
            what: What::Entries {
                first,
                last: first + 1,
                limit: 2,
                is_reverse: false,
            },
        }
    }

    fn found(shows: &[u64], depends_on_marks: bool) -> Found {
        let data = Payload::from_trusted(bytes::Bytes::from(vec![b'1'; 1_000]));
        Found {
            value: PageValue::Entries(vec![Publication::new(1, data)].into()),
            shows: shows.to_vec(),
            depends_on_marks,
        }
    }

    #[test]
    fn the_pages_that_were_not_used_for_longest_make_room() {
        let one = found(&[1], false).value.size_bytes() + 8;
        let mut pages = KeptPages::new(3 * one);
        for first in 0..3 {
            pages.put(key(1, first), &found(&[1], false), 0);
        }
        assert!(pages.get(&key(1, 0), 0).is_some(), "used again");
        pages.put(key(2, 0), &found(&[1], false), 0);
        assert_eq!(pages.size_bytes(), 3 * one);
        assert!(pages.get(&key(1, 1), 0).is_none(), "the one that nobody has used");
        let others = [key(1, 0), key(1, 2), key(2, 0)];
        assert!(others.iter().all(|other| pages.get(other, 0).is_some()));
        pages.forget_room(RoomId::from_key(1));
        assert_eq!(pages.size_bytes(), one);
        pages.forget_message(RoomId::from_key(2), 1);
        assert_eq!((pages.size_bytes(), pages.by_use.len(), pages.by_room.len()), (0, 0, 0));
    }

    #[test]
    fn a_page_too_large_for_the_memory_is_not_kept() {
        let mut pages = KeptPages::new(500);
        pages.put(key(1, 0), &found(&[1], false), 0);
        assert!(pages.get(&key(1, 0), 0).is_none());
        assert_eq!(pages.size_bytes(), 0);
    }

    #[test]
    fn a_page_goes_with_a_message_that_it_shows_and_with_marks_that_it_depends_on() {
        let mut pages = KeptPages::new(1 << 20);
        pages.put(key(1, 0), &found(&[9, 5, 7], false), 0);
        pages.put(key(1, 1), &found(&[6], true), 4);
        pages.forget_message(RoomId::from_key(1), 6);
        assert!(pages.get(&key(1, 1), 4).is_none());
        assert!(pages.get(&key(1, 0), 9).is_some());
        pages.forget_message(RoomId::from_key(1), 5);
        assert!(pages.get(&key(1, 0), 9).is_none());
        pages.put(key(1, 1), &found(&[6], true), 4);
        assert!(pages.get(&key(1, 1), 5).is_none());
        assert!(pages.get(&key(1, 1), 4).is_some());
    }
}
