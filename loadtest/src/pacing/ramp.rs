//! A load that grows from nothing to its full rate.

use std::time::Duration;

/// Actions ever closer to each other; half as many as at the full rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    per_second_at_end: f64,
    lasts: Duration,
}

impl Ramp {
    /// From 0 up to `per_second_at_end` actions, more than 0, after `lasts`.
    pub const fn new(per_second_at_end: f64, lasts: Duration) -> Self {
        Self {
            per_second_at_end,
            lasts,
        }
    }

    /// The rate is `r·t/d`, so `r·t²/2d` actions have been due at `t`.
    pub(super) fn due(&self, index: u64) -> Duration {
        let squared = 2.0 * self.lasts.as_secs_f64() * index as f64 / self.per_second_at_end;
        Duration::from_secs_f64(squared.sqrt())
    }

    pub(super) fn count(&self) -> u64 {
        (self.lasts.as_secs_f64() * self.per_second_at_end / 2.0).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::{Pace, times_ms};

    #[tokio::test(start_paused = true)]
    async fn a_ramp_brings_three_quarters_of_its_load_in_the_second_half() {
        let times = times_ms(Pace::Ramp(Ramp::new(100.0, Duration::from_secs(4)))).await;
        assert_eq!(times.len(), 200);
        assert_eq!(times.iter().filter(|time| **time < 2_000).count(), 50);
        assert!(times.is_sorted() && times[199] < 4_000);
    }
}
