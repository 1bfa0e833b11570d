//! A small bounded map whose entries are believed for some time only.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Values with the time they were read at. When it is full, what is too old goes; if that does not help, everything goes.
pub(crate) struct Recent<K, V> {
    entries: Mutex<HashMap<K, (V, i64)>>,
    entries_max: usize,
    believed_ms: i64,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// At most `entries_max` values, each believed for `believed_ms` milliseconds.
    pub(crate) fn new(entries_max: usize, believed_ms: i64) -> Self {
        Self {
            entries: Mutex::default(),
            entries_max,
            believed_ms,
        }
    }

    /// The value, if it is still believed at `now_ms`.
    pub(crate) fn get(&self, key: &K, now_ms: i64) -> Option<V> {
        let entries = self.lock();
        let (value, read_ms) = entries.get(key)?;
        self.is_believed(*read_ms, now_ms).then(|| value.clone())
    }

    /// Keeps a value read at `now_ms`.
    pub(crate) fn put(&self, key: K, value: V, now_ms: i64) {
        let mut entries = self.lock();
        if entries.len() >= self.entries_max {
            entries.retain(|_, (_, read_ms)| self.is_believed(*read_ms, now_ms));
            if entries.len() >= self.entries_max {
                entries.clear();
            }
        }
        entries.insert(key, (value, now_ms));
    }

    /// Forgets a value.
    pub(super) fn remove(&self, key: &K) {
        self.lock().remove(key);
    }

    fn is_believed(&self, read_ms: i64, now_ms: i64) -> bool {
        (0..self.believed_ms).contains(&(now_ms - read_ms))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (V, i64)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_believed_for_its_time_and_the_map_stays_bounded() {
        let recent = Recent::new(2, 10);
        recent.put("a", 1, 100);
        assert_eq!(recent.get(&"a", 109), Some(1));
        assert_eq!(recent.get(&"a", 110), None);
        recent.put("b", 2, 105);
        recent.put("c", 3, 112);
        assert_eq!((recent.get(&"b", 112), recent.get(&"c", 112)), (Some(2), Some(3)));
        recent.put("d", 4, 113);
        assert_eq!((recent.get(&"b", 113), recent.get(&"d", 113)), (None, Some(4)));
        recent.remove(&"d");
        assert_eq!(recent.get(&"d", 113), None);
    }
}
