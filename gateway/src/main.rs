//! The program `plenum`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::cli::run()
}
