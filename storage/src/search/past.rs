//! Taking out of a room's index what its log has dropped: segments whose range lies before the log's beginning. Called behind each look at a
//! room that does not keep everything; what a call did not come to remove, the next one does. Segments that reach over the border stay: their
//! hits are checked against rows that are not there any more.

use protocol::RoomId;

use super::state::{Retired, SearchState};
use crate::{SegmentId, Store, StoreError};

/// How often a change of a state is tried again after somebody else changed it.
const TRIES_MAX: u32 = 64;

/// Moves the segments before a seq to those that are due at once; the ids of all that are due.
fn retire(state: &mut SearchState, first_seq: u64) -> Vec<u64> {
    let gone = state.segments.extract_if(.., |segment| segment.last_seq < first_seq);
    let gone = gone.map(|segment| Retired {
        id: segment.id,
        since_ms: 0,
    });
    state.retired.extend(gone.collect::<Vec<_>>());
    let due = state.retired.iter().filter(|retired| retired.since_ms == 0);
    due.map(|retired| retired.id).collect()
}

/// Removes the segments of a room that lie before the first seq of its log.
///
/// # Errors
/// What the store says.
pub async fn forget_before(store: &dyn Store, room: RoomId, first_seq: u64) -> Result<(), StoreError> {
    for _ in 0..TRIES_MAX {
        let old = store.search_state(room).await?;
        let mut state = old.clone();
        let due = retire(&mut state, first_seq);
        if due.is_empty() {
            return Ok(());
        }
        // Nobody finds them from here on, and a crash leaves their names behind.
        if state != old {
            if !store.replace_search_state(room, state.clone()).await? {
                continue;
            }
            state.revision += 1;
        }
        for segment in &due {
            let segment = *segment;
            while store.remove_search_blocks(SegmentId { room, segment }).await? {}
        }
        state.retired.retain(|retired| !due.contains(&retired.id));
        if store.replace_search_state(room, state).await? {
            return Ok(());
        }
    }
    Err(StoreError::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Segment, Times};

    #[test]
    fn segments_before_the_beginning_are_due_and_the_one_that_reaches_over_it_stays() {
        let segment = |id, first_seq, last_seq| Segment {
            id,
            first_seq,
            last_seq,
            bytes: 1,
            times: Times::default(),
        };
        let mut state = SearchState {
            segments: vec![segment(1, 1, 9), segment(2, 10, 19), segment(3, 20, 29)],
            retired: vec![Retired { id: 7, since_ms: 5 }],
            indexed_to: 29,
            ..SearchState::default()
        };
        assert_eq!(retire(&mut state, 15), [1]);
        let left: Vec<u64> = state.segments.iter().map(|segment| segment.id).collect();
        assert_eq!((left, state.indexed_to), (vec![2, 3], 29));
        assert_eq!(retire(&mut state, 15), [1], "until it is removed");
    }
}
