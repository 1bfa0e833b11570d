//! Puts a node together and starts it.

use std::{io, net::SocketAddr, sync::Arc};

use actix_http::HttpService;
use actix_rt::net::TcpStream;
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{fn_service, map_config};
use actix_web::dev::AppConfig;
use engine::Clock;
use prometheus::Registry;
use storage::{Store, metrics::StorageMetrics};
use tokio::sync::{oneshot, watch};

use super::{Gateway, Parts, descriptors, drain::Signals, engine as parts, listener, store, upgrade::upgrade, waiting};
use crate::{
    config::Config,
    http,
    limits::{CONNECTIONS_EXTRA, KEEP_ALIVE, LISTEN_BACKLOG, REQUEST_HEAD_TIMEOUT},
    metrics::GatewayMetrics,
    socket::options,
    tokens::GatewayTokens,
};

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] store::StoreFailure),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {error}")]
    Listen {
        /// The address as configured.
        address: String,
        /// What the system says.
        error: io::Error,
    },
    /// The server can't start its workers.
    #[error("can't start the server: {0}")]
    Server(io::Error),
    /// The engine can't be put together.
    #[error(transparent)]
    Engine(#[from] parts::Failure),
    /// Two parts want to count under one name.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// A node that listens. It serves while [`Node::run`] or [`Node::server`] is awaited.
pub struct Node {
    /// What requests and sockets share.
    pub gateway: Arc<Gateway>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Sessions that the descriptor limit allows.
    pub sessions_max: usize,
    pub(super) server: Server,
    pub(super) config: watch::Sender<Arc<Config>>,
    pub(super) draining: watch::Sender<bool>,
    pub(super) signals: Signals,
}

impl Node {
    /// Opens the store, puts the parts together and listens. Inside an actix system.
    ///
    /// # Errors
    /// In words for whoever runs the node.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let clock = Clock::system();
        let registry = Registry::new();
        let store = open_store(&config, StorageMetrics::register(&registry)?).await?;
        store::refuse_unfinished_import(&*store).await?;
        let signing_key = store::signing_key(&*store).await.map_err(store::StoreFailure::from)?;
        let sessions_max = sessions_max(&config);
        let (config, config_in_force) = watch::channel(Arc::new(config));
        let (draining, is_draining) = watch::channel(false);
        let tokens = Arc::new(GatewayTokens::new(&signing_key, config_in_force.clone(), clock.clone()));
        let engine = parts::start(&config_in_force.borrow().clone(), &store, &tokens, &clock, &registry)?;
        let metrics = GatewayMetrics::register(&registry)?;
        let gateway = Arc::new(Gateway::new(Parts {
            engine,
            store,
            tokens,
            registry,
            metrics,
            clock,
            sockets_max: sessions_max,
            config: config_in_force,
            draining: is_draining,
        }));
        // Before anybody is told that the node is there: a signal may be the very next thing.
        let signals = Signals::new().map_err(StartError::Server)?;
        let (server, address) = listen(&gateway).await?;
        Ok(Self {
            gateway,
            address,
            sessions_max,
            server,
            config,
            draining,
            signals,
        })
    }
}

/// Opens the store on a thread of its own; whoever asks meanwhile is told what the node waits for.
async fn open_store(config: &Config, metrics: StorageMetrics) -> Result<Arc<dyn Store>, StartError> {
    let (done, opened) = oneshot::channel();
    let (told, news) = watch::channel(None);
    let (address, config) = (config.listen.0.clone(), config.clone());
    std::thread::spawn(move || {
        let waiting = |wait: store::Wait<'_>| {
            let words = wait.to_string();
            tracing::warn!("waiting: {words}");
            told.send_replace(Some(words));
        };
        // Nobody waits any more when the process is about to end.
        let _ = done.send(store::open(&config, store::Use::Serve, metrics, waiting));
    });
    let opened = waiting::answer_meanwhile(&address, opened, news).await;
    let opened = opened.ok_or_else(|| StartError::Server(io::Error::other("the store's thread ended")))?;
    Ok(opened?)
}

fn sessions_max(config: &Config) -> usize {
    let possible = descriptors::sessions(descriptors::raise());
    config
        .connections
        .map_or(possible, |wanted| possible.min(wanted.0 as usize))
}

async fn listen(gateway: &Arc<Gateway>) -> Result<(Server, SocketAddr), StartError> {
    let config = gateway.config();
    let told = |error| StartError::Listen {
        address: config.listen.0.clone(),
        error,
    };
    let listener = listener::bind(&config.listen.0).await.map_err(told)?;
    let address = listener.local_addr().map_err(told)?;
    let workers = config
        .node_workers
        .map_or_else(processors, |workers| workers.0 as usize);
    let builder = Server::build()
        .workers(workers)
        .backlog(LISTEN_BACKLOG)
        .max_concurrent_connections((gateway.sockets_max + CONNECTIONS_EXTRA).div_ceil(workers))
        .disable_signals()
        // The workers' own waiting ends after this; `drain` decides when it begins.
        .shutdown_timeout(config.drain_timeout_s.0);
    let builder = with_service(builder, listener, Arc::clone(gateway)).map_err(StartError::Server)?;
    Ok((builder.run(), address))
}

/// One service for the port: actix-web answers requests, [`upgrade`] takes every handshake.
fn with_service(
    builder: ServerBuilder,
    listener: std::net::TcpListener,
    gateway: Arc<Gateway>,
) -> io::Result<ServerBuilder> {
    let stopping = builder.graceful_shutdown_signal();
    builder.listen("plenum", listener, move || {
        let sockets = Arc::clone(&gateway);
        let stopping = stopping.clone();
        HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD_TIMEOUT)
            .tcp_nodelay(true)
            .on_connect_ext(|stream, _| bound_kernel_memory(stream))
            .graceful_shutdown_signal(move || notified(stopping.clone()))
            .upgrade(fn_service(move |(request, framed)| {
                upgrade(Arc::clone(&sockets), request, framed)
            }))
            .finish(map_config(http::app(Arc::clone(&gateway)), |()| AppConfig::default()))
            .tcp()
    })
}

/// Streams and sockets alike: what a slow phone lags behind stays in its cursor, not in the kernel.
fn bound_kernel_memory(stream: &TcpStream) {
    if let Err(error) = options::bound(stream) {
        tracing::debug!(%error, "a socket's kernel memory could not be bounded");
    }
}

async fn notified(stopping: GracefulShutdownSignal) {
    stopping.notified().await;
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
