//! What is going on, on standard error: a bar on a terminal, and one line per row everywhere.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{failure::Outcome, table::Line};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(500);

/// Of a whole run.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_shown: bool,
    begun: Instant,
}

impl Progress {
    /// A run that is expected to take `seconds`.
    pub(crate) fn new(seconds: u64) -> Self {
        let is_shown = std::io::stderr().is_terminal();
        let target = if is_shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        eprintln!("expected: {} min {} s for everything", seconds / 60, seconds % 60);
        Self {
            bar,
            is_shown,
            begun: Instant::now(),
        }
    }

    /// The row number `number` of `rows` begins.
    pub(crate) fn begin(&mut self, name: &str, number: usize, rows: usize, seconds: u64) {
        self.begun = Instant::now();
        self.bar.reset_elapsed();
        self.bar.set_prefix(format!("[{number}/{rows}] {name}"));
        self.bar.set_message(format!("of about {seconds} s"));
        if !self.is_shown {
            eprintln!("[{number}/{rows}] {name}: about {seconds} s");
        }
    }

    /// For whoever knows how far a row has come.
    pub(crate) fn teller(&self) -> Teller {
        Teller {
            bar: self.bar.clone(),
            is_shown: self.is_shown,
        }
    }

    /// The row is over.
    pub(crate) fn end(&self, name: &str, outcome: &Outcome<Vec<Line>>) {
        let seconds = self.begun.elapsed().as_secs();
        self.bar.suspend(|| match outcome {
            Ok(lines) => {
                for line in lines {
                    eprintln!("  {name} ({seconds} s): {}: {}", line.what, line.result);
                }
            }
            Err(failure) => eprintln!("  {name} ({seconds} s): {failure}"),
        });
    }

    /// Everything is over.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shows how far a row has come: beside the bar, or as a line.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    bar: ProgressBar,
    is_shown: bool,
}

impl Teller {
    /// In words.
    pub(crate) fn tell(&self, words: &str) {
        if self.is_shown {
            self.bar.set_message(words.to_owned());
        } else {
            eprintln!("  {words}");
        }
    }
}
