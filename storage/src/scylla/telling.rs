//! Handing on what the driver counts. It keeps totals of its own; the counters follow them.

use prometheus::{IntCounter, IntGauge};

use super::client::Client;

/// Brings the driver's figures up to date.
pub(super) fn tell(client: &Client) {
    let (driver, counted) = (&client.metrics.driver, client.session.get_metrics());
    set(&driver.connections, counted.get_total_connections());
    follow(
        &driver.requests,
        counted.get_requests_unpaged_num() + counted.get_requests_manually_paged_num(),
    );
    follow(&driver.retries, counted.get_retries_num());
    follow(
        &driver.failed,
        counted.get_errors_unpaged_num() + counted.get_errors_manually_paged_num(),
    );
    follow(&driver.timed_out, counted.get_request_timeouts());
    follow(&driver.connection_timeouts, counted.get_connection_timeouts());
    // There is none before the first request.
    if let Ok(latency_ms) = counted.get_latency_percentile_ms(99.0) {
        driver.latency_p99_seconds.set(latency_ms as f64 / 1_000.0);
    }
}

fn follow(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn set(gauge: &IntGauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}
