//! Makes metrics and registers them, for the engine's parts.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Makes metrics and registers them at once.
pub(crate) struct Maker<'registry>(pub(crate) &'registry Registry);

impl Maker<'_> {
    pub(crate) fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let gauge = IntGauge::new(name, help)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    pub(crate) fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    pub(crate) fn histogram(&self, name: &str, help: &str, buckets: Vec<f64>) -> prometheus::Result<Histogram> {
        let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }

    /// One counter per value of the label, in the order of the values.
    pub(crate) fn counters<const COUNT: usize>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: [&str; COUNT],
    ) -> prometheus::Result<[IntCounter; COUNT]> {
        let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(values.map(|value| counters.with_label_values(&[value])))
    }
}
