//! A whole store into files, and into another store.

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, count, per},
    simulator::grouped,
    store::{self, Backend, Load},
    table::Line,
};

/// Messages per second through an export and an import, from file to file.
const RATE: f64 = 30_000.0;

/// What `measure export` prints.
#[derive(Debug, Deserialize)]
struct Export {
    entries: u64,
    export_seconds: f64,
    import_seconds: f64,
    export_again_seconds: f64,
    source_bytes: f64,
    export_bytes: f64,
}

pub(super) async fn export(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let load = Load {
        what: "export",
        size: bench.size(1_000_000, backend.either(100_000, 20_000)),
        samples: 1,
    };
    let found: Export = store::measure(bench, backend, load).await?;
    let entries = found.entries as f64;
    let rate = |seconds: f64| count(per(entries, seconds));
    let through_both = per(entries, found.export_seconds + found.import_seconds);
    let is_bounded = backend == Backend::Sqlite;
    Ok(vec![Line {
        what: format!(
            "export of {} messages out of SQLite and import into {}: messages per second through both",
            grouped(found.entries),
            backend.name()
        ),
        bound: if is_bounded {
            format!("≥ {}", count(RATE))
        } else {
            String::new()
        },
        result: format!(
            "{}: export {}, import {}, export out of the new one {}; {} of store, {} of files",
            count(through_both),
            rate(found.export_seconds),
            rate(found.import_seconds),
            rate(found.export_again_seconds),
            bytes(found.source_bytes),
            bytes(found.export_bytes)
        ),
        reached: is_bounded.then_some(through_both >= RATE),
        ..Line::default()
    }])
}
