//! Searches of people.

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::Outcome,
    simulator::grouped,
    store::{self, Backend, Load, Search},
    table::Line,
};

/// A search of people, in milliseconds.
const SQLITE_MS: f64 = 10.0;
const CQL_MS: f64 = 20.0;

/// What `measure people` prints.
#[derive(Debug, Deserialize)]
struct People {
    people: u64,
    searches: Vec<Search>,
}

pub(super) async fn people(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let load = Load {
        what: "people",
        size: bench.size(1_000_000, backend.either(50_000, 10_000)),
        samples: bench.size(3_000, 300),
    };
    let found: People = store::measure(bench, backend, load).await?;
    let line = |search: &Search| {
        let people = grouped(found.people);
        let what = format!("people by {}, {}: among {people}", search.what, backend.name());
        search.line(what, backend, backend.either(SQLITE_MS, CQL_MS))
    };
    Ok(found.searches.iter().map(line).collect())
}
