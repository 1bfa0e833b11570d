//! Opens the store that the configuration names: the only place that knows a backend.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use storage::{
    Store, StoreError,
    metrics::StorageMetrics,
    sqlite::{Fatal, OpenError, Options, SqliteStore},
};

use crate::{
    config::Config,
    tokens::{SIGNING_KEY_BYTES, SIGNING_KEY_NAME},
};

/// The file of the store when `storage.url` names none.
const FILE_NAME: &str = "plenum.db";

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
    Open(#[from] OpenError),
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

/// Where the store's file is.
pub fn path(config: &Config) -> PathBuf {
    match &config.storage_url {
        Some(url) => url.0.clone(),
        None => config.data.0.join(FILE_NAME),
    }
}

/// Opens the store, making folder and file where they are not there. Blocks: for a thread that does not serve yet.
///
/// # Errors
/// In words for whoever runs the node.
pub fn open(config: &Config, how: Use, metrics: StorageMetrics) -> Result<Arc<SqliteStore>, StoreFailure> {
    let path = path(config);
    make_place(&path)?;
    let options = Options {
        exclusive: how == Use::Serve,
        metrics,
        on_fatal: Arc::new(end_process),
        ..Options::default()
    };
    Ok(Arc::new(SqliteStore::open(&path, options)?))
}

/// After a failed fsync the memory and the disk may differ: nothing may be promised any more. A restart reads the disk.
fn end_process(fatal: Fatal) {
    tracing::error!(?fatal, "the store can't go on; the process ends");
    std::process::exit(70);
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

/// Makes the folder of a file.
///
/// # Errors
/// [`StoreFailure::Folder`].
pub fn make_place(path: &Path) -> Result<(), StoreFailure> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => make_folder(folder),
        None => Ok(()),
    }
}

/// Only its owner looks into a folder that holds password hashes and keys.
fn make_folder(path: &Path) -> Result<(), StoreFailure> {
    let told = |error| StoreFailure::Folder {
        path: path.to_owned(),
        error,
    };
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(told)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(told)?;
    }
    Ok(())
}
