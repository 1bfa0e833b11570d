//! One run of the measurement of stores, as a process of its own, and what it prints.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    figures::duration,
    process::Process,
    programs::built,
    table::Line,
};

/// Filling a keyspace with ten million entries takes most of it.
const TIMEOUT: Duration = Duration::from_secs(3_600);

/// What keeps a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// A file of its own.
    Sqlite,
    /// A keyspace of its own on the CQL server of the run.
    Cql,
}

impl Backend {
    /// For the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Cql => "CQL",
        }
    }

    /// One of two.
    pub(crate) const fn either<T: Copy>(self, of_sqlite: T, of_cql: T) -> T {
        match self {
            Self::Sqlite => of_sqlite,
            Self::Cql => of_cql,
        }
    }
}

/// What is timed, how large, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) what: &'static str,
    pub(crate) size: u64,
    pub(crate) samples: u64,
}

/// Measures in a new store; gives what the measurement printed.
pub(crate) async fn measure<T: DeserializeOwned>(bench: &Bench, backend: Backend, load: Load) -> Outcome<T> {
    let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
    let url = match backend {
        Backend::Sqlite => format!("sqlite:{}", folder.path().join("store.db").display()),
        Backend::Cql => bench.cql().await?.url(load.what),
    };
    let process = Process::start(built(&bench.programs.measure)?, |command| {
        command.args([load.what, "--store", &url, "--size", &load.size.to_string()]);
        command.args(["--samples", &load.samples.to_string()]);
    })?;
    let text = process.output_telling(TIMEOUT, |line| bench.teller.tell(line)).await?;
    serde_json::from_str(&text).map_err(Failure::of(format!("measure {}", load.what)))
}

/// What `measure rooms` prints: rows about searches and about lists of chats read it.
#[derive(Debug, Deserialize)]
pub(crate) struct Rooms {
    pub(crate) entries: u64,
    pub(crate) fill_seconds: f64,
    pub(crate) index_seconds: f64,
    /// Of a file, before it is indexed.
    pub(crate) file_bytes: Option<f64>,
    pub(crate) text_bytes: f64,
    pub(crate) index_bytes: f64,
    pub(crate) searches: Vec<Search>,
    pub(crate) chats: Chats,
}

/// Searches of one kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    pub(crate) what: String,
    times: Times,
    /// Of one search.
    statements: f64,
}

impl Search {
    /// In words, with what is asked of a server.
    pub(crate) fn words(&self, backend: Backend) -> String {
        match backend {
            Backend::Sqlite => self.times.words(),
            Backend::Cql => format!("{}, {:.0} statements", self.times.words(), self.statements),
        }
    }

    /// A line of searches that have to stay below a bound.
    pub(crate) fn line(&self, what: String, backend: Backend, bound_ms: f64) -> Line {
        Line {
            result: self.words(backend),
            ..self.times.line(what, bound_ms)
        }
    }
}

/// Lists of the chats of one person.
#[derive(Debug, Deserialize)]
pub(crate) struct Chats {
    pub(crate) chats: u64,
    pub(crate) cold: Times,
    pub(crate) cold_statements: u64,
    pub(crate) warm: Times,
    pub(crate) warm_statements: u64,
}

/// Median and 99 of 100.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Times {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Times {
    /// In words.
    pub(crate) fn words(self) -> String {
        format!("p50 {}, p99 {}", duration(self.p50_ms), duration(self.p99_ms))
    }

    /// A line of times that have to stay below a bound.
    pub(crate) fn line(self, what: String, bound_ms: f64) -> Line {
        Line {
            what,
            bound: format!("p99 ≤ {}", duration(bound_ms)),
            result: self.words(),
            reached: Some(self.p99_ms <= bound_ms),
            ..Line::default()
        }
    }
}

/// The run of `measure rooms` in one backend, made when the first row asks for it.
pub(crate) async fn rooms(bench: &Bench, backend: Backend) -> Outcome<&Rooms> {
    let size = backend.either(bench.size(10_000_000, 100_000), bench.size(1_000_000, 20_000));
    let load = Load {
        what: "rooms",
        size,
        samples: bench.size(1_000, 100),
    };
    let run = match backend {
        Backend::Sqlite => &bench.rooms_of_sqlite,
        Backend::Cql => &bench.rooms_of_cql,
    };
    let made = run.get_or_init(|| measure(bench, backend, load)).await;
    made.as_ref().map_err(Clone::clone)
}
