//! Buckets whose end is known: what the index says of them never changes, so it is asked once. Called by whoever reads a log; never holds
//! a bucket that somebody may still write into.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::RoomId;

use super::{index::Bucket, options::SEALED_BUCKETS_KEPT_MAX};

/// By room and first seq.
type Generation = BTreeMap<(RoomId, u64), Bucket>;

/// What was read of the index lately. When the younger half is full the older one goes; what is asked for again moves to the younger.
#[derive(Debug, Default)]
pub(super) struct SealedBuckets(Mutex<[Generation; 2]>);

impl SealedBuckets {
    fn lock(&self) -> MutexGuard<'_, [Generation; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bucket that holds this seq, if it is known.
    pub(super) fn holding(&self, room: RoomId, seq: u64) -> Option<Bucket> {
        let mut generations = self.lock();
        let [young, old] = &*generations;
        if let Some(bucket) = holding(young, room, seq) {
            return Some(bucket);
        }
        let bucket = holding(old, room, seq)?;
        keep(&mut generations, room, bucket);
        Some(bucket)
    }

    /// Remembers those of these buckets that are sealed.
    pub(super) fn keep(&self, room: RoomId, buckets: &[Bucket]) {
        let mut generations = self.lock();
        let sealed = buckets.iter().filter(|bucket| bucket.last_seq.is_some());
        sealed.for_each(|bucket| keep(&mut generations, room, *bucket));
    }
}

fn holding(generation: &Generation, room: RoomId, seq: u64) -> Option<Bucket> {
    let up_to = (Bound::Included((room, 0)), Bound::Included((room, seq)));
    let (_, bucket) = generation.range(up_to).next_back()?;
    bucket.last_seq.is_some_and(|last| last >= seq).then_some(*bucket)
}

fn keep(generations: &mut [Generation; 2], room: RoomId, bucket: Bucket) {
    let [young, old] = generations;
    if young.len() >= SEALED_BUCKETS_KEPT_MAX / 2 {
        *old = std::mem::take(young);
    }
    young.insert((room, bucket.first_seq), bucket);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(first_seq: u64, last_seq: Option<u64>) -> Bucket {
        Bucket {
            first_seq,
            number: first_seq,
            first_ms: 0,
            last_seq,
            rows: None,
            former: None,
        }
    }

    #[test]
    fn a_seq_is_found_in_the_bucket_that_holds_it_and_nowhere_else() {
        let (room, other) = (RoomId::from_key(7), RoomId::from_key(8));
        let sealed = SealedBuckets::default();
        sealed.keep(room, &[bucket(1, Some(10)), bucket(21, Some(30)), bucket(31, None)]);
        let first_seq = |seq| sealed.holding(room, seq).map(|bucket| bucket.first_seq);
        assert_eq!(
            [1, 10, 11, 21, 30].map(first_seq),
            [Some(1), Some(1), None, Some(21), Some(21)]
        );
        assert_eq!(first_seq(31), None, "somebody writes there");
        assert_eq!(sealed.holding(other, 5), None);
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let sealed = SealedBuckets::default();
        let used = RoomId::from_key(0);
        sealed.keep(used, &[bucket(1, Some(1))]);
        for room in 1..=2 * SEALED_BUCKETS_KEPT_MAX as i64 {
            sealed.keep(RoomId::from_key(room), &[bucket(1, Some(1))]);
            assert!(sealed.holding(used, 1).is_some());
        }
        assert!(sealed.holding(RoomId::from_key(1), 1).is_none());
        let kept: usize = sealed.lock().iter().map(BTreeMap::len).sum();
        assert!(kept <= SEALED_BUCKETS_KEPT_MAX, "{kept}");
    }
}
