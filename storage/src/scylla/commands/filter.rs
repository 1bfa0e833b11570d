//! Which commands a bucket certainly does not hold: a Bloom filter (Bloom, "Space/time trade-offs in hash coding with allowable errors",
//! 1970) over the keys of its records. A room with ten million messages a week has two hundred buckets and probes each of them for each
//! new command, so a guess may be wrong about once in a million times: 32 bits a key and eleven probes. The store is asked about a
//! suspected one, so a wrong guess costs a statement and never a message.

use protocol::RoomId;
use uuid::Uuid;

/// Bits for each key.
const BITS_PER_KEY: usize = 32;
/// Bits that each key sets.
const PROBES: u64 = 11;
/// How a filter is stored; another form gets another number, and this one is nobody's then.
const FORM: u8 = 1;
/// Bytes of the check sum at the end.
const CHECK_BYTES: usize = 16;

/// The sealed bucket that a stored filter speaks of. It stands for nothing but the records of entries up to `last_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) room: RoomId,
    pub(super) number: u64,
    pub(super) last_seq: u64,
}

impl Subject {
    /// The check sum of a filter of this bucket: UUID version 5, RFC 9562, which is SHA-1.
    fn check(&self, stored: &[u8]) -> Uuid {
        let place = Uuid::from_u64_pair(self.room.key().cast_unsigned(), self.number);
        let end = Uuid::new_v5(&place, &self.last_seq.to_be_bytes());
        Uuid::new_v5(&end, stored)
    }
}

/// A set of keys that answers "certainly not there" or "perhaps".
#[derive(Debug, PartialEq, Eq)]
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

    /// Another place for each probe, by the finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
    /// 2014): a few bits of the key alone would make the same keys collide in every probe.
    fn place(&self, key: i64, probe: u64) -> (usize, u64) {
        let mut mixed = key
            .cast_unsigned()
            .wrapping_add(probe.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let word = usize::try_from((mixed >> 32) % self.words.len() as u64).unwrap_or_default();
        (word, 1 << (mixed & 63))
    }

    /// The filter as it is stored: form, bits, check sum.
    pub(super) fn encode(&self, subject: &Subject) -> Vec<u8> {
        let mut stored = vec![FORM];
        stored.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        let check = subject.check(&stored);
        stored.extend(check.as_bytes());
        stored
    }

    /// A stored filter of this bucket; None: it is damaged, of another form, or another bucket's.
    pub(super) fn decode(subject: &Subject, stored: &[u8]) -> Option<Self> {
        let (stored, check) = stored.split_last_chunk::<CHECK_BYTES>()?;
        if subject.check(stored).as_bytes() != check {
            return None;
        }
        let (form, words) = stored.split_first()?;
        let (words, rest) = words.as_chunks::<8>();
        let is_whole = *form == FORM && !words.is_empty() && rest.is_empty();
        is_whole.then(|| Self {
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::key, *};

    fn keys(numbers: std::ops::Range<u128>) -> Vec<i64> {
        let alice = "alice".parse().expect("an id");
        numbers.map(|number| key(&alice, Uuid::from_u128(number))).collect()
    }

    fn filter_of(keys: &[i64]) -> CommandFilter {
        CommandFilter::of(keys.iter().copied())
    }

    const SUBJECT: Subject = Subject {
        room: RoomId::from_key(7),
        number: 1 << 32 | 5,
        last_seq: 250_000,
    };

    #[test]
    fn what_is_there_is_never_denied_and_hardly_anything_else_is_suspected() {
        let held = keys(0..50_000);
        let filter = filter_of(&held);
        assert!(held.iter().all(|key| filter.may_hold(*key)));
        let suspected = keys(50_000..550_000)
            .iter()
            .filter(|key| filter.may_hold(**key))
            .count();
        // 0.6 are to be expected.
        assert!(suspected < 8, "{suspected} of 500,000");
    }

    #[test]
    fn a_filter_of_nothing_holds_nothing() {
        assert!(!filter_of(&[]).may_hold(-7));
    }

    #[test]
    fn a_stored_filter_comes_back_for_its_own_bucket_alone() {
        for held in [0, 1, 1_000] {
            let filter = filter_of(&keys(0..held));
            let stored = filter.encode(&SUBJECT);
            assert_eq!(CommandFilter::decode(&SUBJECT, &stored), Some(filter));
            for foreign in [
                Subject {
                    room: RoomId::from_key(8),
                    ..SUBJECT
                },
                Subject { number: 5, ..SUBJECT },
                Subject {
                    last_seq: 250_001,
                    ..SUBJECT
                },
            ] {
                assert_eq!(CommandFilter::decode(&foreign, &stored), None, "{foreign:?}");
            }
        }
    }

    #[test]
    fn a_damaged_filter_is_none() {
        let stored = filter_of(&keys(0..3)).encode(&SUBJECT);
        for at in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[at] ^= 1;
            assert_eq!(CommandFilter::decode(&SUBJECT, &damaged), None, "byte {at}");
            assert_eq!(CommandFilter::decode(&SUBJECT, &stored[..at]), None, "{at} bytes");
        }
        let with_check = |stored: &[u8]| [stored, SUBJECT.check(stored).as_bytes()].concat();
        for nonsense in [vec![], vec![FORM], vec![FORM; 8], [vec![2], vec![0; 8]].concat()] {
            assert_eq!(
                CommandFilter::decode(&SUBJECT, &with_check(&nonsense)),
                None,
                "{nonsense:?}"
            );
        }
    }
}
