//! Looks at the processes while a run is under way.

use std::time::Instant;

use super::{Conduct, Waited};
use crate::{
    limits::OPENING_ENDS_IN,
    measure::{ProcessSample, sample},
    scenario::RunError,
};

/// One look at both processes.
#[derive(Debug, Clone, Copy)]
pub(in crate::scenario) struct Look {
    pub(in crate::scenario) at: Instant,
    pub(in crate::scenario) server: Option<ProcessSample>,
    pub(in crate::scenario) own: ProcessSample,
}

/// What was seen of the server beside the looks; all of it only when its process was named.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Seen {
    /// Before and after everybody was idle.
    pub(in crate::scenario) rest: Option<[Look; 2]>,
    /// The most resident memory while the run was under way, in bytes.
    pub(in crate::scenario) rss_max_bytes: u64,
    /// After the phones had left.
    pub(in crate::scenario) left: Option<ProcessSample>,
    /// The most kernel memory of its sockets, in bytes.
    pub(in crate::scenario) kernel_socket_bytes_max: Option<u64>,
}

impl Conduct {
    /// Looks at both processes and keeps what is seen for the report.
    pub(in crate::scenario) fn look(&mut self) -> Result<(), RunError> {
        let look = self.glance()?;
        self.looks.push(look);
        Ok(())
    }

    fn glance(&mut self) -> Result<Look, RunError> {
        let server = match self.server_pid.map(sample).transpose() {
            Ok(sample) => sample,
            // One that has been seen before has died: the figures so far are kept.
            Err(_) if !self.looks.is_empty() => {
                self.ended
                    .get_or_insert_with(|| "the server's process is gone".to_owned());
                self.looks.last().and_then(|look| look.server)
            }
            Err(error) => return Err(error.into()),
        };
        self.note_memory(server);
        let own = sample(std::process::id())?;
        Ok(Look {
            at: Instant::now(),
            server,
            own,
        })
    }

    pub(super) fn note_memory(&mut self, server: Option<ProcessSample>) {
        let bytes = server.map_or(0, |sample| sample.rss_bytes);
        self.seen.rss_max_bytes = self.seen.rss_max_bytes.max(bytes);
    }

    /// Looks at what idle sessions cost, after a rest if there is anything to see.
    pub(in crate::scenario) async fn settle(&mut self) -> Result<Waited, RunError> {
        if self.server_pid.is_none() || self.rest.is_zero() || self.interrupted {
            self.look()?;
            return Ok(Waited::Met);
        }
        self.progress.part("resting", 1);
        // What the last phones' opening leaves to do is not an idle phone's.
        if self.wait(OPENING_ENDS_IN, |_| false).await == Waited::Interrupted {
            self.look()?;
            return Ok(Waited::Interrupted);
        }
        // Whoever is asked for figures is not idle.
        self.pause_scraper(true);
        let before = self.glance()?;
        let waited = self.wait(self.rest, |_| false).await;
        self.look()?;
        self.pause_scraper(false);
        self.seen.rest = self.looks.last().map(|after| [before, *after]);
        Ok(match waited {
            Waited::TooLong => Waited::Met,
            other => other,
        })
    }

    fn pause_scraper(&self, is_paused: bool) {
        if let Some(scraper) = &self.scraper {
            scraper.pause(is_paused);
        }
    }
}
