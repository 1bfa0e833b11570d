//! What sessions and shards count. Label sets are closed, and every child is resolved before the hot path.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use protocol::Disconnect;

use crate::shard::Ended;

/// Counters of sessions and shards.
#[derive(Debug)]
pub struct EngineMetrics {
    /// Sessions open now.
    pub sessions: IntGauge,
    /// Cursors open now: one per session and channel.
    pub cursors: IntGauge,
    /// Entries that shards took in, once per shard that listens.
    pub taken_entries: IntCounter,
    /// How long sweeps took, from the first listener to the last.
    pub sweep_seconds: Histogram,
    /// Frames of logs handed to sockets: one per entry and listener.
    pub delivered_frames: IntCounter,
    /// Writes that carried something.
    pub writes: IntCounter,
    /// Bytes that sockets took.
    pub written_bytes: IntCounter,
    ended: IntCounterVec,
    closed: IntCounterVec,
    recoveries: IntCounterVec,
}

/// How a recovery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryOutcome {
    /// Everything missed follows.
    Recovered,
    /// The client was told its place anew.
    NotRecovered,
    /// Refused for now.
    Refused,
}

impl EngineMetrics {
    /// Makes the counters and registers them.
    ///
    /// # Errors
    /// When the registry has them already: two engines need two registries.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let labelled = |name: &str, help: &str, label: &str, values: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            for value in values {
                counters.with_label_values(&[value]);
            }
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let reasons: Vec<_> = Disconnect::ALL.iter().map(|why| why.reason()).collect();
        let outcomes = ["recovered", "not_recovered", "refused"];
        Ok(Self {
            sessions: gauge("plenum_sessions", "Sessions open now.")?,
            cursors: gauge("plenum_cursors", "Cursors open now: one per session and channel.")?,
            taken_entries: counter(
                "plenum_deliver_entries_total",
                "Entries that shards took in, once per shard that listens.",
            )?,
            sweep_seconds: {
                let buckets = prometheus::exponential_buckets(0.000_1, 4.0, 9)?;
                let options =
                    HistogramOpts::new("plenum_deliver_sweep_seconds", "How long sweeps took.").buckets(buckets);
                let histogram = Histogram::with_opts(options)?;
                registry.register(Box::new(histogram.clone()))?;
                histogram
            },
            delivered_frames: counter("plenum_deliver_frames_total", "Frames of logs handed to sockets.")?,
            writes: counter(
                "plenum_deliver_writes_total",
                "Writes to sockets that carried something.",
            )?,
            written_bytes: counter("plenum_deliver_bytes_total", "Bytes that sockets took.")?,
            ended: labelled(
                "plenum_subscriptions_ended_total",
                "Subscriptions that the server ended.",
                "reason",
                &["removed", "lagged"],
            )?,
            closed: labelled(
                "plenum_sessions_closed_total",
                "Sessions that the server closed.",
                "reason",
                &reasons,
            )?,
            recoveries: labelled(
                "plenum_recoveries_total",
                "Subscriptions that asked for recovery.",
                "outcome",
                &outcomes,
            )?,
        })
    }

    pub(crate) fn ended(&self, why: Ended) {
        let reason = match why {
            Ended::Removed => "removed",
            Ended::Lagged => "lagged",
        };
        self.ended.with_label_values(&[reason]).inc();
    }

    pub(crate) fn closed(&self, why: Disconnect) {
        self.closed.with_label_values(&[why.reason()]).inc();
    }

    pub(crate) fn recovery(&self, outcome: RecoveryOutcome) {
        let outcome = match outcome {
            RecoveryOutcome::Recovered => "recovered",
            RecoveryOutcome::NotRecovered => "not_recovered",
            RecoveryOutcome::Refused => "refused",
        };
        self.recoveries.with_label_values(&[outcome]).inc();
    }
}
