//! The list of somebody's chats.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::duration,
    store::{self, Backend},
    table::Line,
};

/// A list, in milliseconds.
const SQLITE_MS: f64 = 10.0;
const CQL_MS: f64 = 30.0;

pub(super) async fn list(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let lists = &store::rooms(bench, backend).await?.chats;
    let what = format!(
        "list of {} chats with unread and last message, {}",
        lists.chats,
        backend.name()
    );
    let mut line = lists.warm.line(what, backend.either(SQLITE_MS, CQL_MS));
    line.result += &format!(
        ", {} statements; of a store just opened {}, {} statements",
        lists.warm_statements,
        duration(lists.cold.p50_ms),
        lists.cold_statements
    );
    Ok(vec![line])
}
