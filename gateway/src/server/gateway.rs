//! What every request and every socket of the node shares.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::http::StatusCode;
use engine::{Clock, Engine};
use storage::Store;
use tokio::sync::watch;

use crate::{
    config::Config,
    http::{Demo, problem::Problem},
    limits::CONNECTIONS_EXTRA,
    metrics::{GatewayMetrics, Refused},
    server_api::Repeats,
    socket::SocketMemory,
    tokens::GatewayTokens,
};

/// The node's shared state; workers and sockets hold it behind an `Arc`.
pub struct Gateway {
    /// Rooms, sessions and functions.
    pub engine: Arc<Engine>,
    /// The store, for `/readyz`.
    pub store: Arc<dyn Store>,
    /// Keys and signatures.
    pub tokens: Arc<GatewayTokens>,
    /// The metrics of every part.
    pub registry: prometheus::Registry,
    /// What the gateway itself counts.
    pub(crate) metrics: GatewayMetrics,
    /// The wall clock.
    pub clock: Clock,
    /// Sockets that the node takes; beyond, a socket is accepted and sent away with a code that SDKs back off from.
    pub sockets_max: usize,
    sockets: AtomicUsize,
    /// What the kernel holds for sockets that take no more.
    pub(crate) socket_memory: SocketMemory,
    /// Facts that back ends published a moment ago.
    pub(crate) repeats: Repeats,
    config: watch::Receiver<Arc<Config>>,
    draining: watch::Receiver<bool>,
    demo: OnceLock<Demo>,
}

/// The parts of a [`Gateway`].
pub struct Parts {
    /// Rooms, sessions and functions.
    pub engine: Arc<Engine>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Keys and signatures.
    pub tokens: Arc<GatewayTokens>,
    /// The metrics of every part.
    pub registry: prometheus::Registry,
    /// What the gateway itself counts.
    pub(crate) metrics: GatewayMetrics,
    /// The wall clock.
    pub clock: Clock,
    /// Sockets that the node takes.
    pub sockets_max: usize,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// Whether the node is leaving.
    pub draining: watch::Receiver<bool>,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let wanted_bytes = parts.config.borrow().socket_memory_bytes.map(|bytes| bytes.0);
        let socket_memory = SocketMemory::new(wanted_bytes, parts.metrics.sockets_kernel_bytes.clone());
        parts.metrics.show_limits(parts.sockets_max, socket_memory.max_bytes());
        Self {
            engine: parts.engine,
            store: parts.store,
            tokens: parts.tokens,
            registry: parts.registry,
            metrics: parts.metrics,
            clock: parts.clock,
            sockets_max: parts.sockets_max,
            sockets: AtomicUsize::new(0),
            socket_memory,
            repeats: Repeats::default(),
            config: parts.config,
            draining: parts.draining,
            demo: OnceLock::new(),
        }
    }

    /// The configuration in force; SIGHUP may replace it.
    pub fn config(&self) -> Arc<Config> {
        self.config.borrow().clone()
    }

    /// Whether the node is leaving: not ready for traffic any more.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Tells when the node begins to leave.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.draining.clone()
    }

    /// What the page is told of the demo, on a node that has one.
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.get()
    }

    /// The node has a demo from now on; the first one stays.
    pub fn set_demo(&self, demo: Demo) {
        let _ = self.demo.set(demo);
    }

    /// Counts a socket until the place is dropped.
    pub fn take_place(self: &Arc<Self>) -> Place {
        let others = self.sockets.fetch_add(1, Ordering::Relaxed);
        self.metrics.sockets.inc();
        let is_over_limit = others >= self.sockets_max;
        if is_over_limit {
            self.metrics.refused(Refused::Connections);
        }
        Place {
            is_over_limit,
            gateway: Arc::clone(self),
        }
    }

    /// Why no further socket or stream is taken at the moment; counted. Clients may come again later.
    ///
    /// Up to [`CONNECTIONS_EXTRA`] sockets beyond the node's places are taken and sent away in the words of their protocol; waiting for
    /// their goodbyes takes descriptors too, so that those beyond are refused before they are sockets.
    pub fn shortage(&self) -> Option<Problem> {
        let (why, words) = if self.socket_memory.is_used_up() {
            (Refused::Memory, "no memory for more connections now")
        } else if self.sockets() >= self.sockets_max + CONNECTIONS_EXTRA {
            (Refused::Connections, "no place for more connections now")
        } else {
            return None;
        };
        self.metrics.refused(why);
        Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, words))
    }

    /// Sockets open now.
    pub fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }
}

/// One socket's place among the node's sockets.
pub struct Place {
    /// The node had no place left: the socket should be sent away.
    pub is_over_limit: bool,
    gateway: Arc<Gateway>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gateway.sockets.fetch_sub(1, Ordering::Relaxed);
        self.gateway.metrics.sockets.dec();
    }
}
