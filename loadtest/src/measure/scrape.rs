//! The server's own figures, read from its `/metrics` while a run is under way.
//!
//! Whatever fails here is no finding: a server without that endpoint is a server all the same.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::{
    limits::{METRICS_BYTES_MAX, METRICS_EVERY, METRICS_TIMEOUT},
    target::Target,
};

/// Kernel memory of all sockets, in bytes.
const KERNEL_BYTES: &str = "plenum_sockets_kernel_bytes";
/// What has reached the server's store.
const STATEMENTS: &str = "plenum_storage_statements_total";
/// Stands for "not known": no machine has that many bytes.
const UNKNOWN: u64 = u64::MAX;

/// Reads again and again until it is dropped.
#[derive(Debug)]
pub struct Scraper {
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    most_bytes: AtomicU64,
    paused: AtomicBool,
}

impl Scraper {
    /// Begins to read from the server behind `target`.
    pub fn start(target: &Target) -> Self {
        let shared = Arc::new(Shared {
            most_bytes: AtomicU64::new(UNKNOWN),
            paused: AtomicBool::new(false),
        });
        let read = read_on(target.address, target.authority.clone(), shared.clone());
        let task = tokio::spawn(read).abort_handle();
        Self { shared, task }
    }

    /// Does not read, until told otherwise.
    pub fn pause(&self, paused: bool) {
        self.shared.paused.store(paused, Relaxed);
    }

    /// The most kernel memory of sockets that was seen, in bytes.
    pub fn most_bytes(&self) -> Option<u64> {
        Some(self.shared.most_bytes.load(Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Statements that have reached the stores of the servers behind all of `targets` since they started; none if one of them does not say.
pub async fn statements(targets: &[Target]) -> Option<u64> {
    let mut sum = 0.0;
    let mut asked: Vec<SocketAddr> = Vec::new();
    for target in targets {
        if asked.contains(&target.address) {
            continue;
        }
        asked.push(target.address);
        let read = timeout(METRICS_TIMEOUT, read_once(target.address, &target.authority));
        sum += sum_of(STATEMENTS, &read.await.ok()??)?;
    }
    Some(sum as u64)
}

async fn read_on(address: SocketAddr, authority: String, shared: Arc<Shared>) {
    loop {
        if !shared.paused.load(Relaxed)
            && let Ok(Some(answer)) = timeout(METRICS_TIMEOUT, read_once(address, &authority)).await
            && let Some(bytes) = sum_of(KERNEL_BYTES, &answer)
        {
            let bytes = bytes as u64;
            let known = shared.most_bytes.load(Relaxed);
            let most = if known == UNKNOWN { bytes } else { known.max(bytes) };
            shared.most_bytes.store(most, Relaxed);
        }
        sleep(METRICS_EVERY).await;
    }
}

async fn read_once(address: SocketAddr, authority: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(METRICS_BYTES_MAX).read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// A metric in the Prometheus text format, all its labels together
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
fn sum_of(metric: &str, answer: &str) -> Option<f64> {
    let values = answer.lines().filter_map(|line| {
        let rest = line.strip_prefix(metric)?;
        let value = match rest.split_once('}') {
            Some((labels, value)) if labels.starts_with('{') => value,
            _ => rest.strip_prefix(' ')?,
        };
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    values.reduce(|one, other| one + other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_is_found_with_and_without_labels_and_nothing_else_is() {
        let text = "# HELP plenum_sockets_kernel_bytes x\nplenum_sockets_kernel_bytes_peak 9\n";
        let kernel_bytes = |text: &str| sum_of(KERNEL_BYTES, text);
        assert_eq!(kernel_bytes(text), None);
        assert_eq!(
            kernel_bytes(&format!("{text}plenum_sockets_kernel_bytes 1.5e3\n")),
            Some(1_500.0)
        );
        let labelled = "plenum_sockets_kernel_bytes{of=\"a\"} 2\r\nplenum_sockets_kernel_bytes{of=\"b\"} 3\r\n";
        assert_eq!(kernel_bytes(labelled), Some(5.0));
    }
}
