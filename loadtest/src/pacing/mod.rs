//! When things are due: one shape of load per file.
//!
//! A shape knows the intended time of each action since the beginning and nothing else. [`Pacer`] waits for these times;
//! an action that is late stays due at its intended time, so what a slow server holds up is counted against it.

mod at_once;
mod bursts;
mod ramp;
mod steady;

use std::{ops::Range, time::Duration};

use tokio::time::{Instant, sleep_until};

pub use at_once::AtOnce;
pub use bursts::Bursts;
pub use ramp::Ramp;
pub use steady::Steady;

use crate::limits::COMMANDS_AT_ONCE;

/// One shape of load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// See [`AtOnce`].
    AtOnce(AtOnce),
    /// See [`Bursts`].
    Bursts(Bursts),
    /// See [`Ramp`].
    Ramp(Ramp),
    /// See [`Steady`].
    Steady(Steady),
}

impl Pace {
    /// When the action number `index`, from 0, is due; `None` when there are no more.
    pub fn due(&self, index: u64) -> Option<Duration> {
        if index >= self.count() {
            return None;
        }
        Some(match self {
            Self::AtOnce(_) => Duration::ZERO,
            Self::Bursts(shape) => shape.due(index),
            Self::Ramp(shape) => shape.due(index),
            Self::Steady(shape) => shape.due(index),
        })
    }

    /// How many actions there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::AtOnce(shape) => shape.count,
            Self::Bursts(shape) => shape.count(),
            Self::Ramp(shape) => shape.count(),
            Self::Steady(shape) => shape.count(),
        }
    }
}

/// Waits for the actions of a shape in order.
#[derive(Debug)]
pub struct Pacer {
    begin: Instant,
    pace: Pace,
    next: u64,
}

impl Pacer {
    /// Action 0 of `pace` is counted from `begin`.
    pub const fn new(pace: Pace, begin: Instant) -> Self {
        Self { begin, pace, next: 0 }
    }

    /// Waits until something is due and gives all that is, at most [`COMMANDS_AT_ONCE`]; `None` after the last.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn due(&mut self) -> Option<Range<u64>> {
        sleep_until(self.begin + self.pace.due(self.next)?).await;
        let elapsed = Instant::now() - self.begin;
        let first = self.next;
        while self.next - first < COMMANDS_AT_ONCE && self.pace.due(self.next).is_some_and(|due| due <= elapsed) {
            self.next += 1;
        }
        Some(first..self.next)
    }

    /// The intended time of an action, since the beginning.
    pub fn intended(&self, index: u64) -> Duration {
        self.pace.due(index).unwrap_or_default()
    }
}

/// Collects when each action comes, on a clock that only moves when everything waits.
#[cfg(test)]
pub(crate) async fn times_ms(pace: Pace) -> Vec<u64> {
    let begin = Instant::now();
    let mut pacer = Pacer::new(pace, begin);
    let mut times = Vec::new();
    while let Some(range) = pacer.due().await {
        let now_ms = begin.elapsed().as_millis() as u64;
        times.extend(range.map(|_| now_ms));
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_held_up_is_still_due_at_its_intended_time() {
        let pace = Pace::Steady(Steady::new(10.0, Duration::from_secs(1)));
        let mut pacer = Pacer::new(pace, Instant::now());
        assert_eq!(pacer.due().await, Some(0..1));
        tokio::time::sleep(Duration::from_millis(350)).await;
        assert_eq!(pacer.due().await, Some(1..4), "all that became due meanwhile");
        assert_eq!(pacer.intended(2), Duration::from_millis(200));
    }
}
