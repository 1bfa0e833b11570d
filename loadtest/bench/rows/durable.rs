//! How fast the store acknowledges.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{count, milliseconds, percent},
    process::Process,
    programs::built,
    table::Line,
};

/// Messages per second.
const RATE: f64 = 10_000.0;
/// What is left of the sends while the search index is made.
const INDEXED_SHARE: f64 = 0.8;
const TIMEOUT: Duration = Duration::from_secs(120);

/// What `append_rate --json` prints.
#[derive(Debug, Deserialize)]
struct Rates {
    /// Before and after.
    floor_per_second: Vec<f64>,
    rooms: Vec<Rate>,
    /// Texts of an office, without and with the indexer, in turn.
    #[serde(default)]
    texts: Vec<Rate>,
}

#[derive(Debug, Deserialize)]
struct Rate {
    rooms: u64,
    acknowledged_per_second: f64,
    commits_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

pub(super) async fn durable(bench: &Bench) -> Outcome<Vec<Line>> {
    let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
    let seconds = bench.size(5, 2).to_string();
    let process = Process::start(built(&bench.programs.append_rate)?, |command| {
        command.arg("--json").arg(folder.path()).arg(&seconds);
    })?;
    let (status, text, words) = process.finish(TIMEOUT).await?;
    if !status.success() {
        return Err(Failure::new(format!("append_rate: {words}")));
    }
    let rates: Rates = serde_json::from_str(&text).map_err(Failure::of("append_rate"))?;
    let mut lines: Vec<Line> = rates
        .rooms
        .iter()
        .map(|rate| line(rate, &rates.floor_per_second))
        .collect();
    lines.extend(rates.texts.chunks_exact(2).map(|pair| indexed(&pair[0], &pair[1])));
    Ok(lines)
}

/// What the search index leaves of the sends.
fn indexed(without: &Rate, with: &Rate) -> Line {
    let share = with.acknowledged_per_second / without.acknowledged_per_second;
    Line {
        what: format!("the same with texts that are indexed meanwhile, {}", rooms(with)),
        bound: format!("≥ {} of those without the index", percent(INDEXED_SHARE)),
        floor: format!("{} (without)", count(without.acknowledged_per_second)),
        result: format!("{} = {}", count(with.acknowledged_per_second), percent(share)),
        reached: Some(share >= INDEXED_SHARE),
        ..Line::default()
    }
}

fn rooms(rate: &Rate) -> String {
    if rate.rooms == 1 {
        "one room".to_owned()
    } else {
        format!("{} rooms", rate.rooms)
    }
}

fn line(rate: &Rate, floors: &[f64]) -> Line {
    let floors: Vec<_> = floors.iter().map(|floor| count(*floor)).collect();
    let rooms = rooms(rate);
    Line {
        what: format!("durable sends, 64 senders, {rooms}: acknowledged per second"),
        bound: format!("≥ {}", count(RATE)),
        floor: format!("{} (before, after)", floors.join(", ")),
        result: format!(
            "{}, p50 {}, p99 {}, {} commits/s",
            count(rate.acknowledged_per_second),
            milliseconds(rate.p50_ms),
            milliseconds(rate.p99_ms),
            count(rate.commits_per_second)
        ),
        reached: Some(rate.acknowledged_per_second >= RATE),
        ..Line::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_example_prints_becomes_lines() {
        let text = r#"{"floor_per_second":[24000.0,25000.0],"rooms":[
            {"rooms":1,"acknowledged_per_second":12345.0,"commits_per_second":400.0,"p50_ms":4.5,"p99_ms":11.0},
            {"rooms":100,"acknowledged_per_second":9999.0,"commits_per_second":400.0,"p50_ms":4.5,"p99_ms":11.0}]}"#;
        let rates: Rates = serde_json::from_str(text).expect("the shape");
        let lines: Vec<_> = rates
            .rooms
            .iter()
            .map(|rate| line(rate, &rates.floor_per_second))
            .collect();
        assert_eq!(lines[0].result, "12 k, p50 4.50 ms, p99 11 ms, 400 commits/s");
        assert_eq!(
            lines.iter().map(|line| line.reached).collect::<Vec<_>>(),
            [Some(true), Some(false)]
        );
        assert!(lines[1].what.contains("100 rooms"));
    }
}
