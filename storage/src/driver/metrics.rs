//! What the driver of CQL servers counts of its connections and requests. A store in a file leaves all of it at 0.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The driver's own figures.
#[derive(Clone)]
pub struct DriverMetrics {
    /// Connections to the servers at the moment.
    pub connections: IntGauge,
    /// Requests that were sent, repetitions not counted.
    pub requests: IntCounter,
    /// Requests that were sent again, to the same server or to another.
    pub retries: IntCounter,
    /// Requests that failed in the end.
    pub failed: IntCounter,
    /// Requests whose time was over.
    pub timed_out: IntCounter,
    /// Connections that did not come about in time.
    pub connection_timeouts: IntCounter,
    /// The 99th percentile of the time a request took since the store was opened, in seconds.
    pub latency_p99_seconds: Gauge,
}

impl DriverMetrics {
    /// Makes the metrics known to `registry`.
    ///
    /// # Errors
    /// When the registry has one of the names already.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let connections = IntGauge::new(
            "plenum_storage_driver_connections",
            "Connections to the CQL servers. 0 with a cluster for a store: none of its servers can be reached.",
        )?;
        let requests = IntCounterVec::new(
            Opts::new(
                "plenum_storage_driver_requests_total",
                "Requests to the CQL servers by what became of them: sent (each once), retried, failed in the end, timed out.",
            ),
            &["outcome"],
        )?;
        let connection_timeouts = IntCounter::new(
            "plenum_storage_driver_connection_timeouts_total",
            "Connections to CQL servers that did not come about in time.",
        )?;
        let latency_p99_seconds = Gauge::new(
            "plenum_storage_driver_latency_seconds",
            "The 99th percentile of what a request to the CQL servers took, since the node was started.",
        )?;
        registry.register(Box::new(connections.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(connection_timeouts.clone()))?;
        registry.register(Box::new(latency_p99_seconds.clone()))?;
        Ok(Self {
            connections,
            requests: requests.with_label_values(&["sent"]),
            retries: requests.with_label_values(&["retried"]),
            failed: requests.with_label_values(&["failed"]),
            timed_out: requests.with_label_values(&["timed_out"]),
            connection_timeouts,
            latency_p99_seconds,
        })
    }
}
