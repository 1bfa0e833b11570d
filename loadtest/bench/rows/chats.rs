//! Very many small rooms.

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{bytes, milliseconds, p99_ms},
    simulator::{Load, grouped},
    table::Line,
};

pub(super) async fn chats(bench: &Bench) -> Outcome<Vec<Line>> {
    let (sessions, chats) = (bench.size(5_000, 1_000), bench.size(10_000, 2_000));
    let load = Load::of("many-chats", sessions, 5.0, bench.size(10, 5) as f64)
        .with("--members --chats")
        .with(&chats.to_string());
    let report = bench.node(&[], &load).await?;
    let missing = || Failure::new("the simulator opened no chats");
    let figures = report.chats.as_ref().ok_or_else(missing)?;
    Ok(vec![Line {
        what: format!("{} chats of two beside a room with {}", grouped(chats), load.words()),
        result: format!(
            "{} per chat, {} subscriptions, p99 in the large room {}",
            bytes(figures.rss_per_chat_bytes),
            grouped(figures.subscriptions),
            milliseconds(p99_ms(report.times.delivery.as_ref()))
        ),
        ..Line::default()
    }])
}
