//! What one thread has seen of the log: every entry once, whichever phone brought it first.
//!
//! The first phone's copy of a frame is decoded in full. Frames of a log are the same bytes for everybody, so at all other
//! phones a comparison with that copy is enough, and says more than a look at the offset: not a byte may differ.

use std::collections::VecDeque;

use crate::{
    limits::{FRAMES_KEPT, FRAMES_KEPT_BYTES, MESSAGES_MAX},
    mark::Mark,
};

/// One entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The mark in it; `None` for what somebody else wrote.
    pub mark: Option<Mark>,
    /// Stands for the content.
    pub digest: u64,
    /// When the last phone so far had it, in microseconds since the run's origin; recovered ones don't count.
    pub last_us: u64,
    /// Phones that had it while they were there.
    pub deliveries: u32,
}

/// What became of an entry that a phone brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// The first one of its offset, or the same as before.
    Agrees,
    /// Another content under the same offset.
    Differs,
    /// So far from the log's beginning that it can't be kept.
    OutOfRange,
}

/// The entries behind the place where the run began.
#[derive(Debug)]
pub struct Ledger {
    base: u64,
    entries: Vec<Option<Entry>>,
    /// Frames of the offsets from `frames_first` on; `None` where it came in pieces so far.
    frames: VecDeque<Option<Box<[u8]>>>,
    frames_first: u64,
    frame_bytes: usize,
}

impl Ledger {
    /// A ledger of the entries behind `base`.
    pub const fn new(base: u64) -> Self {
        Self {
            base,
            entries: Vec::new(),
            frames: VecDeque::new(),
            frames_first: 0,
            frame_bytes: 0,
        }
    }

    /// The frame of the entry at `offset` as it was received first, if it is kept.
    pub fn frame(&self, offset: u64) -> Option<&[u8]> {
        let index = offset.checked_sub(self.frames_first)?;
        self.frames.get(usize::try_from(index).ok()?)?.as_deref()
    }

    /// Takes in an entry; `wire` is the frame that held it and nothing else.
    pub fn enter(&mut self, offset: u64, mark: Option<Mark>, digest: u64, wire: Option<&[u8]>) -> Entered {
        if offset <= self.base {
            return Entered::Agrees; // from before the run: nothing is known about it
        }
        let index = offset - self.base - 1;
        if index >= 2 * MESSAGES_MAX {
            return Entered::OutOfRange;
        }
        let index = index as usize;
        if self.entries.len() <= index {
            self.entries.resize(index + 1, None);
        }
        match &self.entries[index] {
            Some(known) if known.digest != digest => return Entered::Differs,
            Some(_) => {}
            None => {
                self.entries[index] = Some(Entry {
                    mark,
                    digest,
                    last_us: 0,
                    deliveries: 0,
                });
            }
        }
        if let Some(wire) = wire {
            self.keep(offset, wire);
        }
        Entered::Agrees
    }

    /// Counts that a phone that was there got the entry at `offset`; gives when it was due, if it is one of ours.
    pub fn delivered(&mut self, offset: u64) -> Option<&mut Entry> {
        let index = offset.checked_sub(self.base + 1)?;
        self.entries.get_mut(usize::try_from(index).ok()?)?.as_mut()
    }

    /// The newest offset that any phone brought.
    pub fn end(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    /// The newest offset that holds a message of this run; what others wrote behind it is theirs to judge.
    pub fn end_of_own(&self) -> u64 {
        let is_own = |entry: &Option<Entry>| entry.is_some_and(|entry| entry.mark.is_some());
        self.base
            + self
                .entries
                .iter()
                .rposition(is_own)
                .map_or(0, |index| index as u64 + 1)
    }

    /// All entries, the one behind the base first; `None` where no phone brought one.
    pub fn into_entries(self) -> Vec<Option<Entry>> {
        self.entries
    }

    /// Keeps the newest frames; one that came in pieces is kept when another phone brings it whole.
    fn keep(&mut self, offset: u64, wire: &[u8]) {
        let kept_end = self.frames_first + self.frames.len() as u64;
        if self.frames.is_empty() || offset >= kept_end + FRAMES_KEPT as u64 {
            self.frames.clear();
            self.frame_bytes = 0;
            self.frames_first = offset;
        }
        let Some(index) = offset.checked_sub(self.frames_first) else {
            return;
        };
        let index = index as usize; // less than twice FRAMES_KEPT
        if self.frames.len() <= index {
            self.frames.resize(index + 1, None);
        }
        if self.frames[index].is_none() {
            self.frames[index] = Some(wire.into());
            self.frame_bytes += wire.len();
        }
        while self.frames.len() > FRAMES_KEPT || self.frame_bytes > FRAMES_KEPT_BYTES {
            let dropped = self.frames.pop_front().flatten();
            self.frame_bytes -= dropped.map_or(0, |frame| frame.len());
            self.frames_first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_offset_with_another_content_is_noticed() {
        let mut ledger = Ledger::new(5);
        assert_eq!(ledger.enter(6, None, 1, Some(b"six")), Entered::Agrees);
        assert_eq!(ledger.enter(6, None, 1, None), Entered::Agrees);
        assert_eq!(ledger.enter(6, None, 2, None), Entered::Differs);
        assert_eq!(ledger.enter(u64::MAX, None, 2, None), Entered::OutOfRange);
        assert_eq!(ledger.end(), 6);
    }

    #[test]
    fn what_others_write_behind_ones_own_messages_is_no_end_to_wait_for() {
        let mut ledger = Ledger::new(5);
        assert_eq!(ledger.end_of_own(), 5);
        let mark = Mark {
            number: 1,
            intended_us: 0,
        };
        ledger.enter(7, Some(mark), 1, None);
        ledger.enter(9, None, 2, None);
        assert_eq!((ledger.end_of_own(), ledger.end()), (7, 9));
    }

    #[test]
    fn frames_are_found_by_offset_and_the_oldest_go_first() {
        let mut ledger = Ledger::new(0);
        for offset in 1..=FRAMES_KEPT as u64 + 2 {
            ledger.enter(offset, None, 0, Some(&offset.to_be_bytes()));
        }
        assert_eq!((ledger.frame(0), ledger.frame(2)), (None, None));
        assert_eq!(ledger.frame(3), Some(&3_u64.to_be_bytes()[..]));
        let last = FRAMES_KEPT as u64 + 2;
        assert_eq!(ledger.frame(last), Some(&last.to_be_bytes()[..]));
    }

    #[test]
    fn a_frame_that_came_in_pieces_first_is_kept_when_it_comes_whole() {
        let mut ledger = Ledger::new(0);
        ledger.enter(1, None, 0, Some(b"one"));
        ledger.enter(2, None, 0, None);
        ledger.enter(3, None, 0, Some(b"three"));
        assert_eq!(
            [1, 2, 3].map(|offset| ledger.frame(offset)),
            [Some(&b"one"[..]), None, Some(b"three")]
        );
        ledger.enter(2, None, 0, Some(b"two"));
        assert_eq!(ledger.frame(2), Some(&b"two"[..]));
        let far = 3 * FRAMES_KEPT as u64;
        ledger.enter(far, None, 0, Some(b"far"));
        assert_eq!((ledger.frame(3), ledger.frame(far)), (None, Some(&b"far"[..])));
    }
}
