//! Opens the store that the configuration names: the only place that knows the backends.

mod cluster;
mod file;

use std::{io, path::PathBuf, sync::Arc};

pub use storage::scylla::Wait;
use storage::{Store, StoreError, metrics::StorageMetrics, scylla, sqlite};

pub use self::{
    cluster::migrate,
    file::{make_place, open as open_file, path},
};
use crate::{
    config::{Config, StorageUrl},
    tokens::{SIGNING_KEY_BYTES, SIGNING_KEY_NAME},
};

/// Exit code of a process that can't go on with its store.
const STORE_LOST: i32 = 70;

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreFailure {
    /// The data folder can't be made.
    #[error("the data folder {}: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file can't be opened.
    #[error(transparent)]
    File(#[from] sqlite::OpenError),
    /// The cluster can't be used.
    #[error(transparent)]
    Cluster(#[from] scylla::OpenError),
    /// The command works on a file only.
    #[error(
        "this works on an SQLite store only, and storage.url names {0}: its servers have tools of their own for that"
    )]
    NoFile(String),
    /// An import into it has not come to its end: what it holds is a part.
    #[error(
        "an import into this store was interrupted: run `plenum import` with the same folder again, or remove the store"
    )]
    ImportInterrupted,
    /// An import into it came to a bad end.
    #[error("an import into this store failed: {0}")]
    ImportFailed(String),
    /// It opened, and then a first read or write failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who opens the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The node that serves it: one at a time.
    Serve,
    /// A command beside it.
    Beside,
}

/// Opens the store, making folder and file, or keyspace and tables, where they are not there. Blocks: for a thread that does not serve
/// yet. `waiting` is told what a node waits for: servers that are away, another node that owns the installation.
///
/// # Errors
/// In words for whoever runs the node.
pub fn open(
    config: &Config,
    how: Use,
    metrics: StorageMetrics,
    waiting: impl Fn(Wait<'_>),
) -> Result<Arc<dyn Store>, StoreFailure> {
    match &config.storage_url {
        Some(StorageUrl::Cluster(address)) => cluster::open(config, address, how, metrics, waiting),
        None | Some(StorageUrl::File(_)) => Ok(file::open(config, how, metrics)?),
    }
}

/// Where the store is, as `storage.url` would say it.
pub fn url(config: &Config) -> String {
    match &config.storage_url {
        Some(StorageUrl::Cluster(address)) => address.to_string(),
        None | Some(StorageUrl::File(_)) => format!("sqlite:{}", file::place(config).display()),
    }
}

/// The key that own tokens are signed with; made at the first call, and the same for every node and restart.
///
/// # Errors
/// When the store fails.
///
/// # Panics
/// When the operating system has no randomness to give.
pub async fn signing_key(store: &dyn Store) -> Result<Vec<u8>, StoreError> {
    let mut fresh = vec![0; SIGNING_KEY_BYTES];
    getrandom::fill(&mut fresh).expect("the operating system gives randomness");
    store.meta_or_insert(SIGNING_KEY_NAME, fresh).await
}

/// Keeps everybody away from a store that is half imported.
///
/// # Errors
/// [`StoreFailure::ImportInterrupted`], [`StoreFailure::ImportFailed`].
pub async fn refuse_unfinished_import(store: &dyn Store) -> Result<(), StoreFailure> {
    match store.import_mark().await? {
        None => Ok(()),
        Some(mark) => Err(mark
            .failed
            .map_or(StoreFailure::ImportInterrupted, StoreFailure::ImportFailed)),
    }
}
