//! Rooms in which messages can be gathered.

use loadtest::report::Report;

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, count, milliseconds, p99_ms, server, times},
    nchan,
    simulator::Load,
    table::Line,
};

/// How many times the floor's deliveries per second of processor time.
const BUSY_FACTOR: f64 = 5.0;
const SATURATING_FACTOR: f64 = 20.0;
const BUSY_P99_MS: f64 = 200.0;
const SATURATING_P99_MS: f64 = 500.0;
/// How late the simulator may be in row C, where both processors are full: its lag is within the latency that it measures.
const SATURATING_LAG_MS: u64 = 250;
/// nchan gets less of row B: it writes every message to every phone, and nothing may be lost.
const PEER_SECONDS: f64 = 5.0;

pub(super) async fn busy(bench: &Bench) -> Outcome<Vec<Line>> {
    let seconds = bench.size(20, 5) as f64;
    let load = Load::one_big_room(bench.busy_sessions(), 100.0, seconds).with("--members");
    let report = bench.node(&[], &load).await?;
    let mut line = gathered(bench, &report, BUSY_FACTOR, BUSY_P99_MS).await?;
    line.what = format!("B busy, {}: deliveries per CPU second", load.words());
    line.peer = peer(bench).await;
    Ok(vec![line])
}

pub(super) async fn saturating(bench: &Bench) -> Outcome<Vec<Line>> {
    let seconds = bench.size(20, 5) as f64;
    let load = Load::one_big_room(bench.busy_sessions(), 1_000.0, seconds)
        .with("--members --lag-limit-ms")
        .with(&SATURATING_LAG_MS.to_string());
    let report = bench.node(&[], &load).await?;
    let mut line = gathered(bench, &report, SATURATING_FACTOR, SATURATING_P99_MS).await?;
    line.what = format!("C saturating, {}, all durable: deliveries per CPU second", load.words());
    let figures = server(&report)?;
    let (idle, most) = (figures.idle.rss_bytes as f64, figures.rss_max_bytes as f64);
    line.result += &format!("; memory {} idle, {} at most", bytes(idle), bytes(most));
    Ok(vec![line])
}

/// Against the floor of row B.
async fn gathered(bench: &Bench, report: &Report, factor: f64, p99_most_ms: f64) -> Outcome<Line> {
    let floor = bench.busy_floor().await?;
    let rate = server(report)?.deliveries_per_cpu_second;
    let floor_rate = server(floor)?.deliveries_per_cpu_second;
    let p99 = p99_ms(report.times.delivery.as_ref());
    Ok(Line {
        bound: format!("≥ {factor} × floor, p99 ≤ {p99_most_ms} ms"),
        floor: count(floor_rate),
        result: format!(
            "{} = {} floor, p99 {}",
            count(rate),
            times(rate / floor_rate),
            milliseconds(p99)
        ),
        reached: Some(rate >= factor * floor_rate && p99 <= p99_most_ms),
        ..Line::default()
    })
}

async fn peer(bench: &Bench) -> String {
    if !nchan::is_installed(&bench.programs) {
        return "not installed".to_owned();
    }
    let load = nchan::Load {
        sessions: bench.busy_sessions(),
        rate: 100.0,
        seconds: PEER_SECONDS,
    };
    match nchan::measure(&bench.programs, load).await {
        Ok(audience) => {
            let p99 = milliseconds(p99_ms(audience.times.as_ref()));
            format!("{}, p99 {p99}", count(audience.deliveries_per_cpu_second))
        }
        Err(failure) => failure.0,
    }
}
