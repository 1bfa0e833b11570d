//! The same number of actions in every second.

use std::time::Duration;

/// Actions at equal distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steady {
    per_second: f64,
    lasts: Duration,
}

impl Steady {
    /// `per_second` actions, more than 0, for as long as `lasts`.
    pub const fn new(per_second: f64, lasts: Duration) -> Self {
        Self { per_second, lasts }
    }

    pub(super) fn due(&self, index: u64) -> Duration {
        Duration::from_secs_f64(index as f64 / self.per_second)
    }

    pub(super) fn count(&self) -> u64 {
        (self.lasts.as_secs_f64() * self.per_second).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::{Pace, times_ms};

    #[tokio::test(start_paused = true)]
    async fn steady_load_comes_at_equal_distances_and_ends() {
        let times = times_ms(Pace::Steady(Steady::new(4.0, Duration::from_secs(2)))).await;
        assert_eq!(times, [0, 250, 500, 750, 1000, 1250, 1500, 1750]);
    }

    #[tokio::test(start_paused = true)]
    async fn distances_below_the_timers_step_do_not_lower_the_rate() {
        let times = times_ms(Pace::Steady(Steady::new(5_000.0, Duration::from_secs(1)))).await;
        assert_eq!(times.len(), 5_000);
        assert!(times.iter().all(|time| *time <= 1_000));
        assert_eq!(
            times.iter().filter(|time| **time < 500).count(),
            2_500 - 4,
            "the first half, but for one step"
        );
    }
}
