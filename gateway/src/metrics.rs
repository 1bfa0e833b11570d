//! What the gateway counts, beside what engine and store count themselves. Labels are closed, and every child is resolved once.

use actix_web::http::StatusCode;
use prometheus::{
    IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, process_collector::ProcessCollector,
};

/// Classes of statuses, in the order of their first digit from 1.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Why a socket or stream was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No socket at the path.
    Path,
    /// Not a handshake of the WebSocket protocol.
    Handshake,
    /// The page may not connect.
    Origin,
    /// The node has as many connections as it may.
    Connections,
    /// The kernel holds as much for slow sockets as it may.
    Memory,
}

impl Refused {
    /// Names of the reasons in metrics, in the order above.
    const NAMES: [&'static str; 5] = ["path", "handshake", "origin", "connections", "memory"];
}

/// How a stream travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// `/connection/http_stream`.
    HttpStream,
    /// `/connection/sse`.
    Sse,
}

impl StreamKind {
    const NAMES: [&'static str; 2] = ["http_stream", "sse"];
}

/// The gateway's metrics.
#[derive(Debug)]
pub struct GatewayMetrics {
    answers: [IntCounter; 5],
    refused: [IntCounter; 5],
    streams: [IntGauge; 2],
    sessions_max: IntGauge,
    sockets_kernel_max_bytes: IntGauge,
    /// Bytes that the kernel holds for sockets that take no more.
    pub sockets_kernel_bytes: IntGauge,
    /// Sockets and streams open now, of every kind.
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
            "Answers over HTTP by class of status. 5xx that grow: the store or the node is in trouble; 4xx that \
             grow: a client is.",
            "status",
        )?;
        let refused = labelled(
            registry,
            "plenum_sockets_refused_total",
            "Sockets and streams refused. connections: the node has plenum_sessions_max already; memory: slow \
             sockets hold plenum_sockets_kernel_max_bytes; path, handshake, origin: a client or a page that does \
             not belong here.",
            "reason",
        )?;
        let streams = IntGaugeVec::new(
            Opts::new(
                "plenum_streams",
                "Streams open now by transport: clients in networks that let no WebSocket through. They are in \
                 plenum_sockets, too.",
            ),
            &["transport"],
        )?;
        registry.register(Box::new(streams.clone()))?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        build(registry)?;
        Ok(Self {
            answers: CLASSES.map(|class| answers.with_label_values(&[class])),
            refused: Refused::NAMES.map(|reason| refused.with_label_values(&[reason])),
            streams: StreamKind::NAMES.map(|transport| streams.with_label_values(&[transport])),
            sockets: gauge(
                registry,
                "plenum_sockets",
                "WebSockets and streams open now, of every kind, before and after their sign-in. At \
                 plenum_sessions_max new ones are sent away.",
            )?,
            sessions_max: gauge(
                registry,
                "plenum_sessions_max",
                "Sockets and streams that this node takes: what the descriptor limit of the process or \
                 limits.connections allows.",
            )?,
            sockets_kernel_bytes: gauge(
                registry,
                "plenum_sockets_kernel_bytes",
                "Bytes that the kernel holds for realtime WebSockets that take no more: slow phones. It comes on \
                 top of the memory of the process. Streams (http_stream, sse) and /subscriptions are not in it.",
            )?,
            sockets_kernel_max_bytes: gauge(
                registry,
                "plenum_sockets_kernel_max_bytes",
                "Bytes in plenum_sockets_kernel_bytes from which on new sockets are refused; 0: no limit.",
            )?,
            draining: gauge(
                registry,
                "plenum_draining",
                "1 while the node is leaving: it sends its sessions away and is not ready for traffic.",
            )?,
        })
    }

    /// Counts an answer.
    pub fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answers.get(class) {
            counter.inc();
        }
    }

    /// Counts a refused socket or stream.
    pub fn refused(&self, why: Refused) {
        self.refused[why as usize].inc();
    }

    /// Counts a stream until what is given back is dropped.
    pub fn stream(&self, kind: StreamKind) -> OpenStream {
        let streams = self.streams[kind as usize].clone();
        streams.inc();
        OpenStream(streams)
    }

    /// Shows what the node takes at most.
    pub fn show_limits(&self, sessions_max: usize, kernel_max_bytes: u64) {
        let shown = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.sessions_max.set(shown(sessions_max as u64));
        self.sockets_kernel_max_bytes.set(shown(kernel_max_bytes));
    }
}

/// A stream that is counted as open.
#[derive(Debug)]
pub struct OpenStream(IntGauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
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
