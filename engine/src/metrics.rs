//! What sessions and shards count. Label sets are closed, every child is resolved here, and nothing is kept per room or per user.

mod highest;
mod maker;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets};
use protocol::{Disconnect, ErrorCode};

pub(crate) use maker::Maker;

use crate::{limits::SHARD_LOG_BYTES_MAX, shard::Ended};
use highest::Highest;

/// Counters of sessions and shards.
#[derive(Debug)]
pub struct EngineMetrics {
    /// Sessions open now.
    pub sessions: IntGauge,
    /// Cursors open now: one per session and channel.
    pub cursors: IntGauge,
    /// Entries that shards took in, once per shard that listens.
    pub taken_entries: IntCounter,
    /// Entries that one sweep began to carry: what gathered since the one before.
    pub sweep_entries: Histogram,
    /// How long sweeps took, from the first listener to the last.
    pub sweep_seconds: Histogram,
    /// Frames of logs handed to sockets: one per entry and listener.
    pub delivered_frames: IntCounter,
    /// Writes that carried something.
    pub writes: IntCounter,
    /// Bytes that sockets took.
    pub written_bytes: IntCounter,
    /// Logs that a shard began anew because it, or the log, could not be followed.
    pub restarted_logs: IntCounter,
    /// Entries that sessions missed and were given back.
    pub recovered_entries: IntCounter,
    /// Older entries that were put in front of a shard's log for a recovery.
    pub prefilled_entries: IntCounter,
    /// Sessions whose socket took no more when their shard looked last.
    pub(crate) lagging: IntGauge,
    /// Frames that such sessions are behind.
    pub(crate) lag_frames: Histogram,
    /// Framed logs of all shards.
    pub(crate) log_bytes: IntGauge,
    most_lagging: Highest,
    log_bytes_max: IntGauge,
    ended: [IntCounter; 2],
    recoveries: [IntCounter; 3],
    connects: Vec<IntCounter>,
    lookups: [IntCounter; 2],
    limits: Vec<IntCounter>,
    closed: Vec<(Disconnect, IntCounter)>,
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

/// Where an account or a login was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookedUp {
    /// Among those read within the last seconds.
    Memory,
    /// It had to be read.
    Store,
}

/// A limit that turned a session's wish down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Messages per second of one session.
    PublishRate,
    /// Subscriptions of one session.
    Subscriptions,
    /// Commands of one session under way.
    Commands,
    /// What a session alone is told and does not take.
    PersonalBytes,
    /// A shard's memory for logs, when somebody wants to recover.
    LogBytes,
}

impl Limit {
    const NAMES: [&'static str; 5] = [
        "publish_rate",
        "subscriptions",
        "commands",
        "personal_bytes",
        "log_bytes",
    ];
}

impl EngineMetrics {
    /// Makes the counters and registers them.
    ///
    /// # Errors
    /// When the registry has them already: two engines need two registries.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let make = Maker(registry);
        Ok(Self {
            sessions: make.gauge(
                "plenum_sessions",
                "Sessions open now: connections whose socket or stream is there, signed in or about to.",
            )?,
            cursors: make.gauge(
                "plenum_cursors",
                "Subscriptions open now: one per session and channel, the own channel of each user among them.",
            )?,
            taken_entries: make.counter(
                "plenum_deliver_entries_total",
                "Entries that shards took in for their listeners, once per worker thread with listeners.",
            )?,
            sweep_entries: make.histogram(
                "plenum_deliver_sweep_entries",
                "Entries of a room that gathered for one sweep over its listeners: more of them make a busy room \
                 cheaper per message.",
                exponential_buckets(1.0, 2.0, 12)?,
            )?,
            sweep_seconds: make.histogram(
                "plenum_deliver_sweep_seconds",
                "How long one sweep took, from a room's first listener to its last: what the last one waits longer \
                 than the first.",
                exponential_buckets(0.000_1, 4.0, 9)?,
            )?,
            delivered_frames: make.counter(
                "plenum_deliver_frames_total",
                "Deliveries: messages and events handed to sockets, one per entry and listener.",
            )?,
            writes: make.counter(
                "plenum_deliver_writes_total",
                "Writes to sockets that carried something: what delivery costs. Deliveries per write say how much \
                 is gathered.",
            )?,
            written_bytes: make.counter("plenum_deliver_bytes_total", "Bytes that sockets and streams took.")?,
            restarted_logs: make.counter(
                "plenum_deliver_restarts_total",
                "Logs that a worker thread had to begin anew because it was too slow to follow or the log was \
                 replaced; its listeners recover.",
            )?,
            recovered_entries: make.counter(
                "plenum_recovered_entries_total",
                "Entries that sessions had missed and were given back.",
            )?,
            prefilled_entries: make.counter(
                "plenum_recovery_prefilled_entries_total",
                "Older entries read for recoveries, once for everybody who comes back at the same time. Far below \
                 plenum_recovered_entries_total: sharing works.",
            )?,
            lagging: make.gauge(
                "plenum_sessions_lagging",
                "Sessions that are behind now: their socket took no more when looked at, once a second.",
            )?,
            lag_frames: make.histogram(
                "plenum_sessions_lag_frames",
                "How many messages and events a session is behind; each one that is behind is counted once a second.",
                exponential_buckets(1.0, 4.0, 10)?,
            )?,
            log_bytes: make.gauge(
                "plenum_deliver_log_bytes",
                "Bytes of rooms' newest entries that worker threads hold ready to send: what recovery and slow \
                 phones live on.",
            )?,
            most_lagging: Highest::new(make.gauge(
                "plenum_sessions_lag_frames_max",
                "Messages and events that the session furthest behind lacks. Who falls out of what is held ready \
                 loses the subscription and recovers.",
            )?),
            log_bytes_max: make.gauge(
                "plenum_deliver_log_max_bytes",
                "What plenum_deliver_log_bytes may be. Near it the busiest rooms hold less ready, and recoveries \
                 may be refused for now.",
            )?,
            ended: make.counters(
                "plenum_subscriptions_ended_total",
                "Subscriptions that the server ended. lagged: a phone too slow for its room, it recovers; removed: \
                 no longer a member.",
                "reason",
                ["removed", "lagged"],
            )?,
            recoveries: make.counters(
                "plenum_recoveries_total",
                "Subscriptions that asked for what they missed. recovered: all of it came; not_recovered: too much, \
                 the client loads anew; refused: no memory or no store for now, it tries again.",
                "outcome",
                ["recovered", "not_recovered", "refused"],
            )?,
            connects: make
                .counters(
                    "plenum_connects_total",
                    "Connect commands by outcome. unavailable: the store did not answer or the node leaves; \
                     expired: the client fetches a new token; unauthorized: the token is not good.",
                    "outcome",
                    CONNECTS,
                )?
                .into(),
            lookups: make.counters(
                "plenum_account_lookups_total",
                "Accounts and logins looked up for tokens and calls. memory: read within the last seconds; store: \
                 read now. Many from the store while sessions return: the reconnects cost reads.",
                "source",
                ["memory", "store"],
            )?,
            limits: make
                .counters(
                    "plenum_limits_reached_total",
                    "Wishes of sessions that a limit turned down. publish_rate: limits.publish_per_second; \
                     log_bytes: no memory for a recovery now; personal_bytes: closed, it takes no replies.",
                    "limit",
                    Limit::NAMES,
                )?
                .into(),
            closed: {
                let name = "plenum_sessions_closed_total";
                let help = "Sessions that the server closed, by reason. slow and no pong: phones or networks; \
                 shutdown: a node leaves; others: clients that do something wrong.";
                let counters = IntCounterVec::new(Opts::new(name, help), &["reason"])?;
                registry.register(Box::new(counters.clone()))?;
                let by_reason = Disconnect::ALL
                    .iter()
                    .map(|&why| (why, counters.with_label_values(&[why.reason()])));
                by_reason.collect()
            },
        })
    }

    pub(crate) fn ended(&self, why: Ended) {
        let index = match why {
            Ended::Removed => 0,
            Ended::Lagged => 1,
        };
        self.ended[index].inc();
    }

    pub(crate) fn closed(&self, why: Disconnect) {
        if let Some((_, counter)) = self.closed.iter().find(|(reason, _)| *reason == why) {
            counter.inc();
        }
    }

    pub(crate) fn recovery(&self, outcome: RecoveryOutcome) {
        self.recoveries[outcome as usize].inc();
    }

    /// A connect command was answered; None: it let the client in.
    pub(crate) fn connect(&self, refused: Option<ErrorCode>) {
        self.connects[connect_outcome(refused)].inc();
    }

    pub(crate) fn looked_up(&self, place: LookedUp) {
        self.lookups[place as usize].inc();
    }

    pub(crate) fn limited(&self, limit: Limit) {
        self.limits[limit as usize].inc();
    }

    /// Counts a shard in; its number among the shards.
    pub(crate) fn enlist_shard(&self) -> usize {
        self.log_bytes_max.add(SHARD_LOG_BYTES_MAX as i64);
        self.most_lagging.enlist()
    }

    /// Frames that the shard's most lagging session is behind now.
    pub(crate) fn show_most_lagging(&self, shard: usize, frames: u64) {
        self.most_lagging.show(shard, frames);
    }
}

const CONNECTS: [&str; 7] = [
    "connected",
    "expired",
    "unauthorized",
    "denied",
    "too_many",
    "unavailable",
    "refused",
];

/// A connect's place in [`CONNECTS`].
const fn connect_outcome(refused: Option<ErrorCode>) -> usize {
    match refused {
        None => 0,
        Some(ErrorCode::TokenExpired | ErrorCode::Expired) => 1,
        Some(ErrorCode::Unauthorized) => 2,
        Some(ErrorCode::PermissionDenied) => 3,
        Some(ErrorCode::TooManyRequests) => 4,
        Some(ErrorCode::Unavailable) => 5,
        Some(_) => 6,
    }
}
