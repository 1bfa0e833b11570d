//! Phones that take less than their room says.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, per, server},
    simulator::{Load, grouped},
    table::Line,
};

/// The share of slow phones, and what one takes: far less than the room's 25 KB a second.
const SHARE: f64 = 0.1;
const BYTES_PER_SECOND: u64 = 2_000;

pub(super) async fn slow(bench: &Bench) -> Outcome<Vec<Line>> {
    let sessions = bench.busy_sessions();
    let load = Load::of("slow-phones", sessions, 50.0, bench.size(20, 5) as f64)
        .with("--members")
        .with(&format!(
            "--slow-share {SHARE} --slow-bytes-per-second {BYTES_PER_SECOND}"
        ));
    let report = bench.node(&[], &load).await?;
    let figures = server(&report)?;
    let slow = sessions as f64 * SHARE;
    let kernel = figures.kernel_socket_bytes_max.map_or_else(
        || "the kernel's memory is not told".to_owned(),
        |most| {
            let most = most as f64;
            format!(
                "{} in the kernel, {} per slow phone",
                bytes(most),
                bytes(per(most, slow))
            )
        },
    );
    let (idle, most) = (figures.idle.rss_bytes as f64, figures.rss_max_bytes as f64);
    Ok(vec![Line {
        what: format!(
            "{} phones, of them {} with {} a second, in a room with {}",
            grouped(sessions),
            grouped(slow as u64),
            bytes(BYTES_PER_SECOND as f64),
            load.words()
        ),
        result: format!("{kernel}; memory {} idle, {} at most", bytes(idle), bytes(most)),
        ..Line::default()
    }])
}
