//! Distributions of times.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::limits::LATENCY_MAX_US;

/// Times in microseconds, exact to one in a thousand; longer ones than ten minutes count as ten minutes.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_max(LATENCY_MAX_US, 3).expect("bounds that fit"))
    }
}

impl Times {
    /// Counts one time.
    pub fn record_us(&mut self, time_us: u64) {
        self.0.saturating_record(time_us);
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the same bounds");
    }

    /// The figures for a report; `None` when nothing was counted.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile: f64| self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| Percentiles {
            count: self.0.len(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.0.max(),
        })
    }
}

/// Some points of a distribution, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many times were counted.
    pub count: u64,
    /// Half were at most this long.
    pub p50_us: u64,
    /// Nine of ten.
    pub p90_us: u64,
    /// Ninety-nine of a hundred.
    pub p99_us: u64,
    /// All but one of a thousand.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_everything_that_was_counted() {
        let (mut one, mut other) = (Times::default(), Times::default());
        assert_eq!(one.percentiles(), None);
        (1..=900).for_each(|_| one.record_us(10));
        (1..=100).for_each(|_| other.record_us(u64::MAX));
        one.add(&other);
        let figures = one.percentiles().expect("something was counted");
        assert_eq!((figures.count, figures.p50_us, figures.p90_us), (1_000, 10, 10));
        assert!(figures.max_us >= LATENCY_MAX_US && figures.p99_us >= LATENCY_MAX_US);
    }
}
