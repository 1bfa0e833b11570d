//! The command `plenum-bench`: the figures that the server has to reach, each beside its floor in the same run.
//!
//! It starts the programs that it measures (`plenum`, `plenum-floor`, the measurement of stores, a CQL server, nginx with nchan where it is
//! installed) and the simulator, all as processes of their own, and writes one table. `make bench` builds everything and calls it. It touches
//! no server that it did not start, but the CQL server that `SCYLLA_URI` names.

mod arguments;
mod bench;
mod document;
mod failure;
mod figures;
mod measurement;
mod message;
mod nchan;
mod process;
mod programs;
mod progress;
mod rows;
mod servers;
mod simulator;
mod store;
mod table;

use std::{io::Write as _, process::ExitCode};

use clap::Parser;

use arguments::Arguments;
use bench::Bench;
use measurement::Measurement;
use progress::Progress;
use rows::Row;

/// A row failed.
const FAILED: u8 = 1;
/// Nothing was measured.
const NOTHING: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        say(&rows::list(arguments.short));
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(measurement) => finish(&arguments, &measurement),
        Err(error) => {
            eprintln!("plenum-bench: {error}");
            ExitCode::from(NOTHING)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Measurement, failure::Failure> {
    let rows = rows::chosen(&arguments.rows)?;
    let progress = Progress::new(rows.iter().map(|row| row.seconds(arguments.short)).sum());
    let bench = Bench::new(arguments.short, progress.teller())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(run(&bench, &rows, progress)))
}

/// Runs the rows one after the other; an interrupt keeps those that are done.
async fn run(bench: &Bench, rows: &[&Row], mut progress: Progress) -> Measurement {
    let mut measurement = Measurement::begin();
    let interrupted = process::interrupted();
    tokio::pin!(interrupted);
    for (number, row) in rows.iter().enumerate() {
        progress.begin(row.name, number + 1, rows.len(), row.seconds(bench.short));
        let outcome = tokio::select! {
            outcome = (row.run)(bench) => outcome,
            () = &mut interrupted => {
                measurement.interrupted = true;
                break;
            }
        };
        progress.end(row.name, &outcome);
        measurement.add(row, outcome);
    }
    progress.finish();
    measurement
}

fn finish(arguments: &Arguments, measurement: &Measurement) -> ExitCode {
    let text = measurement.markdown();
    say(&text);
    if let Some(path) = &arguments.out
        && let Err(error) = document::replace(path, &text)
    {
        eprintln!("plenum-bench: {}: {error}", path.display());
        return ExitCode::from(NOTHING);
    }
    if measurement.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    }
}

fn say(text: &str) {
    // A reader who has gone away misses nothing that the exit code does not say.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
