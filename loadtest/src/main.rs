//! The command `plenum-loadtest`.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use loadtest::{
    arguments::{Action, Arguments, RunArguments, scenarios},
    report::Report,
    scenario,
};
use tokio::sync::watch;

/// Nothing was measured.
const NOTHING: u8 = 2;
/// What shells say of a program that was interrupted.
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().action {
        Action::Run(arguments) => run(&arguments),
        Action::Scenarios => {
            // A reader who has gone away misses nothing.
            let _ = write!(std::io::stdout().lock(), "{}", scenarios());
            return ExitCode::SUCCESS;
        }
        Action::Report { file } => Report::read(&file).map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(report) => {
            // A reader who has gone away misses nothing that the exit code does not say.
            let _ = write!(std::io::stdout().lock(), "{report}");
            ExitCode::from(report.verdict.exit_code())
        }
        Err(error) => {
            eprintln!("plenum-loadtest: {error}");
            ExitCode::from(NOTHING)
        }
    }
}

fn run(arguments: &RunArguments) -> Result<Report, String> {
    let arguments = arguments.resolve().map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let report = runtime.block_on(async {
        let plan = arguments.plan().await.map_err(|error| error.to_string())?;
        let (interrupt, interrupted) = watch::channel(false);
        tokio::spawn(hear_interrupts(interrupt));
        scenario::run(plan, interrupted)
            .await
            .map_err(|error| error.to_string())
    })?;
    if let Some(path) = &arguments.json
        && let Err(error) = report.write(path)
    {
        eprintln!("plenum-loadtest: {} was not written: {error}", path.display());
    }
    Ok(report)
}

/// The first one ends the run and keeps the report; the second one ends the process.
async fn hear_interrupts(interrupt: watch::Sender<bool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        interrupt.send_replace(true);
        eprintln!("plenum-loadtest: ending; once more ends at once, without a report");
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(INTERRUPTED);
    }
}
