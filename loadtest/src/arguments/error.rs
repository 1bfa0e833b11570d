//! Why a run was not understood, in words that name the place: an option, or file, line and key.

use super::Given;
use crate::{limits::MESSAGES_MAX, target::TargetError};

/// Why a run was not understood.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// A number out of its range.
    #[error("{name}: must be from {least} to {most}, not {value}")]
    Range {
        /// The option or the file's place.
        name: String,
        /// What was given.
        value: String,
        /// The least that is taken.
        least: String,
        /// The most that is taken.
        most: String,
    },
    /// More than can be kept until the verdict.
    #[error("{name}: {rate} for {seconds} seconds is more than {MESSAGES_MAX} messages")]
    Messages {
        /// The option or the file's place.
        name: String,
        /// Messages per second.
        rate: f64,
        /// Seconds.
        seconds: f64,
    },
    /// Nowhere to go.
    #[error("--target: a server is needed, here or as `target` in the scenario file")]
    NoTarget,
    /// Not a server, or not one's own.
    #[error("{0}: {1}")]
    Target(String, TargetError),
    /// A file of secrets: its place, its path, and why.
    #[error("{0}: {1} can't be read: {2}")]
    File(String, String, std::io::Error),
    /// An empty secret or list: its place, and what it is.
    #[error("{0}: {1} is empty")]
    Empty(String, String),
    /// A scenario file; one line per finding, each with its place.
    #[error("{}", .0.join("\n"))]
    Scenario(Vec<String>),
    /// Nobody can sign for the members.
    #[error("{0}: the members' accounts need the signing key: --hmac-secret-file or --hmac-secret")]
    MembersUnsigned(String),
    /// The members' room is always a new one.
    #[error("{0}: the members' room is made for the run, so no --channel can be given")]
    MembersChannel(String),
    /// Phones can't have so many.
    #[error("{0}: {1} phones can have {2} chats at most, as nobody has two with the same person or more than 126")]
    Chats(String, u64, u64),
    /// MessagePack is for WebSockets, and events are text.
    #[error("{0}: this transport does not carry this encoding")]
    Transport(String),
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

impl ArgumentError {
    /// The same with the place where the number was given.
    pub(super) fn placed(mut self, given: &Given) -> Self {
        match &mut self {
            Self::Range { name, .. } => *name = given.place(name),
            Self::Messages { name, .. } => {
                // Where one of the two is a default, the other one is meant.
                let meant = if given.is_given("rate") { "rate" } else { "seconds" };
                *name = given.place(meant);
            }
            _ => {}
        }
        self
    }
}

/// Checks a number. `name` is the option without its dashes.
pub(super) fn range<T: PartialOrd + ToString>(name: &str, value: T, least: T, most: T) -> Result<(), ArgumentError> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(ArgumentError::Range {
        name: name.to_owned(),
        value: value.to_string(),
        least: least.to_string(),
        most: most.to_string(),
    })
}
