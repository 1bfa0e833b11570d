//! Sessions that do nothing.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{microseconds, server},
    simulator::{Load, grouped},
    table::Line,
};

pub(super) async fn idle(bench: &Bench) -> Outcome<Vec<Line>> {
    let sessions = bench.size(15_000, 2_000);
    let rest = bench.size(60, 30);
    let load = Load::one_big_room(sessions, 1.0, 1.0)
        .with("--members")
        .with(&format!("--rest {rest}"));
    let report = bench.node(&[], &load).await?;
    let figures = server(&report)?;
    let cost_us = figures.idle_cpu_us_per_session_second;
    let share = cost_us * sessions as f64 / 1e6 * 100.0;
    Ok(vec![Line {
        what: format!(
            "idle sessions with pings, {}, {rest} s: CPU per session and second",
            grouped(sessions)
        ),
        result: format!("{}, {share:.1} % of a processor for all", microseconds(cost_us)),
        ..Line::default()
    }])
}
