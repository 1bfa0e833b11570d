//! The embedded store: one file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use storage::{
    metrics::StorageMetrics,
    sqlite::{Fatal, Options, SqliteStore},
};

use super::{STORE_LOST, StoreFailure, Use};
use crate::config::{Config, StorageUrl};

/// The file of the store when `storage.url` names none.
const FILE_NAME: &str = "plenum.db";

/// Where the file is, whatever `storage.url` says of clusters.
pub(super) fn place(config: &Config) -> PathBuf {
    match &config.storage_url {
        Some(StorageUrl::File(path)) => path.clone(),
        _ => config.data.0.join(FILE_NAME),
    }
}

/// Where the store's file is.
///
/// # Errors
/// [`StoreFailure::NoFile`] when the store is none.
pub fn path(config: &Config) -> Result<PathBuf, StoreFailure> {
    match &config.storage_url {
        Some(StorageUrl::Cluster(address)) => Err(StoreFailure::NoFile(address.to_string())),
        _ => Ok(place(config)),
    }
}

/// Opens the store's file, making folder and file where they are not there. Blocks.
///
/// # Errors
/// In words for whoever runs the node.
pub fn open(config: &Config, how: Use, metrics: StorageMetrics) -> Result<Arc<SqliteStore>, StoreFailure> {
    let path = path(config)?;
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
    std::process::exit(STORE_LOST);
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
pub(super) fn make_folder(path: &Path) -> Result<(), StoreFailure> {
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
