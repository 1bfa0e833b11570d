//! `plenum config-doc`: the manual page of the settings.

use std::process::ExitCode;

use super::Failure;
use crate::config::manual;

pub(super) fn run() -> Result<ExitCode, Failure> {
    print!("{}", manual());
    Ok(ExitCode::SUCCESS)
}
