//! A whole run: the machine, and the lines of all rows.

use std::{fmt::Write as _, time::Duration};

use loadtest::report::Host;

use crate::{
    failure::Outcome,
    figures::bytes,
    rows::Row,
    table::{self, Line},
};

/// What a run has found out.
pub(crate) struct Measurement {
    host: Host,
    begun: std::time::Instant,
    lines: Vec<Line>,
    meanings: Vec<(&'static str, &'static str)>,
    failed: bool,
    /// The user had enough before the last row.
    pub(crate) interrupted: bool,
}

impl Measurement {
    /// Before the first row.
    pub(crate) fn begin() -> Self {
        Self {
            host: Host::now(),
            begun: std::time::Instant::now(),
            lines: Vec::new(),
            meanings: Vec::new(),
            failed: false,
            interrupted: false,
        }
    }

    /// Adds what came of a row.
    pub(crate) fn add(&mut self, row: &Row, outcome: Outcome<Vec<Line>>) {
        self.meanings.push((row.name, row.meaning));
        match outcome {
            Ok(lines) => self.lines.extend(lines),
            Err(failure) => {
                self.failed = true;
                self.lines.push(Line {
                    what: row.name.to_owned(),
                    result: failure.0,
                    ..Line::default()
                });
            }
        }
    }

    /// Whether every row has figures. A bound that is not reached is a figure too.
    pub(crate) const fn is_whole(&self) -> bool {
        !self.failed && !self.interrupted
    }

    /// The generated part of the document.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.heading(self.begun.elapsed());
        text.push_str(&table::markdown(&self.lines));
        text.push('\n');
        if self.interrupted {
            text.push_str("Interrupted: the rows after these were not measured.\n\n");
        }
        for (name, meaning) in &self.meanings {
            let _ = writeln!(text, "- **{name}**: {meaning}"); // never fails for a String
        }
        text
    }

    fn heading(&self, took: Duration) -> String {
        let host = &self.host;
        format!(
            "Plenum {} on {}: {} × {}, {} of memory, Linux {}; load before {}; {} min {} s for everything.\n\n",
            env!("CARGO_PKG_VERSION"),
            host.date,
            host.processors,
            host.processor,
            bytes(host.memory_bytes as f64),
            host.kernel,
            host.load_before,
            took.as_secs() / 60,
            took.as_secs() % 60,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{failure::Failure, rows};

    #[test]
    fn a_row_that_failed_stands_in_the_table_with_the_reason() {
        let mut measurement = Measurement::begin();
        let row = rows::chosen(&["busy".to_owned()]).expect("a row")[0];
        measurement.add(row, Err(Failure::new("INVALID: too slow")));
        let text = measurement.markdown();
        assert!(text.contains("| busy |  |  |  | INVALID: too slow |  |"), "{text}");
        assert!(text.contains("- **busy**: "), "{text}");
        assert!(!measurement.is_whole());
    }
}
