//! The lock of a serving process: one node per file.
//!
//! An advisory lock on a file beside the database, held for the life of the process and let go by the kernel when it
//! ends,
//! however it ends. SQLite's own locks stay free, so that `plenum user add` works beside a running node.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use super::open::OpenError;

/// Where the lock of a database lies.
pub(super) fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Takes the lock; it is held as long as the file is open.
pub(super) fn take(database: &Path) -> Result<File, OpenError> {
    let path = path_of(database);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| OpenError::from_io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: database.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(OpenError::from_io(&path, &error)),
    }
}
