//! A phone's place in the log, and what was wrong on the way there.

use std::collections::BTreeSet;

use crate::limits::MISSING_KEPT;

/// How an offset fits what a phone had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The next one, or one behind a hole.
    New,
    /// One that was missing: it came, but out of order.
    Late,
    /// One that was there before.
    Again,
}

/// Where a phone is: everything up to `last`, but for what is missing.
#[derive(Debug, Clone, Default)]
pub struct Place {
    last: u64,
    missing: BTreeSet<u64>,
    missing_beyond: u64,
}

impl Place {
    /// Begins behind `offset`.
    pub const fn at(offset: u64) -> Self {
        Self {
            last: offset,
            missing: BTreeSet::new(),
            missing_beyond: 0,
        }
    }

    /// The newest offset that the phone has.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Goes on to the next offset; for who has made sure that it is the next.
    pub const fn advance(&mut self) {
        self.last += 1;
    }

    /// Takes note of an offset that came.
    pub fn see(&mut self, offset: u64) -> Seen {
        if offset > self.last {
            self.skip_to(offset - 1);
            self.last = offset;
            return Seen::New;
        }
        let was_missing = self.missing.remove(&offset);
        if was_missing { Seen::Late } else { Seen::Again }
    }

    /// Everything behind the newest offset up to `end` did not come.
    pub fn skip_to(&mut self, end: u64) {
        if end <= self.last {
            return;
        }
        let room = (MISSING_KEPT.saturating_sub(self.missing.len()) as u64).min(end - self.last);
        self.missing.extend(self.last + 1..=self.last + room);
        self.missing_beyond += end - self.last - room;
        self.last = end;
    }

    /// How many offsets did not come while later ones did.
    pub fn holes(&self) -> u64 {
        self.missing.len() as u64 + self.missing_beyond
    }

    /// How many offsets at the end did not come when the log ends at `end`.
    pub const fn not_come(&self, end: u64) -> u64 {
        end.saturating_sub(self.last)
    }

    /// How many offsets did not come when the log ends at `end`.
    #[cfg(test)]
    fn lost(&self, end: u64) -> u64 {
        self.holes() + self.not_come(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_that_gets_everything_in_order_has_lost_nothing() {
        let mut place = Place::at(3);
        assert_eq!([4, 5, 6].map(|offset| place.see(offset)), [Seen::New; 3]);
        assert_eq!((place.last(), place.lost(6)), (6, 0));
    }

    #[test]
    fn a_hole_is_lost_until_it_is_filled_late() {
        let mut place = Place::at(0);
        assert_eq!(place.see(3), Seen::New);
        assert_eq!(place.lost(3), 2);
        assert_eq!(place.see(1), Seen::Late);
        assert_eq!(place.see(1), Seen::Again);
        assert_eq!(place.lost(3), 1);
    }

    #[test]
    fn the_end_of_the_log_counts_as_well() {
        let mut place = Place::at(0);
        place.see(1);
        assert_eq!(place.lost(5), 4);
        assert_eq!(Place::at(7).lost(5), 0);
    }

    #[test]
    fn a_hole_that_is_too_large_to_remember_is_still_counted() {
        let mut place = Place::at(0);
        place.see(10_000_000);
        assert_eq!(place.lost(10_000_000), 9_999_999);
    }
}
