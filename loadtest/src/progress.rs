//! The bar that runs while a scenario does, on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a run is; on a terminal only.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar, or none if `hidden`.
    pub fn new(hidden: bool) -> Self {
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Begins a part of the run that has `length` steps.
    pub fn part(&self, name: &'static str, length: u64) {
        self.0.set_prefix(name);
        self.0.set_length(length.max(1));
        self.0.set_position(0);
    }

    /// Shows how far the part is.
    pub fn at(&self, position: u64, figures: String) {
        self.0.set_position(position);
        self.0.set_message(figures);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
