//! What the gateway counts, beside what engine and store count themselves. Labels are closed, and every child is resolved once.

use actix_web::http::StatusCode;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, process_collector::ProcessCollector};

/// Classes of statuses, in the order of their first digit from 1.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Why a handshake was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No socket at the path.
    Path,
    /// Not a handshake of the WebSocket protocol.
    Handshake,
    /// The page may not connect.
    Origin,
}

/// The gateway's metrics.
#[derive(Debug)]
pub struct GatewayMetrics {
    answers: [IntCounter; 5],
    refused: [IntCounter; 3],
    /// Sockets open now, of every kind.
    pub sockets: IntGauge,
    /// 1 while the node is leaving.
    pub draining: IntGauge,
}

impl GatewayMetrics {
    /// Makes the metrics known to `registry`, those of the process among them.
    ///
    /// # Errors
    /// When the registry has one of the names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let answers = labelled(
            registry,
            "plenum_http_answers_total",
            "Answers over HTTP by class of status.",
            "status",
        )?;
        let refused = labelled(
            registry,
            "plenum_sockets_refused_total",
            "Handshakes refused in HTTP.",
            "reason",
        )?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        build(registry)?;
        Ok(Self {
            answers: CLASSES.map(|class| answers.with_label_values(&[class])),
            refused: ["path", "handshake", "origin"].map(|reason| refused.with_label_values(&[reason])),
            sockets: gauge(registry, "plenum_sockets", "WebSockets open now, of every kind.")?,
            draining: gauge(registry, "plenum_draining", "1 while the node is leaving.")?,
        })
    }

    /// Counts an answer.
    pub fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answers.get(class) {
            counter.inc();
        }
    }

    /// Counts a refused handshake.
    pub fn refused(&self, why: Refused) {
        let index = match why {
            Refused::Path => 0,
            Refused::Handshake => 1,
            Refused::Origin => 2,
        };
        self.refused[index].inc();
    }
}

fn labelled(registry: &Registry, name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

/// Which version runs, as Prometheus is told by custom: a gauge that is always 1.
fn build(registry: &Registry) -> Result<(), prometheus::Error> {
    let options = Opts::new("plenum_build_info", "Always 1; the label says which version runs.");
    let build = IntGauge::with_opts(options.const_label("version", env!("CARGO_PKG_VERSION")))?;
    build.set(1);
    registry.register(Box::new(build))
}
