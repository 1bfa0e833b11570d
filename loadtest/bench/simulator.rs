//! One run of the simulator, as a process of its own.

use std::{path::Path, time::Duration};

use loadtest::report::{Report, Verdict};

use crate::{
    failure::{Failure, Outcome},
    process::Process,
    programs::built,
    servers::Server,
};

/// Beyond what a run is expected to take.
const BEYOND: Duration = Duration::from_secs(180);

/// What is asked of the simulator.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    scenario: &'static str,
    sessions: u64,
    rate: f64,
    seconds: f64,
    options: Vec<String>,
}

impl Load {
    /// Everybody follows one room: so many phones, messages per second, seconds of sending.
    pub(crate) const fn one_big_room(sessions: u64, rate: f64, seconds: f64) -> Self {
        Self::of("one-big-room", sessions, rate, seconds)
    }

    /// Another scenario.
    pub(crate) const fn of(scenario: &'static str, sessions: u64, rate: f64, seconds: f64) -> Self {
        Self {
            scenario,
            sessions,
            rate,
            seconds,
            options: Vec::new(),
        }
    }

    /// With an option of the command line; several words are several arguments.
    pub(crate) fn with(mut self, option: &str) -> Self {
        self.options.extend(option.split(' ').map(str::to_owned));
        self
    }

    /// How many phones.
    pub(crate) const fn sessions(&self) -> u64 {
        self.sessions
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        let sessions = grouped(self.sessions);
        let rate = grouped(self.rate as u64);
        format!("{sessions} sessions × {rate}/s")
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1_000), number % 1_000)
}

/// Runs it; the report is only given when the verdict held.
pub(crate) async fn run(simulator: &Path, server: &impl Server, load: &Load) -> Outcome<Report> {
    let folder = tempfile::tempdir()?;
    let json = folder.path().join("report.json");
    let process = Process::start(built(simulator)?, |command| {
        command
            .args(["run", load.scenario, "--quiet", "--target", server.url()])
            .args(["--server-pid", &server.pid().to_string()])
            .args(["--sessions", &load.sessions.to_string()])
            .args(["--rate", &load.rate.to_string()])
            .args(["--seconds", &load.seconds.to_string()])
            .args(&load.options)
            .args(server.options())
            .arg("--json")
            .arg(&json);
    })?;
    let at_most = BEYOND + Duration::from_secs_f64(load.seconds * 4.0);
    let (_, _, words) = process.finish(at_most).await?;
    if !json.exists() {
        return Err(Failure::new(format!("the simulator measured nothing: {words}")));
    }
    let report = Report::read(&json).map_err(Failure::of("the simulator's report"))?;
    held(report)
}

/// The figures of a run that did not hold mean nothing.
fn held(report: Report) -> Outcome<Report> {
    let word = match report.verdict {
        Verdict::Held => return Ok(report),
        Verdict::Failed => "FAILED",
        Verdict::Invalid => "INVALID",
    };
    let reasons = report.reasons.join("; ");
    Err(Failure::new(format!("{word}: {reasons}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_says_what_it_is() {
        assert_eq!(Load::one_big_room(15_000, 5.0, 20.0).words(), "15,000 sessions × 5/s");
        assert_eq!([7, 1_000, 10_000_000].map(grouped), ["7", "1,000", "10,000,000"]);
        let load = Load::one_big_room(1, 1.0, 1.0).with("--leave 10").with("--members");
        assert_eq!(load.options, ["--leave", "10", "--members"]);
    }
}
