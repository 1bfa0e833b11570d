//! Timestamps of rows that are derived from a log: they follow from a seq, not from a clock.
//!
//! A row that is written again (by a repetition, by whoever takes a log over) gets the same timestamp, so nothing changes; a row that a
//! later entry has changed keeps the change, whenever the earlier write arrives.

/// Room between two seqs for changes that are no entries (mutes).
const STEP: i64 = 1 << 12;

/// The timestamp of what follows from the entry at `seq`; 0: from the room's creation. It stays below the servers' clock, in
/// microseconds, for the first 400 billion entries, so they never take it for a time in the future.
pub(super) const fn stamp(seq: u64) -> i64 {
    seq.cast_signed().saturating_add(1).saturating_mul(STEP)
}

/// The timestamp of a change that is no entry, of a value last written at `written`, in a log that ends at `seq`.
pub(super) fn stamp_between(seq: u64, written: Option<i64>) -> i64 {
    let from = stamp(seq);
    written.map_or(from, |written| from.max(written)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_between_two_entries_come_after_the_first_and_before_the_second() {
        let mut written = None;
        for _ in 0..1_000 {
            let next = stamp_between(7, written);
            assert!(next > stamp(7) && next < stamp(8));
            assert!(written.is_none_or(|before| next > before));
            written = Some(next);
        }
        assert_eq!(stamp_between(9, written), stamp(9) + 1);
    }
}
