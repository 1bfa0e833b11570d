//! From the command line to a plan: everything is checked before the first connection.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use protocol::client::Encoding;

use super::{EncodingName, RunArguments, ScenarioName, ShapeName, descriptors::raise_descriptors};
use crate::{
    limits::{
        HISTORY_MAX, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, MESSAGES_MAX, OPENING_MAX, RATE_MAX, SECONDS_MAX,
        SESSIONS_MAX, THREADS_MAX,
    },
    mark::Marker,
    pacing::{AtOnce, Bursts, Pace, Ramp, Steady},
    random::Random,
    scenario::{Plan, Scenario},
    settings::Settings,
    target::{Target, TargetError, TargetUrl},
    token::Tokens,
};

/// How much longer than the run signed tokens are valid.
const TOKEN_BEYOND_S: u64 = 24 * 3_600;

/// Why a run was not understood.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// A number out of its range.
    #[error("--{name} is {value}: it must be from {least} to {most}")]
    Range {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// The least that is taken.
        least: String,
        /// The most that is taken.
        most: String,
    },
    /// More than can be kept until the verdict.
    #[error("--rate {rate} for --seconds {seconds} is more than {MESSAGES_MAX} messages")]
    Messages {
        /// Messages per second.
        rate: f64,
        /// Seconds.
        seconds: f64,
    },
    /// Not a server, or not one's own.
    #[error("--target: {0}")]
    Target(#[from] TargetError),
    /// A file.
    #[error("{0} can't be read: {1}")]
    File(String, String),
    /// An empty secret or list.
    #[error("{0} is empty")]
    Empty(String),
    /// The kernel's limit.
    #[error(
        "{sessions} phones need {needed} file descriptors and this process may have {allowed}: \
         raise `ulimit -n`, or start several processes for the same --channel"
    )]
    Descriptors {
        /// Phones.
        sessions: u64,
        /// Descriptors that they need.
        needed: u64,
        /// The limit.
        allowed: u64,
    },
}

impl RunArguments {
    /// Checks everything and looks the targets up.
    ///
    /// # Errors
    /// When something is out of its range, can't be read, or may not be done.
    pub async fn plan(&self) -> Result<Plan, ArgumentError> {
        self.check_ranges()?;
        raise_descriptors(self.sessions)?;
        let seed = self.seed.unwrap_or_else(Random::fresh_seed);
        let run = Random::part(seed, u64::MAX / 2).number() as u32;
        let settings = Settings {
            targets: self.look_up().await?,
            channel: self.channel.clone().unwrap_or_else(|| format!("load-{run:08x}")),
            encoding: self.encoding(),
            tokens: self.tokens()?,
            marker: Marker::new(run),
            seed,
            sessions: self.sessions,
            threads: (self.threads.unwrap_or_else(threads_usual) as u64).min(self.sessions),
            opening: self.opening(),
            opening_at_once: self.opening_at_once(),
            publishing: self.publishing(),
            message_bytes: self.size,
            resume_share: self.resume_share,
            lasts: Duration::from_secs_f64(self.seconds),
            away_max: Duration::from_millis(self.away_ms),
            recovery_entries: self.recovery_entries,
            history: if self.scenario == ScenarioName::HistoryRush {
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
            quiet: self.quiet,
        })
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
        range("threads", self.threads.unwrap_or(1), 1, THREADS_MAX)?;
        range("lag-limit-ms", self.lag_limit_ms, 1, 60_000)?;
        let (rate, seconds) = (self.rate, self.seconds);
        let too_many = self.publishing().count() > MESSAGES_MAX;
        if too_many {
            Err(ArgumentError::Messages { rate, seconds })
        } else {
            Ok(())
        }
    }

    async fn look_up(&self) -> Result<Vec<Target>, ArgumentError> {
        let mut targets = Vec::new();
        for url in &self.target {
            let target: TargetUrl = url.parse()?;
            targets.push(target.look_up(self.i_own_the_target).await?);
        }
        Ok(targets)
    }

    fn tokens(&self) -> Result<Tokens, ArgumentError> {
        if let Some(token) = &self.token {
            return Ok(Tokens::Given(vec![token.0.clone()]));
        }
        if let Some(file) = &self.tokens_file {
            let text = read(file)?;
            let tokens: Vec<_> = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect();
            let empty = || Err(ArgumentError::Empty(file.display().to_string()));
            return if tokens.is_empty() {
                empty()
            } else {
                Ok(Tokens::Given(tokens))
            };
        }
        let key = match (&self.hmac_secret, &self.hmac_secret_file) {
            (Some(key), _) => key.0.clone(),
            (None, Some(file)) => read(file)?.trim_end_matches(['\r', '\n']).to_owned(),
            (None, None) => return Ok(Tokens::None),
        };
        if key.is_empty() {
            return Err(ArgumentError::Empty("the key of --hmac-secret".to_owned()));
        }
        let now_s = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Ok(Tokens::Signed {
            key,
            expires_at_s: now_s + self.seconds as u64 + TOKEN_BEYOND_S,
        })
    }

    const fn scenario(&self) -> Scenario {
        match self.scenario {
            ScenarioName::OneBigRoom => Scenario::OneBigRoom,
            ScenarioName::HistoryRush => Scenario::HistoryRush,
        }
    }

    const fn encoding(&self) -> Encoding {
        match self.encoding {
            EncodingName::Json => Encoding::Json,
            EncodingName::Protobuf => Encoding::Protobuf,
            EncodingName::Msgpack => Encoding::MessagePack,
        }
    }

    const fn opening(&self) -> Pace {
        match self.scenario {
            ScenarioName::OneBigRoom => {
                let lasts = Duration::from_secs(2 * SECONDS_MAX);
                Pace::Steady(Steady::new(self.open_rate, lasts))
            }
            ScenarioName::HistoryRush => Pace::AtOnce(AtOnce { count: self.sessions }),
        }
    }

    const fn opening_at_once(&self) -> usize {
        match self.scenario {
            ScenarioName::OneBigRoom => OPENING_MAX,
            ScenarioName::HistoryRush => self.sessions as usize,
        }
    }

    /// For a rush: the past, written before anybody comes.
    fn publishing(&self) -> Pace {
        if self.scenario == ScenarioName::HistoryRush {
            return Pace::AtOnce(AtOnce {
                count: self.history.into(),
            });
        }
        let lasts = Duration::from_secs_f64(self.seconds);
        match self.shape {
            ShapeName::Steady => Pace::Steady(Steady::new(self.rate, lasts)),
            ShapeName::Ramp => Pace::Ramp(Ramp::new(self.rate, lasts)),
            ShapeName::Bursts => Pace::Bursts(Bursts::new(self.rate, lasts)),
        }
    }

    const fn shape_name(&self) -> &'static str {
        match (self.scenario, self.shape) {
            (ScenarioName::HistoryRush, _) => "at once",
            (_, ShapeName::Steady) => "steady",
            (_, ShapeName::Ramp) => "ramp",
            (_, ShapeName::Bursts) => "bursts",
        }
    }
}

fn range<T: PartialOrd + ToString>(name: &'static str, value: T, least: T, most: T) -> Result<(), ArgumentError> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(ArgumentError::Range {
        name,
        value: value.to_string(),
        least: least.to_string(),
        most: most.to_string(),
    })
}

fn read(file: &Path) -> Result<String, ArgumentError> {
    fs::read_to_string(file).map_err(|error| ArgumentError::File(file.display().to_string(), error.to_string()))
}

/// One for each four processors, at least one: the server needs the others.
fn threads_usual() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |count| (usize::from(count) / 4).max(1))
        .min(THREADS_MAX)
}

#[cfg(test)]
mod tests;
