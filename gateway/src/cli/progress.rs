//! How far an export or import is: a bar on a terminal, else a line every few seconds. On standard error; standard output is for the result.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use storage::dump::{Stage, Watch};

/// Between two lines where there is no terminal.
const LINE_PAUSE: Duration = Duration::from_secs(3);

/// Shows it.
pub(super) struct Progress {
    shown: Mutex<Shown>,
    on_terminal: bool,
}

struct Shown {
    stage: Stage,
    expected: u64,
    done: u64,
    said_at: Instant,
    bar: ProgressBar,
}

impl Progress {
    /// For whoever reads standard error.
    pub(super) fn watch() -> Arc<dyn Watch> {
        let shown = Shown {
            stage: Stage::Exporting,
            expected: 0,
            done: 0,
            said_at: Instant::now(),
            bar: ProgressBar::hidden(),
        };
        Arc::new(Self {
            shown: Mutex::new(shown),
            on_terminal: std::io::stderr().is_terminal(),
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let shown = self.shown.get_mut().unwrap_or_else(PoisonError::into_inner);
        shown.bar.finish();
    }
}

impl Watch for Progress {
    fn begins(&self, stage: Stage, expected: u64) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.bar.finish();
        (shown.stage, shown.expected, shown.done) = (stage, expected, 0);
        shown.said_at = Instant::now();
        if self.on_terminal {
            shown.bar = bar(stage, expected);
        } else {
            eprintln!("{}", name(stage));
        }
    }

    fn advances(&self, steps: u64) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.done += steps;
        if self.on_terminal {
            // What was expected was an estimate.
            if shown.done > shown.expected {
                shown.bar.set_length(shown.done);
            }
            shown.bar.set_position(shown.done);
        } else if shown.said_at.elapsed() >= LINE_PAUSE {
            shown.said_at = Instant::now();
            let (name, unit) = (name(shown.stage), unit(shown.stage));
            eprintln!(
                "{name}: {} of about {} {unit}",
                shown.done,
                shown.expected.max(shown.done)
            );
        }
    }

    fn says(&self, words: &str) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.bar.suspend(|| eprintln!("{words}"));
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Exporting => "exporting",
        Stage::CheckingFiles => "checking the files",
        Stage::Loading => "loading",
        Stage::ReadingBack => "reading back",
    }
}

fn unit(stage: Stage) -> &'static str {
    match stage {
        Stage::CheckingFiles => "bytes",
        Stage::Exporting | Stage::Loading | Stage::ReadingBack => "records",
    }
}

fn bar(stage: Stage, expected: u64) -> ProgressBar {
    let figures = match stage {
        Stage::CheckingFiles => "{bytes}/{total_bytes} {bytes_per_sec}",
        Stage::Exporting | Stage::Loading | Stage::ReadingBack => "{human_pos}/{human_len} {per_sec}",
    };
    let template = format!("{{msg:18}} [{{bar:30}}] {{percent:>3}}% {figures} {{eta}}");
    let style = ProgressStyle::with_template(&template).expect("the template is one");
    ProgressBar::new(expected)
        .with_style(style.progress_chars("=> "))
        .with_message(name(stage))
}
