//! What the node tells about its rooms. Labels are closed lists; every child is resolved once, at the start.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets};
use protocol::ErrorCode;

use super::{Appended, Exit, Verb};
use crate::metrics::Maker;

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
    pub(crate) woken: IntCounter,
    pub(crate) slept: IntCounter,
    pub(crate) failing: IntGauge,
    pub(crate) queue_commands: IntGauge,
    pub(crate) queue_bytes: IntGauge,
    pub(crate) batch_entries: Histogram,
    pub(crate) append_seconds: Histogram,
    restarts: [(Exit, IntCounter); 4],
    commands: Vec<IntCounter>,
}

impl RoomMetrics {
    /// Registers everything.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let make = Maker(registry);
        let [panicked, failed, stuck, blocked] = make.counters(
            "plenum_room_restarts_total",
            "Rooms started again after a failure. panic and error: see the log; stuck: an answer never came; \
             blocked: a whole thread stood still. Their commands waited meanwhile.",
            "reason",
            Exit::RESTARTED.map(Exit::name),
        )?;
        let [by_panic, by_error, by_stuck, by_blocked] = Exit::RESTARTED;
        let commands = IntCounterVec::new(
            Opts::new(
                "plenum_commands_total",
                "Answered commands that change a room. refused: not allowed or not valid; too_many: the room's \
                 queue was full; unavailable: the store did not answer in time, the sender tries again.",
            ),
            &["verb", "outcome"],
        )?;
        registry.register(Box::new(commands.clone()))?;
        Ok(Self {
            active: make.gauge(
                "plenum_rooms_active",
                "Rooms that are awake: somebody listens to them or sent something a moment ago.",
            )?,
            woken: make.counter(
                "plenum_rooms_woken_total",
                "Rooms that were started: by a first command or after a failure. Each one costs a read of its log's \
                 end.",
            )?,
            slept: make.counter(
                "plenum_rooms_slept_total",
                "Rooms that went to sleep because nobody needed them.",
            )?,
            failing: make.gauge(
                "plenum_rooms_failing",
                "Rooms that failed and have not recovered yet. Above 0 for minutes: /readyz names them, the log \
                 says why.",
            )?,
            queue_commands: make.gauge(
                "plenum_room_queue_commands",
                "Commands that wait in rooms, shown a few times a second. Growing: the store is slower than the \
                 senders.",
            )?,
            queue_bytes: make.gauge(
                "plenum_room_queue_bytes",
                "Bytes of the commands that wait in rooms; the node refuses more at its limit.",
            )?,
            batch_entries: make.histogram(
                "plenum_append_batch_entries",
                "Entries that one room hands to the store at once.",
                exponential_buckets(1.0, 2.0, 11)?,
            )?,
            append_seconds: make.histogram(
                "plenum_append_seconds",
                "From handing a room's batch to the store to its answer, with the wait for other rooms: what \
                 senders wait for.",
                exponential_buckets(0.000_25, 2.0, 15)?,
            )?,
            restarts: [
                (by_panic, panicked),
                (by_error, failed),
                (by_stuck, stuck),
                (by_blocked, blocked),
            ],
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
