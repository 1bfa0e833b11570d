//! Scenarios: what happens in a run, one per file.

mod conclude;
mod conduct;
mod history_rush;
mod many_chats;
mod members;
mod one_big_room;
mod reconnect_storm;
mod slow_phones;

use std::{io, sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    measure::{Host, ProcessError},
    publisher::ContactError,
    report::Report,
    settings::Settings,
};

/// What can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Everybody follows one room in which one publisher speaks.
    OneBigRoom,
    /// Everybody opens one cold room at the same moment and asks for its two newest pages of history.
    HistoryRush,
    /// Everybody's network fails, and all come back at the same moment and recover what they missed.
    ReconnectStorm,
    /// Some phones read more slowly than the publisher speaks, and catch up in the end.
    SlowPhones,
    /// Chats of two beside one room that everybody follows.
    ManyChats,
}

impl Scenario {
    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneBigRoom => "one-big-room",
            Self::HistoryRush => "history-rush",
            Self::ReconnectStorm => "reconnect-storm",
            Self::SlowPhones => "slow-phones",
            Self::ManyChats => "many-chats",
        }
    }
}

/// A run that was asked for.
#[derive(Debug)]
pub struct Plan {
    /// Which.
    pub scenario: Scenario,
    /// What all threads agree on.
    pub(crate) settings: Arc<Settings>,
    /// Messages per second as asked for.
    pub(crate) rate_per_second: f64,
    /// The shape's name.
    pub(crate) shape: &'static str,
    /// The server's process, if it is on this machine.
    pub(crate) server_pid: Option<u32>,
    /// How long opening may take.
    pub(crate) open_timeout: Duration,
    /// How long phones may take to get the last entries.
    pub(crate) drain_timeout: Duration,
    /// How late the simulator may come to its turn.
    pub(crate) lag_limit: Duration,
    /// Make the phones' users members of a new room first.
    pub(crate) members: bool,
    /// How long everybody is idle between opening and sending.
    pub(crate) rest: Duration,
    /// How long after the phones have left the server is looked at again; nothing = not at all.
    pub(crate) leave: Duration,
    /// Statements that a rush may cost the server's store, if that is judged.
    pub(crate) statements_max: Option<u64>,
    /// No progress bar.
    pub(crate) quiet: bool,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No server, or another one than expected, or it refuses.
    #[error("{target}: {error}")]
    Contact {
        /// Which server.
        target: String,
        /// Why.
        error: ContactError,
    },
    /// The user has had enough before there was anything to measure.
    #[error("interrupted before the run began")]
    Interrupted,
    /// The server's process can't be looked at.
    #[error("{0}")]
    Process(#[from] ProcessError),
    /// The system gives no threads.
    #[error("the simulator could not start: {0}")]
    Start(#[from] io::Error),
}

/// Carries a plan out; an `interrupt` ends it early, and what was measured is kept.
///
/// # Errors
/// When nothing could be measured.
pub async fn run(mut plan: Plan, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    let host = Host::now();
    if plan.members {
        members::prepare(&mut plan, &interrupt).await?;
    }
    match plan.scenario {
        Scenario::OneBigRoom => one_big_room::run(plan, host, interrupt).await,
        Scenario::HistoryRush => history_rush::run(plan, host, interrupt).await,
        Scenario::ReconnectStorm => reconnect_storm::run(plan, host, interrupt).await,
        Scenario::SlowPhones => slow_phones::run(plan, host, interrupt).await,
        Scenario::ManyChats => many_chats::run(plan, host, interrupt).await,
    }
}
