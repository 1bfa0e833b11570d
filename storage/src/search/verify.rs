//! Whether a segment says what its range of the log says: for the check of a store's consistency.

use std::collections::{HashMap, HashSet};

use super::{
    block::{self, Block},
    document,
    state::{SearchState, Segment},
};
use crate::Entry;

/// An entry of a segment's range, with what has become of its message since.
#[derive(Debug, Clone)]
pub struct LogDocument {
    /// The entry as it is now.
    pub entry: Entry,
    /// It is the newest version of a message that is not deleted.
    pub is_newest: bool,
}

/// What is wrong with a state: ranges with holes, that begin behind the log's first seq, or reach beyond its last one.
pub fn verify_state(state: &SearchState, (first_seq, head_seq): (u64, u64)) -> Vec<String> {
    let mut differences = Vec::new();
    // Segments of what the log has dropped are dropped too.
    let begins = state
        .segments
        .first()
        .map_or(state.indexed_to + 1, |first| first.first_seq);
    let mut next = begins.min(first_seq);
    for segment in &state.segments {
        if segment.first_seq != next || segment.last_seq < segment.first_seq {
            differences.push(format!(
                "a segment begins at {} where {next} belongs",
                segment.first_seq
            ));
        }
        next = segment.last_seq + 1;
    }
    if state.indexed_to + 1 != next || state.indexed_to > head_seq {
        let end = state.indexed_to;
        differences.push(format!(
            "the index ends at {end}, its segments at {}, the log at {head_seq}",
            next - 1
        ));
    }
    differences
}

/// What is wrong with a segment: the newest version of a message that is not filed under each of its terms, or a message
/// that never changed and is filed under something else. What is left of older versions is allowed: hits are checked.
pub fn verify(segment: &Segment, blocks: &[Block], documents: &[LogDocument]) -> Vec<String> {
    let mut filed: HashMap<u64, HashSet<String>> = HashMap::new();
    for block in blocks {
        let Ok(lists) = block::everything(block) else {
            return vec!["a block is damaged".to_owned()];
        };
        for (term, distances) in lists {
            for distance in distances {
                let seq = segment.last_seq.saturating_sub(distance);
                filed.entry(seq).or_default().insert(term.clone());
            }
        }
    }
    let mut differences = Vec::new();
    let nothing = HashSet::new();
    for LogDocument { entry, is_newest } in documents {
        let latest_ms = segment.times.latest_ms(segment.last_seq.saturating_sub(entry.seq));
        if latest_ms.is_some_and(|latest_ms| entry.time_ms > latest_ms) {
            differences.push(format!("entry {} is newer than its segment says", entry.seq));
        }
        let Some(seq) = document::subject(entry).filter(|_| *is_newest) else {
            continue;
        };
        let terms: HashSet<String> = document::terms_of(entry).into_iter().collect();
        let there = filed.get(&seq).unwrap_or(&nothing);
        let is_unchanged = entry.seq == seq && entry.version == 0;
        let is_right = if is_unchanged {
            *there == terms
        } else {
            terms.is_subset(there)
        };
        if !is_right {
            differences.push(format!("entry {} is filed wrongly", entry.seq));
        }
    }
    differences
}
