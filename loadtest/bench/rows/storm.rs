//! Everybody comes back at once.

use loadtest::report::Report;

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{bytes, milliseconds, server},
    simulator::{Load, grouped},
    table::Line,
};

/// Messages that are missed with the phones away.
const MISSED_FEW: u64 = 200;
const MISSED_MANY: u64 = 5_000;

pub(super) async fn storm(bench: &Bench) -> Outcome<Vec<Line>> {
    Ok(vec![returned(bench, 0).await?, returned(bench, MISSED_FEW).await?])
}

pub(super) async fn missed(bench: &Bench) -> Outcome<Vec<Line>> {
    Ok(vec![returned(bench, MISSED_MANY).await?])
}

/// The verdict of the simulator says that nothing was lost and nothing came twice.
async fn returned(bench: &Bench, missed: u64) -> Outcome<Line> {
    let sessions = bench.size(15_000, 2_000);
    let load = Load::of("reconnect-storm", sessions, 1_000.0, 1.0)
        .with("--members")
        .with(&format!("--missed {missed}"))
        // On two processors the simulator is as busy as the server: its lag says nothing about what was lost.
        .with("--lag-limit-ms 60000 --drain-timeout 120 --open-timeout 120");
    let report = bench.node(&[], &load).await?;
    Ok(Line {
        what: format!(
            "reconnect storm, {} sessions, each missed {}: until all are live, until all are complete",
            grouped(sessions),
            grouped(missed)
        ),
        bound: "0 lost, 0 doubled".to_owned(),
        result: described(&report)?,
        reached: Some(true),
        ..Line::default()
    })
}

fn described(report: &Report) -> Outcome<String> {
    let storm = report
        .storm
        .as_ref()
        .ok_or_else(|| Failure::new("there was no storm"))?;
    let (Some(live), Some(complete)) = (storm.live_seconds, storm.complete_seconds) else {
        return Err(Failure::new("not all phones came back"));
    };
    let [live, complete] = [live, complete].map(|seconds| milliseconds(seconds * 1e3));
    let figures = server(report)?;
    let (idle, most) = (figures.idle.rss_bytes as f64, figures.rss_max_bytes as f64);
    Ok(format!(
        "{live}, {complete}; 0 lost, 0 doubled; memory {} idle, {} at most",
        bytes(idle),
        bytes(most)
    ))
}
