//! Which commands a bucket certainly does not hold: a Bloom filter (Bloom, "Space/time trade-offs in hash coding with allowable errors",
//! 1970) over the keys of its records. Sixteen bits a key and four probes let one new command in four hundred look like a known one; the
//! store is asked about that one, so a wrong guess costs a statement and never a message.

/// Bits for each key.
const BITS_PER_KEY: usize = 16;
/// Bits that each key sets.
const PROBES: u32 = 4;

/// A set of keys that answers "certainly not there" or "perhaps".
#[derive(Debug)]
pub(super) struct CommandFilter {
    words: Vec<u64>,
}

impl CommandFilter {
    /// A filter of these keys, which are spread evenly already: they come out of a hash.
    pub(super) fn of(keys: impl ExactSizeIterator<Item = i64>) -> Self {
        let words = (keys.len() * BITS_PER_KEY).div_ceil(64).max(1);
        let mut filter = Self { words: vec![0; words] };
        for key in keys {
            for probe in 0..PROBES {
                let (word, bit) = filter.place(key, probe);
                filter.words[word] |= bit;
            }
        }
        filter
    }

    /// Whether a key may be there.
    pub(super) fn may_hold(&self, key: i64) -> bool {
        (0..PROBES).all(|probe| {
            let (word, bit) = self.place(key, probe);
            self.words[word] & bit != 0
        })
    }

    fn place(&self, key: i64, probe: u32) -> (usize, u64) {
        // Other bits of the key for each probe; the odd factor keeps them apart in small filters.
        let mixed = key
            .cast_unsigned()
            .rotate_left(probe * 16)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = usize::try_from((mixed >> 32) % self.words.len() as u64).unwrap_or_default();
        (word, 1 << (mixed >> 26 & 63))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::commands, *};

    #[test]
    fn what_is_there_is_never_denied_and_few_others_are_suspected() {
        let alice = "alice".parse().expect("an id");
        let key = |number: u128| commands::key(&alice, Uuid::from_u128(number));
        let held: Vec<i64> = (0..50_000).map(key).collect();
        let filter = CommandFilter::of(held.iter().copied());
        assert!(held.iter().all(|key| filter.may_hold(*key)));
        let suspected = (50_000..100_000).filter(|number| filter.may_hold(key(*number))).count();
        assert!(suspected < 500, "{suspected} of 50,000");
    }

    #[test]
    fn a_filter_of_nothing_holds_nothing() {
        assert!(!CommandFilter::of(std::iter::empty::<i64>().collect::<Vec<_>>().into_iter()).may_hold(-7));
    }
}
