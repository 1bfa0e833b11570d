//! The floor as a process of its own.

use std::path::Path;

use super::Server;
use crate::{failure::Outcome, process::Process, programs::built};

/// As long as a room's, so that every delivery has as many bytes.
const CHANNEL: &str = "room:0000000000000";

/// A floor that runs.
pub(crate) struct Floor {
    process: Process,
    url: String,
}

impl Floor {
    /// Starts it.
    pub(crate) async fn start(program: &Path) -> Outcome<Self> {
        let mut process = Process::start(built(program)?, |_| {})?;
        let url = process.address().await?;
        Ok(Self { process, url })
    }
}

impl Server for Floor {
    fn url(&self) -> &str {
        &self.url
    }

    fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn options(&self) -> Vec<String> {
        // It may fall behind and catch up, and the simulator with it: what counts is what a delivery costs.
        [
            "--channel",
            CHANNEL,
            "--drain-timeout",
            "120",
            "--lag-limit-ms",
            "60000",
        ]
        .map(str::to_owned)
        .into()
    }
}
