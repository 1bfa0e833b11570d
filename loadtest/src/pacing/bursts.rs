//! A load that comes all at once, every second: a host who pastes, a bot that answers.

use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// The whole load of each second at its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    size: u64,
    lasts: Duration,
}

impl Bursts {
    /// `per_second` actions, rounded up, at the beginning of every second of `lasts`.
    pub fn new(per_second: f64, lasts: Duration) -> Self {
        let size = (per_second.ceil() as u64).max(1);
        Self { size, lasts }
    }

    pub(super) fn due(&self, index: u64) -> Duration {
        EVERY * u32::try_from(index / self.size).unwrap_or(u32::MAX)
    }

    pub(super) fn count(&self) -> u64 {
        self.lasts.as_secs_f64().ceil() as u64 * self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::{Pace, times_ms};

    #[tokio::test(start_paused = true)]
    async fn bursts_come_together_at_the_beginning_of_each_second() {
        let times = times_ms(Pace::Bursts(Bursts::new(2.5, Duration::from_secs(3)))).await;
        assert_eq!(times, [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000]);
    }
}
