//! What there is of the CQL driver on a node without one: its figures, which every node shows, so that a dashboard has no holes.

mod metrics;

pub use metrics::DriverMetrics;
