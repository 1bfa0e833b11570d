//! Phones that take less than their room says.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, per, server},
    simulator::{Load, grouped},
    table::Line,
};

/// What each takes: far less than the room's 25 KB a second.
const BYTES_PER_SECOND: u64 = 2_000;

pub(super) async fn slow(bench: &Bench) -> Outcome<Vec<Line>> {
    let sessions = bench.busy_sessions();
    let load = Load::of("slow-phones", sessions, 50.0, bench.size(20, 5) as f64)
        .with("--members")
        .with(&format!("--slow-share 1 --slow-bytes-per-second {BYTES_PER_SECOND}"))
        // What they are behind by is as much as they can read in a minute.
        .with("--drain-timeout 120 --lag-limit-ms 1000");
    let report = bench.node(&[], &load).await?;
    let figures = server(&report)?;
    let kernel = figures.kernel_socket_bytes_max.map_or_else(
        || "the kernel's memory is not told".to_owned(),
        |most| {
            let most = most as f64;
            format!(
                "{} in the kernel, {} per slow phone",
                bytes(most),
                bytes(per(most, sessions as f64))
            )
        },
    );
    let (idle, most) = (figures.idle.rss_bytes as f64, figures.rss_max_bytes as f64);
    Ok(vec![Line {
        what: format!(
            "{} slow phones with {} a second each, in a room with {}",
            grouped(sessions),
            bytes(BYTES_PER_SECOND as f64),
            load.words()
        ),
        result: format!("{kernel}; memory {} idle, {} at most", bytes(idle), bytes(most)),
        ..Line::default()
    }])
}
