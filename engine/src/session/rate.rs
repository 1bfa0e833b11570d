//! How fast one session may publish.

/// A token bucket that holds one second's worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    per_second: u32,
    /// Thousandths of a publish.
    left: u32,
    filled_ms: i64,
}

impl Rate {
    /// Full; 0 per second: no limit.
    pub(super) fn new(per_second: u32, now_ms: i64) -> Self {
        Self {
            per_second,
            left: per_second.saturating_mul(1_000),
            filled_ms: now_ms,
        }
    }

    /// Takes one publish out, if there is one.
    pub(super) fn take(&mut self, now_ms: i64) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let full = self.per_second.saturating_mul(1_000);
        let passed_ms = u32::try_from(now_ms - self.filled_ms).unwrap_or(0).min(1_000);
        self.left = self
            .left
            .saturating_add(passed_ms.saturating_mul(self.per_second))
            .min(full);
        self.filled_ms = self.filled_ms.max(now_ms);
        let is_allowed = self.left >= 1_000;
        if is_allowed {
            self.left -= 1_000;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_second_passes_and_then_the_rate() {
        let mut rate = Rate::new(20, 0);
        assert_eq!((0..30).filter(|_| rate.take(0)).count(), 20);
        assert!(!rate.take(49));
        assert!(rate.take(100));
        assert!(rate.take(100));
        assert!(!rate.take(100));
    }

    #[test]
    fn zero_means_no_limit() {
        let mut rate = Rate::new(0, 0);
        assert!((0..100_000).all(|_| rate.take(0)));
    }
}
