//! How long something took, many times.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Durations of one kind.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// From a moment until now.
    pub fn add_since(&mut self, begun: Instant) {
        self.0.push(begun.elapsed());
    }

    /// Those of another row of measurements as well.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Median, 99 of 100, and the longest, in milliseconds.
    pub fn json(mut self) -> Value {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = |share: f64| {
            let time = self.0.get((last as f64 * share) as usize);
            time.map_or(0.0, Duration::as_secs_f64) * 1_000.0
        };
        json!({ "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0) })
    }
}
