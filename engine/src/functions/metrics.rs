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
    succeeded: IntCounter,
    seconds: Histogram,
}

/// Calls by method and outcome, and how long they took.
pub(crate) struct FunctionMetrics {
    calls: IntCounterVec,
    by_method: HashMap<&'static str, OfMethod>,
}

impl FunctionMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a metric of this name is registered already.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let calls = IntCounterVec::new(
            Opts::new("plenum_functions_total", "Calls of functions by method and outcome."),
            &["method", "outcome"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new("plenum_functions_seconds", "How long calls of functions took.")
                .buckets(BUCKETS_S.to_vec()),
            &["method"],
        )?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        let by_method = TABLE.iter().map(|row| {
            let of_method = OfMethod {
                succeeded: calls.with_label_values(&[row.method, "ok"]),
                seconds: seconds.with_label_values(&[row.method]),
            };
            (row.method, of_method)
        });
        Ok(Self {
            by_method: by_method.collect(),
            calls,
        })
    }

    /// Counts a call.
    pub(crate) fn observe(&self, method: &'static str, error: Option<ErrorCode>, took: Duration) {
        let Some(of_method) = self.by_method.get(method) else {
            return;
        };
        of_method.seconds.observe(took.as_secs_f64());
        match error {
            None => of_method.succeeded.inc(),
            Some(code) => self.calls.with_label_values(&[method, outcome(code)]).inc(),
        }
    }
}

/// A code's label.
const fn outcome(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unauthorized | ErrorCode::TokenExpired | ErrorCode::Expired => "unauthorized",
        ErrorCode::PermissionDenied | ErrorCode::NotAvailable => "denied",
        ErrorCode::NotFound | ErrorCode::UnknownChannel | ErrorCode::MethodNotFound => "not_found",
        ErrorCode::Conflict | ErrorCode::AlreadySubscribed => "conflict",
        ErrorCode::TooManyRequests => "too_many",
        ErrorCode::Unavailable => "unavailable",
        ErrorCode::Internal => "internal",
        ErrorCode::BadRequest
        | ErrorCode::Invalid
        | ErrorCode::TooLarge
        | ErrorCode::LimitExceeded
        | ErrorCode::UnrecoverablePosition => "refused",
    }
}
