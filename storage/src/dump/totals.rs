//! How much there is of each kind of record, and a hash of it that depends on nothing else: not on the order in which a
//! backend gives its records, not on the cuts between files, not on the backend.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use super::RecordKind;

/// The sum of the SHA-256 of records, modulo 2^256: the same in any order, and a record that is missing, doubled or
/// changed makes another one. It guards against mistakes and damage, not against somebody who wants to deceive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest([u64; 4]);

impl Digest {
    /// Adds the hash of some bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        self.sum(Self::from_bytes(&hash));
    }

    /// Adds another sum.
    pub fn sum(&mut self, other: Self) {
        let mut carry = false;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, eight) in limbs.iter_mut().zip(bytes.as_chunks().0) {
            *limb = u64::from_le_bytes(*eight);
        }
        Self(limbs)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.iter().flat_map(|limb| limb.to_le_bytes());
        bytes.into_iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not 64 hexadecimal digits";
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(WRONG);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| WRONG)?;
        }
        Ok(Self::from_bytes(&bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// How much there is of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KindTotal {
    /// How many records.
    pub records: u64,
    /// The sum of their hashes.
    pub hash: Digest,
}

/// How much there is of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals([KindTotal; RecordKind::ALL.len()]);

impl Totals {
    /// Counts a record by its canonical bytes.
    pub(super) fn count(&mut self, kind: RecordKind, bytes: &[u8]) {
        let total = &mut self.0[kind as usize - 1];
        total.records += 1;
        total.hash.add(bytes);
    }

    /// Adds other totals.
    pub fn sum(&mut self, other: &Self) {
        for (total, more) in self.0.iter_mut().zip(other.0) {
            total.records += more.records;
            total.hash.sum(more.hash);
        }
    }

    /// Of one kind.
    pub fn of(&self, kind: RecordKind) -> KindTotal {
        self.0[kind as usize - 1]
    }

    /// All records.
    pub fn records(&self) -> u64 {
        self.0.iter().map(|total| total.records).sum()
    }

    /// The kinds in which two totals differ.
    pub fn differences(&self, other: &Self) -> Vec<RecordKind> {
        let differs = |kind: &RecordKind| self.of(*kind) != other.of(*kind);
        RecordKind::ALL.into_iter().filter(differs).collect()
    }
}

/// A map by the kinds' names, all of them; what older formats did not have may be missing.
impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(RecordKind::ALL.into_iter().map(|kind| (kind.name(), self.of(kind))))
    }
}

impl<'de> Deserialize<'de> for Totals {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut map = BTreeMap::<String, KindTotal>::deserialize(from)?;
        let mut totals = Self::default();
        for kind in RecordKind::ALL {
            totals.0[kind as usize - 1] = match map.remove(kind.name()) {
                Some(total) => total,
                None if kind.is_in_every_format() => return Err(D::Error::missing_field(kind.name())),
                None => KindTotal::default(),
            };
        }
        match map.pop_first() {
            Some((unknown, _)) => Err(D::Error::custom(format!("unknown kind of record {unknown}"))),
            None => Ok(totals),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_records_and_the_cuts_between_files_do_not_matter() {
        let (mut whole, mut one, mut other) = (Digest::default(), Digest::default(), Digest::default());
        for record in [b"a", b"b", b"c"] {
            whole.add(record);
        }
        one.add(b"c");
        other.add(b"b");
        other.add(b"a");
        one.sum(other);
        assert_eq!(one, whole);
        assert_eq!(whole.to_string().parse(), Ok(whole));
    }

    #[test]
    fn the_totals_of_an_older_format_lack_what_came_later_and_nothing_else() {
        let written = serde_json::to_value(Totals::default()).expect("JSON");
        let without = |kind: RecordKind| {
            let mut totals = written.clone();
            totals.as_object_mut().expect("a map").remove(kind.name());
            serde_json::from_value::<Totals>(totals)
        };
        assert_eq!(
            without(RecordKind::Invitation).expect("of an older format"),
            Totals::default()
        );
        assert!(without(RecordKind::Entry).is_err() && without(RecordKind::UserEntry).is_err());
    }

    #[test]
    fn a_missing_and_a_doubled_record_are_seen() {
        let (mut once, mut twice) = (Digest::default(), Digest::default());
        once.add(b"a");
        twice.add(b"a");
        twice.add(b"a");
        assert_ne!(once, twice);
        assert_ne!(once, Digest::default());
    }

    #[test]
    fn a_carry_goes_through_all_limbs_and_out() {
        let mut highest = Digest([u64::MAX; 4]);
        highest.sum(Digest([1, 0, 0, 0]));
        assert_eq!(highest, Digest::default());
    }
}
