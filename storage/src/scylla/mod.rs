//! The backend for ScyllaDB and Apache Cassandra: a node's store where there is more than one machine.
//!
//! The gateway opens it and hands it to the engine as a `Store`. The row of an entry is the only commit: it carries whatever follows from
//! it, so everything else can be done again by whoever takes the log over. One node owns the installation at a time, under a lease; its
//! term is a part of every bucket's number, so what a deposed owner writes late lands where nobody reads. Nothing here decides what may be
//! written: it knows no permission and no wire format, and reads no clock for data.

mod accounts;
mod address;
mod append;
mod block_cache;
mod cells;
mod client;
mod commands;
mod connect;
mod dump;
mod effects;
mod epoch;
mod failure;
mod flush;
mod index;
mod invitations;
mod lease;
mod log;
mod marks;
mod members;
mod meta;
mod migrations;
mod options;
mod place;
mod profiles;
mod purge;
mod retention;
mod rooms;
mod rows;
mod sealed;
mod search;
mod server;
mod sessions;
mod settle;
mod stamp;
mod statements;
mod take_over;
mod telling;
mod user_logs;

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{MutexGuard, Notify},
};
use uuid::Uuid;

pub use self::{
    address::{Address, AddressError},
    connect::OpenError,
    migrations::VERSION as SCHEMA_VERSION,
    options::{Fatal, FatalHook, Options, Ownership, Replication},
    server::Server,
};
use self::{
    block_cache::BlockCache,
    cells::Cells,
    client::Client,
    epoch::Salt,
    failure::{Fault, Result},
    lease::{Claimant, Lease, Renewal},
    place::Place,
    sealed::SealedBuckets,
};
use crate::StoreError;

/// Places at which those who want the same thing wait for each other.
const TURNS: usize = 64;

/// What callers and tasks share.
struct Shared {
    client: Client,
    salt: Salt,
    cells: Cells,
    sealed: SealedBuckets,
    blocks: BlockCache,
    /// None: beside a node; nothing of logs is written, and nothing of rooms is remembered.
    lease: Option<Lease>,
    turns: Vec<tokio::sync::Mutex<()>>,
    appends: AtomicUsize,
    append_bytes: AtomicUsize,
    is_closing: AtomicBool,
    closed: Notify,
    on_fatal: FatalHook,
}

impl Shared {
    fn term(&self) -> u32 {
        self.lease.as_ref().map_or(0, |lease| lease.term)
    }

    /// Whether logs may be written now.
    fn check_lease(&self) -> Result<()> {
        match &self.lease {
            Some(lease) if lease.holds() => Ok(()),
            Some(_) => Err(Fault::Unavailable(
                "the lease on the installation is not held at the moment".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// Waits until nobody else of this process works on the same thing.
    async fn turn(&self, what: &impl Hash) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        self.turns[at].lock().await
    }

    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Ends when the store is being closed.
    async fn closing(&self) {
        let closed = self.closed.notified();
        if !self.is_closing() {
            closed.await;
        }
    }
}

/// A store on a CQL cluster. Dropping it writes what is behind and gives the lease back.
pub struct ScyllaStore {
    shared: Arc<Shared>,
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    _place: Option<Place>,
}

/// An append that is on its way: it counts in the bounds.
struct Waiting {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let left = self.shared.appends.fetch_sub(1, Ordering::SeqCst) - 1;
        self.shared.append_bytes.fetch_sub(self.bytes, Ordering::SeqCst);
        self.shared
            .client
            .metrics
            .queue_jobs
            .set(i64::try_from(left).unwrap_or(i64::MAX));
    }
}

/// What opening a store waits for; for whoever runs the node.
#[derive(Debug)]
pub enum Wait<'a> {
    /// The servers are away; the next try comes after this time.
    Servers(&'a OpenError, Duration),
    /// Another node owns the installation; this one stands by.
    Lease,
}

impl std::fmt::Display for Wait<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Servers(error, pause) => write!(out, "{error}; the next try comes in {:.1} s", pause.as_secs_f64()),
            Self::Lease => write!(
                out,
                "another node owns the installation; this one stands by until it is gone"
            ),
        }
    }
}

impl ScyllaStore {
    /// Opens a store: connects, brings the schema to this build, and takes the lease where one is wanted. Waits as long as that takes, and
    /// says what for. Blocks; not for a thread that serves.
    ///
    /// # Errors
    /// [`OpenError`]: what waiting does not mend.
    pub fn open(options: &Options, waiting: impl Fn(Wait<'_>)) -> Result<Self, OpenError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(options::THREADS)
            .thread_name("storage")
            .enable_all()
            .build()
            .map_err(|error| OpenError::Failed(error.to_string()))?;
        let place = match &options.ownership {
            Ownership::Node {
                folder: Some(folder), ..
            } => Some(Place::take(folder)?),
            _ => None,
        };
        let shared = runtime.block_on(open(options, place.as_ref(), &waiting))?;
        let shared = Arc::new(shared);
        let handle = runtime.handle().clone();
        if shared.lease.is_some() {
            handle.spawn(flush::run(Arc::clone(&shared)));
            handle.spawn(renew(Arc::clone(&shared)));
        }
        Ok(Self {
            shared,
            runtime: Mutex::new(Some(runtime)),
            handle,
            _place: place,
        })
    }

    /// Brings the keyspace to this build's schema, creating it where it is not there, and takes no lease. Blocks.
    ///
    /// # Errors
    /// [`OpenError`] says why not.
    pub fn migrate(options: &Options) -> Result<Server, OpenError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| OpenError::Failed(error.to_string()))?;
        runtime.block_on(async { connect::connect(options).await.map(|client| client.server) })
    }

    /// The kind of server that was found.
    pub fn server(&self) -> Server {
        self.shared.client.server
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    fn runtime(&self) -> &Handle {
        &self.handle
    }

    /// Runs something to its end, whether or not the caller still waits.
    async fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.handle.spawn(work).await {
            Ok(ended) => Ok(ended?),
            Err(error) => Err(StoreError::Failed(format!("outcome unknown: {error}"))),
        }
    }

    /// A place for an append of that many bytes; None: too many wait.
    fn waiting(&self, bytes: usize) -> Option<Waiting> {
        let shared = self.shared();
        let before = shared.appends.fetch_add(1, Ordering::SeqCst);
        let bytes_before = shared.append_bytes.fetch_add(bytes, Ordering::SeqCst);
        shared
            .client
            .metrics
            .queue_jobs
            .set(i64::try_from(before + 1).unwrap_or(i64::MAX));
        let is_over = before > 0 && bytes_before + bytes > options::APPENDS_BYTES_MAX;
        let waiting = Waiting { shared, bytes };
        (before < options::APPENDS_WAITING_MAX && !is_over).then_some(waiting)
    }
}

async fn open(options: &Options, place: Option<&Place>, waiting: &impl Fn(Wait<'_>)) -> Result<Shared, OpenError> {
    let client = match options.ownership {
        Ownership::Node { .. } => {
            connect::connect_patiently(options, |error, pause| waiting(Wait::Servers(error, pause))).await?
        }
        // Whoever sits before a command wants to know at once.
        Ownership::Beside => connect::connect(options).await?,
    };
    let failed = |fault: Fault| OpenError::Failed(StoreError::from(fault).to_string());
    let lease = match &options.ownership {
        Ownership::Beside => None,
        Ownership::Node { name, .. } => {
            let claimant = Claimant {
                node: name.clone(),
                place: place.map_or_else(Uuid::new_v4, |place| place.id),
            };
            let told = || waiting(Wait::Lease);
            Some(lease::take(&client, &claimant, told).await.map_err(failed)?)
        }
    };
    let salt = Salt::default();
    salt.set(Salt::read(&client).await.map_err(failed)?);
    Ok(Shared {
        client,
        salt,
        cells: Cells::default(),
        sealed: SealedBuckets::default(),
        blocks: BlockCache::default(),
        lease,
        turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
        appends: AtomicUsize::new(0),
        append_bytes: AtomicUsize::new(0),
        is_closing: AtomicBool::new(false),
        closed: Notify::new(),
        on_fatal: Arc::clone(&options.on_fatal),
    })
}

/// Renews the lease until the store is closed or somebody else has it.
async fn renew(shared: Arc<Shared>) {
    let Some(lease) = &shared.lease else { return };
    while !shared.is_closing() {
        match lease.renew(&shared.client).await {
            Renewal::Renewed => {}
            Renewal::Open => tracing::warn!("the lease on the installation could not be renewed; it is tried again"),
            Renewal::Lost => {
                if !shared.is_closing() {
                    (shared.on_fatal)(Fatal::Deposed);
                }
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(options::LEASE_RENEWAL) => {}
            () = shared.closing() => {}
        }
    }
}

impl Drop for ScyllaStore {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.closed.notify_waiters();
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtime) = runtime else { return };
        let shared = Arc::clone(&self.shared);
        let last = async move {
            flush::everything(&shared).await;
            if let Some(lease) = &shared.lease {
                lease.release(&shared.client).await;
            }
        };
        // The last handle may be dropped on any thread, also on one that serves: it does not wait there for ever.
        let ended = std::thread::spawn(move || {
            let ended = runtime.block_on(async { tokio::time::timeout(options::CLOSE_PATIENCE, last).await });
            runtime.shutdown_timeout(Duration::from_secs(1));
            ended
        });
        if !matches!(ended.join(), Ok(Ok(()))) {
            tracing::warn!("the store could not be closed in order; the next start ends what is missing");
        }
    }
}

impl std::fmt::Debug for ScyllaStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ScyllaStore")
            .field("server", &self.shared.client.server)
            .finish_non_exhaustive()
    }
}
