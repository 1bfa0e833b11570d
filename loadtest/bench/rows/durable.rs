//! How fast the store acknowledges.

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::{count, percent},
    store::{self, Backend, Load, Times},
    table::Line,
};

/// Messages per second.
const RATE: f64 = 10_000.0;
/// The same with the search index on one CQL node.
const CQL_INDEXED_RATE: f64 = 5_000.0;
/// What is left of the sends while the search index is made.
const INDEXED_SHARE: f64 = 0.8;

/// What `measure append` prints.
#[derive(Debug, Deserialize)]
struct Rates {
    /// Before and after; none where there is no disk of ours.
    floors_per_second: Vec<f64>,
    rates: Vec<Rate>,
}

#[derive(Debug, Deserialize)]
struct Rate {
    rooms: u64,
    content: String,
    acknowledged_per_second: f64,
    commits_per_second: f64,
    statements_per_message: f64,
    lag_entries: u64,
    times: Times,
}

pub(super) async fn durable(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let load = Load {
        what: "append",
        size: bench.size(8, 2),
        samples: bench.size(5, 2),
    };
    let rates: Rates = store::measure(bench, backend, load).await?;
    match backend {
        Backend::Sqlite => rates.of_sqlite(),
        Backend::Cql => rates.of_cql(),
    }
}

impl Rates {
    /// Of all repetitions the one in the middle.
    fn median(&self, rooms: u64, content: &str) -> Outcome<&Rate> {
        let repeated = self
            .rates
            .iter()
            .filter(|rate| rate.rooms == rooms && rate.content == content);
        let mut repeated: Vec<_> = repeated.collect();
        repeated.sort_by(|a, b| a.acknowledged_per_second.total_cmp(&b.acknowledged_per_second));
        let missing = || Failure::new(format!("no rate of {content} in {rooms} rooms"));
        repeated.get(repeated.len() / 2).copied().ok_or_else(missing)
    }

    fn of_sqlite(&self) -> Outcome<Vec<Line>> {
        let mut lines = Vec::new();
        for rooms in [1, 100] {
            lines.push(self.bytes(self.median(rooms, "bytes")?));
        }
        for rooms in [1, 100] {
            let (without, with) = (self.median(rooms, "texts")?, self.median(rooms, "texts indexed")?);
            let share = with.acknowledged_per_second / without.acknowledged_per_second;
            lines.push(Line {
                what: format!(
                    "durable sends of texts that are indexed meanwhile, SQLite, {}",
                    with.rooms()
                ),
                bound: format!("≥ {} of those without the index", percent(INDEXED_SHARE)),
                result: format!("{} = {}", with.indexed(), percent(share)),
                reached: Some(share >= INDEXED_SHARE),
                ..without.floor()
            });
        }
        Ok(lines)
    }

    fn of_cql(&self) -> Outcome<Vec<Line>> {
        let (without, with) = (self.median(1, "texts")?, self.median(1, "texts indexed")?);
        let what =
            "durable sends of texts that are indexed meanwhile, CQL, 64 senders, one room: acknowledged per second";
        Ok(vec![Line {
            what: what.to_owned(),
            bound: format!("≥ {}", count(CQL_INDEXED_RATE)),
            result: format!(
                "{}, {}, {:.3} statements per message",
                with.indexed(),
                with.times.words(),
                with.statements_per_message
            ),
            reached: Some(with.acknowledged_per_second >= CQL_INDEXED_RATE),
            ..without.floor()
        }])
    }

    fn bytes(&self, rate: &Rate) -> Line {
        let floors: Vec<_> = self.floors_per_second.iter().map(|floor| count(*floor)).collect();
        Line {
            what: format!(
                "durable sends, SQLite, 64 senders, {}: acknowledged per second",
                rate.rooms()
            ),
            bound: format!("≥ {}", count(RATE)),
            floor: format!("{} (before, after)", floors.join(", ")),
            result: format!(
                "{}, {}, {} commits/s",
                count(rate.acknowledged_per_second),
                rate.times.words(),
                count(rate.commits_per_second)
            ),
            reached: Some(rate.acknowledged_per_second >= RATE),
            ..Line::default()
        }
    }
}

impl Rate {
    fn rooms(&self) -> String {
        if self.rooms == 1 {
            "one room".to_owned()
        } else {
            format!("{} rooms", self.rooms)
        }
    }

    fn indexed(&self) -> String {
        let lag = self.lag_entries as f64;
        format!(
            "{}, {} entries not indexed yet",
            count(self.acknowledged_per_second),
            count(lag)
        )
    }

    /// A line that is held against these sends without the index.
    fn floor(&self) -> Line {
        Line {
            floor: format!("{} (without)", count(self.acknowledged_per_second)),
            ..Line::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(rates: &[(u64, &str, f64)]) -> Rates {
        let rate = |(rooms, content, acknowledged_per_second): &(u64, &str, f64)| Rate {
            rooms: *rooms,
            content: (*content).to_owned(),
            acknowledged_per_second: *acknowledged_per_second,
            commits_per_second: 400.0,
            statements_per_message: 0.05,
            lag_entries: 2_500,
            times: Times {
                p50_ms: 4.5,
                p99_ms: 11.0,
            },
        };
        Rates {
            floors_per_second: vec![24_000.0, 25_000.0],
            rates: rates.iter().map(rate).collect(),
        }
    }

    #[test]
    fn a_disturbed_repetition_does_not_decide() {
        let mut all = vec![(1, "bytes", 12_345.0), (100, "bytes", 9_999.0)];
        for rate in [9_000.0, 1_000.0, 10_000.0] {
            all.extend([(1, "texts indexed", rate), (100, "texts indexed", 0.5 * rate)]);
            all.extend([(1, "texts", 10_000.0), (100, "texts", 10_000.0)]);
        }
        let lines = rates(&all).of_sqlite().expect("all of them");
        assert_eq!(lines[0].result, "12 k, p50 4.50 ms, p99 11 ms, 400 commits/s");
        assert_eq!(lines[2].result, "9.0 k, 2.5 k entries not indexed yet = 90 %");
        let reached: Vec<_> = lines.iter().map(|line| line.reached).collect();
        assert_eq!(reached, [Some(true), Some(false), Some(true), Some(false)]);
    }

    #[test]
    fn a_cql_node_is_held_to_a_rate() {
        let all = [(1, "texts", 7_000.0), (1, "texts indexed", 4_999.0)];
        let lines = rates(&all).of_cql().expect("both");
        assert_eq!(
            (lines[0].reached, lines[0].floor.as_str()),
            (Some(false), "7.0 k (without)")
        );
        assert!(
            lines[0].result.ends_with("0.050 statements per message"),
            "{}",
            lines[0].result
        );
        let failure = rates(&all[..1]).of_cql().expect_err("a half");
        assert_eq!(failure.0, "no rate of texts indexed in 1 rooms");
    }
}
