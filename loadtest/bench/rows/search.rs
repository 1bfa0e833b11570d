//! Searches of messages and of people, and what the index costs.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{bytes, milliseconds, percent},
    process::Process,
    programs::built,
    simulator::grouped,
    table::Line,
};

/// A search of two words, in milliseconds.
const TWO_WORDS_MS: f64 = 50.0;
/// A search of people, in milliseconds.
const PEOPLE_MS: f64 = 10.0;
const TIMEOUT: Duration = Duration::from_secs(1_800);

/// What `search_latency --json` prints.
#[derive(Debug, Deserialize)]
struct Searches {
    messages: u64,
    log_bytes: f64,
    index_bytes: f64,
    searches: Vec<Timed>,
}

/// What `people_latency --json` prints.
#[derive(Debug, Deserialize)]
struct People {
    people: u64,
    searches: Vec<Timed>,
}

#[derive(Debug, Deserialize)]
struct Timed {
    what: String,
    p50_ms: f64,
    p99_ms: f64,
}

pub(super) async fn messages(bench: &Bench) -> Outcome<Vec<Line>> {
    let size = bench.size(10_000_000, 200_000);
    let text = run(&bench.programs.search_latency, size, "search_latency").await?;
    let found: Searches = serde_json::from_str(&text).map_err(Failure::of("search_latency"))?;
    let mut lines: Vec<Line> = found
        .searches
        .iter()
        .map(|timed| of_messages(timed, found.messages))
        .collect();
    lines.push(Line {
        what: "the index of these messages against their store".to_owned(),
        result: format!(
            "{} beside {} = {}",
            bytes(found.index_bytes),
            bytes(found.log_bytes),
            percent(found.index_bytes / found.log_bytes)
        ),
        ..Line::default()
    });
    Ok(lines)
}

pub(super) async fn people(bench: &Bench) -> Outcome<Vec<Line>> {
    let size = bench.size(1_000_000, 50_000);
    let text = run(&bench.programs.people_latency, size, "people_latency").await?;
    let found: People = serde_json::from_str(&text).map_err(Failure::of("people_latency"))?;
    let line = |timed: &Timed| {
        let what = format!("people by {} among {}", timed.what, grouped(found.people));
        bounded(what, timed, PEOPLE_MS)
    };
    Ok(found.searches.iter().map(line).collect())
}

async fn run(program: &std::path::Path, size: u64, name: &'static str) -> Outcome<String> {
    let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
    let process = Process::start(built(program)?, |command| {
        command.arg("--json").arg(folder.path()).arg(size.to_string());
    })?;
    let (status, text, words) = process.finish(TIMEOUT).await?;
    if status.success() {
        return Ok(text);
    }
    Err(Failure::new(format!("{name}: {words}")))
}

/// Two words have a bound; the others are told.
fn of_messages(timed: &Timed, messages: u64) -> Line {
    let what = format!(
        "search of {} among {} messages in 500 rooms",
        timed.what,
        grouped(messages)
    );
    let is_bounded = ["two common words", "a common and a rare word", "two rare words"].contains(&timed.what.as_str());
    if is_bounded {
        return bounded(what, timed, TWO_WORDS_MS);
    }
    Line {
        what,
        result: described(timed),
        ..Line::default()
    }
}

fn bounded(what: String, timed: &Timed, bound_ms: f64) -> Line {
    Line {
        what,
        bound: format!("p99 ≤ {}", milliseconds(bound_ms)),
        result: described(timed),
        reached: Some(timed.p99_ms <= bound_ms),
        ..Line::default()
    }
}

fn described(timed: &Timed) -> String {
    format!("p50 {}, p99 {}", milliseconds(timed.p50_ms), milliseconds(timed.p99_ms))
}
