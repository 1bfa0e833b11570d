//! From the command line to a plan: everything is checked before the first connection.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::client::{Encoding, Transport, Variant};

use super::{
    ArgumentError, EncodingName, RunArguments, ScenarioName, ShapeName, TransportName, descriptors::raise_descriptors,
    error::range,
};
use crate::{
    limits::{
        CHATS_MAX, CHATS_OF_PHONE_MAX, HISTORY_MAX, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, MESSAGES_MAX, MISSED_MAX,
        OPENING_MAX, RATE_MAX, SECONDS_MAX, SESSIONS_MAX, SLOW_BYTES_PER_SECOND_MAX, THREADS_MAX,
    },
    mark::Marker,
    pacing::{AtOnce, Bursts, Pace, Ramp, Steady},
    phone::{SlowReading, chats_max},
    random::Random,
    scenario::{Plan, Scenario},
    settings::{ManyChats, Settings},
    target::{Target, TargetUrl},
};

impl RunArguments {
    /// Checks everything and looks the targets up.
    ///
    /// # Errors
    /// When something is out of its range, can't be read, or may not be done.
    pub async fn plan(&self) -> Result<Plan, ArgumentError> {
        self.resolve()?.planned().await
    }

    async fn planned(&self) -> Result<Plan, ArgumentError> {
        self.check()?;
        raise_descriptors(self.sessions)?;
        let seed = self.seed.unwrap_or_else(Random::fresh_seed);
        let run = Random::part(seed, u64::MAX / 2).number() as u32;
        let settings = Settings {
            targets: self.look_up().await?,
            channel: self.channel.clone().unwrap_or_else(|| format!("load-{run:08x}")),
            encoding: self.encoding(),
            variant: self.variant()?,
            tokens: self.tokens()?,
            marker: Marker::new(run),
            seed,
            sessions: self.sessions,
            threads: self.thread_count(),
            opening: self.opening(),
            opening_at_once: self.opening_at_once(),
            publishing: self.publishing(),
            message_bytes: self.size,
            resume_share: self.resume_share,
            lasts: self.lasts(),
            chats: self.many_chats(),
            slow: self.slow(),
            storm: self.name() == ScenarioName::ReconnectStorm,
            away_max: Duration::from_millis(self.away_ms),
            recovery_entries: self.recovery_entries,
            history: if self.name() == ScenarioName::HistoryRush {
                self.history
            } else {
                0
            },
            origin: Instant::now(),
        };
        Ok(Plan {
            scenario: self.scenario(),
            settings: Arc::new(settings),
            rate_per_second: self.rate,
            shape: self.shape_name(),
            server_pid: self.server_pid,
            open_timeout: Duration::from_secs_f64(self.sessions as f64 / self.open_rate)
                + Duration::from_secs(self.open_timeout),
            drain_timeout: Duration::from_secs(self.drain_timeout),
            lag_limit: Duration::from_millis(self.lag_limit_ms),
            members: self.makes_members(),
            rest: Duration::from_secs_f64(self.rest),
            leave: Duration::from_secs_f64(self.leave),
            statements_max: self.statements_max,
            quiet: self.quiet,
        })
    }

    fn check(&self) -> Result<(), ArgumentError> {
        self.check_ranges().map_err(|error| error.placed(&self.given))?;
        self.check_chats()?;
        self.check_members()
    }

    fn check_ranges(&self) -> Result<(), ArgumentError> {
        range("sessions", self.sessions, 1, SESSIONS_MAX.into())?;
        range("rate", self.rate, 0.01, RATE_MAX)?;
        range("seconds", self.seconds, 0.1, SECONDS_MAX as f64)?;
        range("size", self.size, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX)?;
        range("resume-share", self.resume_share, 0.0, 1.0)?;
        range("away-ms", self.away_ms, 0, SECONDS_MAX * 1_000)?;
        range("history", self.history, 1, HISTORY_MAX)?;
        range("open-rate", self.open_rate, 1.0, 1e6)?;
        range("open-timeout", self.open_timeout, 1, SECONDS_MAX)?;
        range("drain-timeout", self.drain_timeout, 1, SECONDS_MAX)?;
        range("rest", self.rest, 0.0, SECONDS_MAX as f64)?;
        range("leave", self.leave, 0.0, SECONDS_MAX as f64)?;
        range("chats", self.chats, 1, CHATS_MAX)?;
        range("chat-interval", self.chat_interval, 0.01, SECONDS_MAX as f64)?;
        range("slow-share", self.slow_share, 0.0, 1.0)?;
        range(
            "slow-bytes-per-second",
            self.slow_bytes_per_second,
            1,
            SLOW_BYTES_PER_SECOND_MAX,
        )?;
        range("missed", self.missed, 0, MISSED_MAX)?;
        range("threads", self.threads.unwrap_or(1), 1, THREADS_MAX)?;
        range("lag-limit-ms", self.lag_limit_ms, 1, 60_000)?;
        if self.publishing().count() <= MESSAGES_MAX {
            return Ok(());
        }
        Err(ArgumentError::Messages {
            name: "rate".to_owned(),
            rate: self.rate,
            seconds: self.seconds,
        })
    }

    /// Chats are made between accounts, so everybody becomes a member first.
    fn makes_members(&self) -> bool {
        self.members || self.name() == ScenarioName::ManyChats
    }

    fn many_chats(&self) -> Option<ManyChats> {
        let chats = ManyChats {
            count: self.chats,
            interval: Duration::from_secs_f64(self.chat_interval),
        };
        (self.name() == ScenarioName::ManyChats).then_some(chats)
    }

    /// Each thread's phones have chats among themselves.
    fn check_chats(&self) -> Result<(), ArgumentError> {
        let threads = self.thread_count();
        let most = chats_max(self.sessions / threads, CHATS_OF_PHONE_MAX) * threads;
        if self.name() == ScenarioName::ManyChats && self.chats > most {
            return Err(ArgumentError::Chats(self.given.place("chats"), self.sessions, most));
        }
        Ok(())
    }

    fn thread_count(&self) -> u64 {
        (self.threads.unwrap_or_else(threads_usual) as u64).min(self.sessions)
    }

    /// Members are made by whoever can sign for them, in a room that is made for them.
    fn check_members(&self) -> Result<(), ArgumentError> {
        let place = || self.given.place("members");
        if !self.makes_members() {
            Ok(())
        } else if self.hmac_secret.is_none() && self.hmac_secret_file.is_none() {
            Err(ArgumentError::MembersUnsigned(place()))
        } else if self.channel.is_some() {
            Err(ArgumentError::MembersChannel(place()))
        } else {
            Ok(())
        }
    }

    async fn look_up(&self) -> Result<Vec<Target>, ArgumentError> {
        let at = |error| ArgumentError::Target(self.given.place("target"), error);
        let mut targets = Vec::new();
        for url in &self.target {
            let target: TargetUrl = url.parse().map_err(at)?;
            targets.push(target.look_up(self.i_own_the_target).await.map_err(at)?);
        }
        if targets.is_empty() {
            return Err(ArgumentError::NoTarget);
        }
        Ok(targets)
    }

    fn scenario(&self) -> Scenario {
        match self.name() {
            ScenarioName::OneBigRoom => Scenario::OneBigRoom,
            ScenarioName::HistoryRush => Scenario::HistoryRush,
            ScenarioName::ReconnectStorm => Scenario::ReconnectStorm,
            ScenarioName::SlowPhones => Scenario::SlowPhones,
            ScenarioName::ManyChats => Scenario::ManyChats,
        }
    }

    const fn encoding(&self) -> Encoding {
        match self.encoding {
            EncodingName::Json => Encoding::Json,
            EncodingName::Protobuf => Encoding::Protobuf,
            EncodingName::Msgpack => Encoding::MessagePack,
        }
    }

    fn slow(&self) -> Option<SlowReading> {
        let reading = SlowReading {
            share: self.slow_share,
            bytes_per_second: self.slow_bytes_per_second,
        };
        (self.name() == ScenarioName::SlowPhones).then_some(reading)
    }

    fn variant(&self) -> Result<Variant, ArgumentError> {
        let transport = match self.transport {
            TransportName::Websocket => Transport::WebSocket,
            TransportName::HttpStream => Transport::HttpStream,
            TransportName::Sse => Transport::Sse,
        };
        Variant::new(self.encoding(), transport).ok_or_else(|| ArgumentError::Transport(self.given.place("transport")))
    }

    fn opening(&self) -> Pace {
        let lasts = Duration::from_secs(2 * SECONDS_MAX);
        Pace::Steady(Steady::new(self.open_rate, lasts))
    }

    fn opening_at_once(&self) -> usize {
        match self.name() {
            ScenarioName::ReconnectStorm => self.sessions as usize,
            _ => OPENING_MAX,
        }
    }

    /// For a rush: the two pages of the past, written before anybody comes.
    fn publishing(&self) -> Pace {
        if self.name() == ScenarioName::HistoryRush {
            return Pace::AtOnce(AtOnce {
                count: 2 * u64::from(self.history),
            });
        }
        let lasts = self.lasts();
        match self.shape {
            ShapeName::Steady => Pace::Steady(Steady::new(self.rate, lasts)),
            ShapeName::Ramp => Pace::Ramp(Ramp::new(self.rate, lasts)),
            ShapeName::Bursts => Pace::Bursts(Bursts::new(self.rate, lasts)),
        }
    }

    /// How long messages are sent: in a storm, until there are as many as are to be missed.
    fn lasts(&self) -> Duration {
        Duration::from_secs_f64(if self.name() == ScenarioName::ReconnectStorm {
            self.missed as f64 / self.rate
        } else {
            self.seconds
        })
    }

    fn shape_name(&self) -> &'static str {
        match (self.name(), self.shape) {
            (ScenarioName::HistoryRush, _) => "at once",
            (_, ShapeName::Steady) => "steady",
            (_, ShapeName::Ramp) => "ramp",
            (_, ShapeName::Bursts) => "bursts",
        }
    }
}

/// One for each four processors, at least one: the server needs the others.
fn threads_usual() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |count| (usize::from(count) / 4).max(1))
        .min(THREADS_MAX)
}

#[cfg(test)]
mod tests;
