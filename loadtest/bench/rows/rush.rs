//! Everybody opens one cold room.

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{milliseconds, p99_ms},
    simulator::{Load, grouped},
    store::Backend,
    table::Line,
};

/// What the store may be asked for all of them together.
const STATEMENTS_MAX: u64 = 20;

pub(super) async fn rush(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let sessions = bench.size(10_000, 2_000);
    // On two processors the simulator is as busy as the server: its lag says nothing about what reached the store.
    let load = Load::of("history-rush", sessions, 1_000.0, 1.0)
        .with("--members --lag-limit-ms 60000 --drain-timeout 60 --open-timeout 120");
    let url = match backend {
        Backend::Sqlite => None,
        Backend::Cql => Some(bench.cql().await?.url("rush")),
    };
    let of_url = |url| [("STORAGE__URL", url), ("STORAGE__REPLICATION_FACTOR", "1")];
    let settings: Vec<_> = url.as_deref().into_iter().flat_map(of_url).collect();
    let report = bench.node(&settings, &load).await?;
    let missing = || Failure::new("the node does not say what reached its store, or not all phones had their pages");
    let figures = report.rush.as_ref().ok_or_else(missing)?;
    let (statements, seconds) = figures.statements.zip(figures.seconds).ok_or_else(missing)?;
    Ok(vec![Line {
        what: format!(
            "history-rush, {}, {} openers of one cold room: statements",
            backend.name(),
            grouped(sessions)
        ),
        bound: format!("≤ {STATEMENTS_MAX}"),
        result: format!(
            "{statements}; both pages p99 {} after the phone asked, the last after {}",
            milliseconds(p99_ms(report.times.history.as_ref())),
            milliseconds(seconds * 1e3)
        ),
        reached: Some(statements <= STATEMENTS_MAX),
        ..Line::default()
    }])
}
