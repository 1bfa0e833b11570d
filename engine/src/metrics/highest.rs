//! The highest of a figure that each shard has one of.

use std::sync::{Mutex, PoisonError};

use prometheus::IntGauge;

/// A gauge over all shards. Each shows its own figure once a second; the lock is held for as many steps as there are shards.
#[derive(Debug)]
pub(super) struct Highest {
    by_shard: Mutex<Vec<i64>>,
    gauge: IntGauge,
}

impl Highest {
    /// No shard yet.
    pub(super) fn new(gauge: IntGauge) -> Self {
        Self {
            by_shard: Mutex::default(),
            gauge,
        }
    }

    /// One more shard; its number.
    pub(super) fn enlist(&self) -> usize {
        let mut shards = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        shards.push(0);
        shards.len() - 1
    }

    /// A shard's figure is this now.
    pub(super) fn show(&self, shard: usize, figure: u64) {
        let mut shards = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shards.get_mut(shard) {
            *known = i64::try_from(figure).unwrap_or(i64::MAX);
        }
        self.gauge.set(shards.iter().copied().max().unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_of_all_shards_is_shown_and_falls_with_the_one_that_had_it() {
        let highest = Highest::new(IntGauge::new("highest", "The highest.").expect("a name"));
        let (one, two) = (highest.enlist(), highest.enlist());
        highest.show(one, 7);
        highest.show(two, 3);
        assert_eq!(highest.gauge.get(), 7);
        highest.show(one, 0);
        assert_eq!(highest.gauge.get(), 3);
    }
}
