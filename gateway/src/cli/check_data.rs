//! `plenum check-data`: computes again what is derived from the logs, and compares.

use std::process::ExitCode;

use storage::sqlite::check_consistency;

use super::{Failure, Sources};
use crate::server::store;

pub(super) fn run(sources: &Sources) -> Result<ExitCode, Failure> {
    let config = sources.load(None)?;
    let path = store::path(&config).map_err(Failure::other)?;
    let report = check_consistency(&path).map_err(Failure::other)?;
    for difference in &report.differences {
        println!("{difference}");
    }
    println!(
        "{} rooms, {} entries, {} differences",
        report.rooms,
        report.entries,
        report.differences.len()
    );
    Ok(if report.differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
