//! What a node says of itself to Prometheus.

use std::time::{Duration, Instant};

use super::Node;

/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

impl Node {
    /// A figure of `/metrics`.
    #[track_caller]
    pub fn metric(&self, series: &str) -> u64 {
        let page = self.nobody().get("/metrics").body;
        let value = page
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("{series} is not there"));
        value.parse().expect("a whole number")
    }

    /// Waits until a figure is as it should be.
    #[track_caller]
    pub fn becomes(&self, series: &str, is_right: impl Fn(u64) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let value = self.metric(series);
            if is_right(value) {
                return;
            }
            assert!(Instant::now() < until, "{series} stays {value}");
            std::thread::yield_now();
        }
    }
}
