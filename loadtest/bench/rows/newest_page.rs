//! Whether the newest page costs the same however long the history is.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{microseconds, times},
    process::Process,
    programs::built,
    simulator::grouped,
    table::Line,
};

/// How much longer the large room's page may take.
const FACTOR: f64 = 1.5;
const TIMEOUT: Duration = Duration::from_secs(900);

/// What `newest_page --json` prints.
#[derive(Debug, Deserialize)]
struct Pages {
    messages: [u64; 2],
    file_bytes: f64,
    fill_seconds: f64,
    /// Of the large room and of the small one.
    warm: [Times; 2],
    cold: [Times; 2],
}

#[derive(Debug, Deserialize)]
struct Times {
    p50_us: f64,
    p99_us: f64,
}

pub(super) async fn newest_page(bench: &Bench) -> Outcome<Vec<Line>> {
    let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
    let messages = bench.size(10_000_000, 1_000_000).to_string();
    let process = Process::start(built(&bench.programs.newest_page)?, |command| {
        command.arg("--json").arg(folder.path()).arg(&messages);
    })?;
    let (status, text, words) = process.finish(TIMEOUT).await?;
    if !status.success() {
        return Err(Failure::new(format!("newest_page: {words}")));
    }
    let pages: Pages = serde_json::from_str(&text).map_err(Failure::of("newest_page"))?;
    let filled = format!(
        "; filled in {:.0} s, {}",
        pages.fill_seconds,
        crate::figures::bytes(pages.file_bytes)
    );
    let mut lines = vec![
        line(&pages, "in memory", &pages.warm),
        line(&pages, "from the disk", &pages.cold),
    ];
    lines[0].result += &filled;
    Ok(lines)
}

fn line(pages: &Pages, how: &str, [large, small]: &[Times; 2]) -> Line {
    let [many, few] = pages.messages.map(grouped);
    let ratio = large.p50_us / small.p50_us;
    Line {
        what: format!("newest page of a room with {many} messages against one with {few}, {how}"),
        bound: format!("≤ {} the small room's", times(FACTOR)),
        floor: format!("{} (the small room)", described(small)),
        result: format!("{} = {}", described(large), times(ratio)),
        reached: Some(ratio <= FACTOR),
        ..Line::default()
    }
}

fn described(read: &Times) -> String {
    format!("p50 {}, p99 {}", microseconds(read.p50_us), microseconds(read.p99_us))
}
