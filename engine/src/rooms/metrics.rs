//! What the node tells about its rooms. Labels are closed lists; every child is resolved once, at the start.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets};
use protocol::ErrorCode;

use super::{Appended, Exit, Verb};

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A new entry.
    Appended,
    /// The first result of a repeated command.
    Repeated,
    /// Not allowed, not there, not valid.
    Refused,
    /// The room's queue was full.
    TooMany,
    /// Try again later.
    Unavailable,
}

impl Outcome {
    const NAMES: [&'static str; 5] = ["appended", "repeated", "refused", "too_many", "unavailable"];

    /// The outcome behind an answer; a repetition is told apart by whoever finds it.
    pub(crate) fn of(answer: &Result<Appended, protocol::Error>) -> Self {
        match answer {
            Ok(_) => Self::Appended,
            Err(error) => match error.code {
                ErrorCode::TooManyRequests => Self::TooMany,
                ErrorCode::Unavailable => Self::Unavailable,
                _ => Self::Refused,
            },
        }
    }
}

/// The rooms' metrics.
pub(crate) struct RoomMetrics {
    pub(crate) active: IntGauge,
    pub(crate) failing: IntGauge,
    pub(crate) queue_commands: IntGauge,
    pub(crate) queue_bytes: IntGauge,
    pub(crate) batch_entries: Histogram,
    pub(crate) append_seconds: Histogram,
    restarts: Vec<(Exit, IntCounter)>,
    commands: Vec<IntCounter>,
}

impl RoomMetrics {
    /// Registers everything.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| -> prometheus::Result<Histogram> {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok(histogram)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntCounterVec> {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let restarts = counters(
            "plenum_room_restarts_total",
            "Rooms started again after a failure, by reason.",
            &["reason"],
        )?;
        let commands = counters(
            "plenum_commands_total",
            "Answered commands that change a room's log.",
            &["verb", "outcome"],
        )?;
        Ok(Self {
            active: gauge("plenum_rooms_active", "Rooms that are awake.")?,
            failing: gauge("plenum_rooms_failing", "Rooms that failed and have not recovered yet.")?,
            queue_commands: gauge("plenum_room_queue_commands", "Commands that wait in rooms.")?,
            queue_bytes: gauge("plenum_room_queue_bytes", "Bytes of commands that wait in rooms.")?,
            batch_entries: histogram(
                "plenum_append_batch_entries",
                "Entries of one append.",
                exponential_buckets(1.0, 2.0, 11)?,
            )?,
            append_seconds: histogram(
                "plenum_append_seconds",
                "From handing a batch to the store to its answer.",
                exponential_buckets(0.000_25, 2.0, 15)?,
            )?,
            restarts: Exit::RESTARTED
                .map(|exit| (exit, restarts.with_label_values(&[exit.name()])))
                .into(),
            commands: Verb::NAMES
                .iter()
                .flat_map(|verb| Outcome::NAMES.map(|outcome| commands.with_label_values(&[*verb, outcome])))
                .collect(),
        })
    }

    /// A command was answered.
    pub(crate) fn answered(&self, verb: &Verb, outcome: Outcome) {
        self.commands[verb.index() * Outcome::NAMES.len() + outcome as usize].inc();
    }

    /// A room was started again.
    pub(crate) fn restarted(&self, reason: Exit) {
        if let Some((_, counter)) = self.restarts.iter().find(|(exit, _)| *exit == reason) {
            counter.inc();
        }
    }
}
