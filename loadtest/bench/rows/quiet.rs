//! One quiet room, looked at from five sides.

use loadtest::report::{Percentiles, Report};

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{
        bytes, cpu_per_delivery_us, microseconds, milliseconds, opening_kernel_us, p99_ms, resident, server, times,
    },
    nchan::Audience,
    simulator::grouped,
    table::Line,
};

/// What a delivery may cost, by the floor's.
const FLOOR_FACTOR: f64 = 1.15;
const RSS_BYTES: f64 = 6_000.0;
const OPENING_US: f64 = 200.0;
/// What may be left, beyond what was there before.
const LEFT_SHARE: f64 = 1.1;
const LEFT_BYTES: f64 = 10e6;
/// For a machine without the peer.
const NOT_INSTALLED: &str = "not installed";

pub(super) async fn deliveries(bench: &Bench) -> Outcome<Vec<Line>> {
    let (report, floor) = (bench.quiet().await?, bench.quiet_floor().await?);
    let (cost_us, floor_us) = (cpu_per_delivery_us(report)?, cpu_per_delivery_us(floor)?);
    let words = bench.quiet_load().words();
    Ok(vec![Line {
        what: format!("A quiet, {words}, budget 0: CPU per delivery"),
        bound: format!("≤ {} floor", times(FLOOR_FACTOR)),
        floor: described(floor, floor_us),
        peer: peer(bench, |audience| {
            let p99 = milliseconds(p99_ms(audience.times.as_ref()));
            format!("{}, p99 {p99}", microseconds(audience.cpu_per_delivery_us))
        })
        .await,
        result: format!("{} = {} floor", described(report, cost_us), times(cost_us / floor_us)),
        reached: Some(cost_us <= FLOOR_FACTOR * floor_us),
    }])
}

fn described(report: &Report, cost_us: f64) -> String {
    let p99 = milliseconds(p99_ms(report.times.delivery.as_ref()));
    format!("{}, p99 {p99}", microseconds(cost_us))
}

/// A cell about the peer.
async fn peer(bench: &Bench, words: impl Fn(&Audience) -> String) -> String {
    match bench.quiet_peer().await {
        Ok(Some(audience)) => words(audience),
        Ok(None) => NOT_INSTALLED.to_owned(),
        Err(failure) => failure.0,
    }
}

pub(super) async fn last_phone(bench: &Bench) -> Outcome<Vec<Line>> {
    let described = |report: &Report| {
        let missing = || Failure::new("no message reached a phone");
        report.times.last_phone.as_ref().map(until_last).ok_or_else(missing)
    };
    Ok(vec![Line {
        what: format!("until the last of {} has a message", sessions(bench)),
        floor: described(bench.quiet_floor().await?)?,
        result: described(bench.quiet().await?)?,
        ..Line::default()
    }])
}

fn until_last(times: &Percentiles) -> String {
    let [p50, p99, max] = [times.p50_us, times.p99_us, times.max_us].map(|us| milliseconds(us as f64 / 1e3));
    format!("p50 {p50}, p99 {p99}, max {max}")
}

pub(super) async fn memory(bench: &Bench) -> Outcome<Vec<Line>> {
    let report = bench.quiet().await?;
    let of_session = server(report)?.rss_per_session_bytes;
    let floor = server(bench.quiet_floor().await?)?.rss_per_session_bytes;
    Ok(vec![Line {
        what: format!("memory per session, {}", sessions(bench)),
        bound: format!("≤ {}", bytes(RSS_BYTES)),
        floor: bytes(floor),
        peer: peer(bench, |audience| bytes(audience.rss_per_session_bytes)).await,
        result: format!("{}, {} in all", bytes(of_session), resident(&server(report)?.idle)),
        reached: Some(of_session <= RSS_BYTES),
    }])
}

pub(super) async fn opening(bench: &Bench) -> Outcome<Vec<Line>> {
    let (report, floor) = (bench.quiet().await?, bench.quiet_floor().await?);
    let cost_us = server(report)?.cpu_per_opening_us;
    Ok(vec![Line {
        what: format!(
            "connect + authenticate + subscribe, {}: CPU per session",
            sessions(bench)
        ),
        bound: format!("≤ {}", microseconds(OPENING_US)),
        floor: opened(floor)?,
        peer: peer(bench, |audience| microseconds(audience.cpu_per_opening_us)).await,
        result: opened(report)?,
        reached: Some(cost_us <= OPENING_US),
    }])
}

fn opened(report: &Report) -> Outcome<String> {
    let all = microseconds(server(report)?.cpu_per_opening_us);
    let kernel = microseconds(opening_kernel_us(report)?);
    Ok(format!("{all}, of it {kernel} in the kernel"))
}

pub(super) async fn leaving(bench: &Bench) -> Outcome<Vec<Line>> {
    let figures = server(bench.quiet().await?)?;
    let missing = || Failure::new("the simulator did not look after the phones had left");
    let left = figures.left.as_ref().ok_or_else(missing)?;
    let most = figures.before.rss_bytes as f64 * LEFT_SHARE + LEFT_BYTES;
    Ok(vec![Line {
        what: format!("memory after {} sessions have left", sessions(bench)),
        bound: format!("≤ {} (before + 10 % + 10 MB)", bytes(most)),
        result: format!(
            "{}; before {}, with all {}",
            resident(left),
            resident(&figures.before),
            resident(&figures.idle)
        ),
        reached: Some(left.rss_bytes as f64 <= most),
        ..Line::default()
    }])
}

fn sessions(bench: &Bench) -> String {
    grouped(bench.quiet_load().sessions())
}
