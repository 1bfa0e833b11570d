//! How new the messages of a segment are at most, told by a few times: so a search knows without reading a row which rooms can not have
//! anything new enough for its page.
//!
//! The times stand the closer together the nearer they are to the segment's end: one for the last seq, one for the seqs that are one before
//! it, two or three, four to seven, and so on. A million entries have 21 of them, and a place's age is never taken for less than half of what it is.

use std::sync::Arc;

use super::varint;

/// Times of a segment by the distance from its last seq, Unix milliseconds; none of them is greater than the one before it. Without any it
/// says nothing, as one that an older build has written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times(Arc<[i64]>);

/// Which of the times holds for a distance.
fn place(distance: u64) -> usize {
    (u64::BITS - distance.leading_zeros()) as usize
}

/// The smallest distance that a time holds for.
fn nearest(place: usize) -> u64 {
    if place == 0 { 0 } else { 1 << (place - 1) }
}

impl Times {
    /// When the message at this distance from the end was sent at the latest; None: nothing is known. Also for what lies before the
    /// segment: messages that were changed in its range.
    pub(super) fn latest_ms(&self, distance: u64) -> Option<i64> {
        self.0.get(place(distance)).or(self.0.last()).copied()
    }

    /// Of segments whose ranges follow each other, each told as its last seq and its times, for one that spans all of them from this seq on.
    pub(super) fn merged(first_seq: u64, parts: &[(u64, Self)]) -> Self {
        let Some((last_seq, _)) = parts.last() else {
            return Self::default();
        };
        let latest_ms = |seq: u64| {
            let (end, times) = parts.iter().find(|(end, _)| *end >= seq)?;
            times.latest_ms(end - seq)
        };
        let seqs = (0..).map_while(|place| last_seq.checked_sub(nearest(place)).filter(|seq| *seq >= first_seq));
        // Behind a part that says nothing there is nothing to say either.
        Self(seqs.map_while(latest_ms).collect())
    }

    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        varint::put(to, self.0.len() as u64);
        let mut before = None;
        for time_ms in self.0.iter() {
            let number = before.map_or(*time_ms, |before: i64| before - time_ms);
            varint::put(to, u64::try_from(number).unwrap_or(0));
            before = Some(*time_ms);
        }
    }

    pub(super) fn decode(from: &mut &[u8]) -> Option<Self> {
        let (mut times, mut before) = (Vec::new(), None);
        for _ in 0..varint::take(from)? {
            let number = i64::try_from(varint::take(from)?).ok()?;
            let time_ms = match before {
                Some(before) => i64::checked_sub(before, number)?,
                None => number,
            };
            times.push(time_ms);
            before = Some(time_ms);
        }
        Some(Self(times.into()))
    }
}

/// Gathers the times of a range of a log that is walked from its first entry to its last.
pub(super) struct Clock {
    last_seq: u64,
    /// By place; what no entry has stood at yet is None.
    times_ms: Vec<Option<i64>>,
}

impl Clock {
    /// For a range that ends with this seq.
    pub(super) fn new(last_seq: u64) -> Self {
        let times_ms = Vec::new();
        Self { last_seq, times_ms }
    }

    /// An entry of the range.
    pub(super) fn note(&mut self, seq: u64, time_ms: i64) {
        let place = place(self.last_seq.saturating_sub(seq));
        if self.times_ms.len() <= place {
            self.times_ms.resize(place + 1, None);
        }
        let known = &mut self.times_ms[place];
        *known = (*known).max(Some(time_ms));
    }

    pub(super) fn times(self) -> Times {
        // Of what comes further from the end nothing is newer, also where no entry stands.
        let times = self.times_ms.into_iter().rev().scan(None, |newest, time_ms| {
            *newest = time_ms.max(*newest);
            *newest
        });
        let mut times: Vec<i64> = times.collect();
        times.reverse();
        Times(times.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a range in which each entry comes ten milliseconds behind the one before it.
    fn of_range(first: u64, last: u64) -> Times {
        let mut clock = Clock::new(last);
        (first..=last).for_each(|seq| clock.note(seq, at(seq)));
        clock.times()
    }

    fn at(seq: u64) -> i64 {
        1_700_000_000_000 + 10 * seq as i64
    }

    fn assert_holds(times: &Times, first: u64, last: u64) {
        for seq in first..=last {
            let (latest, age) = (times.latest_ms(last - seq).expect("known"), at(last) - at(seq));
            assert!(latest >= at(seq), "{seq} is newer");
            assert!(at(last) - latest >= age / 2, "{seq} is taken for much newer than it is");
        }
    }

    #[test]
    fn no_message_is_newer_than_it_says_and_none_is_half_as_old() {
        let times = of_range(101, 1_100);
        assert_holds(&times, 101, 1_100);
        assert_eq!(times.0.len(), 11);
        let before = times.latest_ms(50_000).expect("older than all of it");
        assert_eq!(before, at(1_100 - 512));
        assert_eq!(Times::default().latest_ms(3), None);
    }

    #[test]
    fn several_together_say_what_one_would() {
        let parts: Vec<(u64, Times)> = (0..8)
            .map(|part| (100 * part + 100, of_range(100 * part + 1, 100 * part + 100)))
            .collect();
        let merged = Times::merged(1, &parts);
        assert_eq!(merged.0.len(), of_range(1, 800).0.len());
        for seq in 1..=800 {
            assert!(merged.latest_ms(800 - seq).expect("known") >= at(seq), "{seq} is newer");
        }
        let with_old = [parts[0].clone(), (200, Times::default()), parts[2].clone()];
        let merged = Times::merged(1, &with_old);
        assert_eq!(merged.latest_ms(150), merged.latest_ms(64), "the nearest that is known");
    }

    #[test]
    fn entries_that_are_not_there_take_nothing_away() {
        let mut clock = Clock::new(100);
        for seq in [1, 40, 97] {
            clock.note(seq, at(seq));
        }
        let times = clock.times();
        assert_eq!(times.latest_ms(0), Some(at(97)));
        assert_eq!(times.latest_ms(9), Some(at(40)));
        assert_eq!(times.latest_ms(60), Some(at(40)));
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let times = of_range(1, 300);
        let mut bytes = Vec::new();
        times.encode(&mut bytes);
        assert!(bytes.len() < 40, "{} bytes", bytes.len());
        assert_eq!(Times::decode(&mut bytes.as_slice()), Some(times));
    }
}
