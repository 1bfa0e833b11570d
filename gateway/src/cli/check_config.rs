//! `plenum check-config`: everything that is wrong at once, or every value as it would hold.

use std::process::ExitCode;

use super::{Failure, Sources};
use crate::config::warnings;

pub(super) fn run(sources: &Sources) -> Result<ExitCode, Failure> {
    let config = sources.load(None)?;
    for (key, value) in config.shown() {
        println!("{key} = {value}");
    }
    for warning in warnings(&config) {
        eprintln!("warning: {warning}");
    }
    Ok(ExitCode::SUCCESS)
}
