//! What is counted of memberships and pages in memory. Labels are closed and resolved here.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, core::Collector};

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// It was known.
    Memory,
    /// One reading for several who asked.
    Shared,
    /// A reading of its own.
    Store,
}

impl Source {
    const ALL: [Self; 3] = [Self::Memory, Self::Shared, Self::Store];

    const fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Shared => "shared",
            Self::Store => "store",
        }
    }
}

/// Counters of one node. Cloning shares them.
#[derive(Clone)]
pub(super) struct WarmMetrics {
    questions: IntCounterVec,
    pages: IntCounterVec,
    asked: [IntCounter; Source::ALL.len()],
    given: [IntCounter; Source::ALL.len()],
    /// Memberships in memory.
    pub(super) memberships: IntGauge,
    /// Bytes of pages in memory.
    pub(super) page_bytes: IntGauge,
}

impl WarmMetrics {
    pub(super) fn new() -> Self {
        let questions = counters(
            "plenum_membership_questions_total",
            "Questions whether somebody may read a room, by where the answer came from: memory, a reading shared with \
             others who asked, or a reading of its own. In a rush nearly all come from memory.",
        );
        let pages = counters(
            "plenum_history_pages_total",
            "Pages of history that were given, by where they came from: memory (kept pages and the relay's newest \
             entries), a reading shared with others who asked for the same, or a reading of its own.",
        );
        Self {
            asked: Source::ALL.map(|source| questions.with_label_values(&[source.label()])),
            given: Source::ALL.map(|source| pages.with_label_values(&[source.label()])),
            questions,
            pages,
            memberships: gauge(
                "plenum_membership_kept",
                "Memberships in memory, of rooms that many ask about at the same time. Bounded.",
            ),
            page_bytes: gauge(
                "plenum_history_kept_bytes",
                "Bytes of encoded pages of history in memory. Bounded; at the bound the pages not used for longest go.",
            ),
        }
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let metrics: [Box<dyn Collector>; 4] = [
            Box::new(self.questions.clone()),
            Box::new(self.pages.clone()),
            Box::new(self.memberships.clone()),
            Box::new(self.page_bytes.clone()),
        ];
        metrics.into_iter().try_for_each(|metric| registry.register(metric))
    }

    /// A membership was asked for.
    pub(super) fn asked(&self, source: Source) {
        self.asked[source as usize].inc();
    }

    /// A page was given.
    pub(super) fn given(&self, source: Source) {
        self.given[source as usize].inc();
    }
}

fn counters(name: &str, help: &str) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), &["from"]).expect("a valid name")
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("a valid name")
}
