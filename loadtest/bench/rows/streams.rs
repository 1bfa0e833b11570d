//! Sessions over plain HTTP.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, cpu_per_delivery_us, microseconds, milliseconds, p99_ms, server},
    simulator::Load,
    table::Line,
};

pub(super) async fn http_stream(bench: &Bench) -> Outcome<Vec<Line>> {
    over(bench, "http-stream").await
}

pub(super) async fn sse(bench: &Bench) -> Outcome<Vec<Line>> {
    over(bench, "sse").await
}

async fn over(bench: &Bench, transport: &str) -> Outcome<Vec<Line>> {
    let load = Load::one_big_room(bench.busy_sessions(), 5.0, bench.size(15, 5) as f64)
        .with("--members --transport")
        .with(transport);
    let report = bench.node(&[], &load).await?;
    let figures = server(&report)?;
    Ok(vec![Line {
        what: format!("{transport}, {}", load.words()),
        result: format!(
            "{} per session, {} to open one, {} per delivery, p99 {}",
            bytes(figures.rss_per_session_bytes),
            microseconds(figures.cpu_per_opening_us),
            microseconds(cpu_per_delivery_us(&report)?),
            milliseconds(p99_ms(report.times.delivery.as_ref()))
        ),
        ..Line::default()
    }])
}
