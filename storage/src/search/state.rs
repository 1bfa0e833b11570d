//! What a room's index consists of: one row per room, replaced as a whole. It is the only thing that makes segments
//! count: blocks of a segment that it does not list are nothing.

use super::{analyzer, times::Times, varint};

/// A segment: the postings of a range of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The partition of its blocks; random, never used again.
    pub id: u64,
    /// The first seq of its range.
    pub first_seq: u64,
    /// The last seq of its range. Edits in the range are filed under the message that they change, which may lie before.
    pub last_seq: u64,
    /// Bytes of its blocks.
    pub bytes: u64,
    /// How new its messages are at most.
    pub times: Times,
}

impl Segment {
    /// Log entries in its range.
    pub fn entries(&self) -> u64 {
        self.last_seq + 1 - self.first_seq
    }
}

/// A segment that is not listed: being written, or replaced by a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// The partition.
    pub id: u64,
    /// Since when, Unix milliseconds.
    pub since_ms: i64,
}

/// The state of a room's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchState {
    /// One more with every replacement; 0: there is none yet.
    pub revision: u64,
    /// The version of the analyzer that made the terms.
    pub analyzer: u32,
    /// Everything up to this seq is in segments.
    pub indexed_to: u64,
    /// The segments in the order of their ranges, without holes.
    pub segments: Vec<Segment>,
    /// What is to be removed.
    pub retired: Vec<Retired>,
}

impl Default for SearchState {
    fn default() -> Self {
        Self {
            revision: 0,
            analyzer: analyzer::VERSION,
            indexed_to: 0,
            segments: Vec::new(),
            retired: Vec::new(),
        }
    }
}

impl SearchState {
    /// Whether this build can search with it.
    pub fn is_current(&self) -> bool {
        self.analyzer == analyzer::VERSION
    }

    /// Everything but revision and `indexed_to`, which are columns, as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, u64::from(self.analyzer));
        varint::put(&mut bytes, self.segments.len() as u64);
        for segment in &self.segments {
            for number in [segment.id, segment.first_seq, segment.last_seq, segment.bytes] {
                varint::put(&mut bytes, number);
            }
        }
        varint::put(&mut bytes, self.retired.len() as u64);
        for retired in &self.retired {
            varint::put(&mut bytes, retired.id);
            varint::put(&mut bytes, u64::try_from(retired.since_ms).unwrap_or(0));
        }
        for segment in &self.segments {
            segment.times.encode(&mut bytes);
        }
        bytes
    }

    /// Reads what [`Self::encode`] wrote; None: damaged.
    pub fn decode(revision: u64, indexed_to: u64, mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        let mut state = Self {
            revision,
            indexed_to,
            analyzer: u32::try_from(varint::take(from)?).ok()?,
            ..Self::default()
        };
        for _ in 0..varint::take(from)? {
            state.segments.push(Segment {
                id: varint::take(from)?,
                first_seq: varint::take(from)?,
                last_seq: varint::take(from)?,
                bytes: varint::take(from)?,
                times: Times::default(),
            });
        }
        for _ in 0..varint::take(from)? {
            state.retired.push(Retired {
                id: varint::take(from)?,
                since_ms: i64::try_from(varint::take(from)?).ok()?,
            });
        }
        // A state of an older build ends here.
        if !from.is_empty() {
            for segment in &mut state.segments {
                segment.times = Times::decode(from)?;
            }
        }
        from.is_empty().then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::times::Clock;

    #[test]
    fn a_state_comes_back_as_it_was_and_a_cut_one_does_not() {
        let mut clock = Clock::new(300);
        clock.note(300, 1_700_000_000_000);
        let mut state = SearchState {
            revision: 7,
            indexed_to: 300,
            segments: vec![Segment {
                id: u64::MAX >> 1,
                first_seq: 1,
                last_seq: 300,
                bytes: 9_999,
                times: clock.times(),
            }],
            retired: vec![Retired {
                id: 5,
                since_ms: 1_700_000_000_000,
            }],
            ..SearchState::default()
        };
        let bytes = state.encode();
        assert_eq!(SearchState::decode(7, 300, &bytes), Some(state.clone()));
        let times_bytes = {
            let mut times = Vec::new();
            state.segments[0].times.encode(&mut times);
            times.len()
        };
        let (older, _) = bytes.split_at(bytes.len() - times_bytes);
        for cut in (0..bytes.len()).filter(|cut| *cut != older.len()) {
            assert_eq!(SearchState::decode(7, 300, &bytes[..cut]), None);
        }
        state.segments[0].times = Times::default();
        assert_eq!(
            SearchState::decode(7, 300, older),
            Some(state),
            "of a build without times"
        );
    }
}
