//! What is counted of the functions. Labels are closed: methods of the table and error codes.

use std::{collections::HashMap, time::Duration};

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};
use protocol::ErrorCode;

use super::TABLE;

/// Seconds at which the histogram counts.
const BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

struct OfMethod {
    /// In the order of [`OUTCOMES`].
    outcomes: [IntCounter; OUTCOMES.len()],
    seconds: Histogram,
}

/// Calls by method and outcome, and how long they took.
pub(crate) struct FunctionMetrics {
    by_method: HashMap<&'static str, OfMethod>,
}

impl FunctionMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a metric of this name is registered already.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let calls = IntCounterVec::new(
            Opts::new(
                "plenum_functions_total",
                "Calls over HTTP and rpc by method and outcome. unavailable and internal: the node's fault; \
                 too_many: somebody is held back; the others: what callers did wrong.",
            ),
            &["method", "outcome"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "plenum_functions_seconds",
                "How long calls over HTTP and rpc took inside the node, by method.",
            )
            .buckets(BUCKETS_S.to_vec()),
            &["method"],
        )?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        let by_method = TABLE.iter().map(|row| {
            let of_method = OfMethod {
                outcomes: OUTCOMES.map(|outcome| calls.with_label_values(&[row.method, outcome])),
                seconds: seconds.with_label_values(&[row.method]),
            };
            (row.method, of_method)
        });
        Ok(Self {
            by_method: by_method.collect(),
        })
    }

    /// Counts a call.
    pub(crate) fn observe(&self, method: &'static str, error: Option<ErrorCode>, took: Duration) {
        let Some(of_method) = self.by_method.get(method) else {
            return;
        };
        of_method.seconds.observe(took.as_secs_f64());
        of_method.outcomes[error.map_or(0, outcome)].inc();
    }
}

/// Labels of outcomes.
const OUTCOMES: [&str; 9] = [
    "ok",
    "unauthorized",
    "denied",
    "not_found",
    "conflict",
    "too_many",
    "unavailable",
    "internal",
    "refused",
];

/// A code's place in [`OUTCOMES`].
const fn outcome(code: ErrorCode) -> usize {
    match code {
        ErrorCode::Unauthorized | ErrorCode::TokenExpired | ErrorCode::Expired => 1,
        ErrorCode::PermissionDenied | ErrorCode::NotAvailable => 2,
        ErrorCode::NotFound | ErrorCode::UnknownChannel | ErrorCode::MethodNotFound => 3,
        ErrorCode::Conflict | ErrorCode::AlreadySubscribed => 4,
        ErrorCode::TooManyRequests => 5,
        ErrorCode::Unavailable => 6,
        ErrorCode::Internal => 7,
        ErrorCode::BadRequest
        | ErrorCode::Invalid
        | ErrorCode::TooLarge
        | ErrorCode::LimitExceeded
        | ErrorCode::UnrecoverablePosition => 8,
    }
}
