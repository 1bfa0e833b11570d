//! A copy of a store that is in use.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{SqliteStore, open};
use crate::StoreError;

impl SqliteStore {
    /// Writes a copy of the whole store, as of one moment, into a new file. Appends go on meanwhile. Blocks; not for a
    /// thread
    /// that serves. The copy appears under its name only when it is complete and on the disk.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when `to` exists; [`StoreError::Full`] and [`StoreError::Failed`] say what the disk
    /// says.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        backup(self.path(), to)
    }
}

fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Conflict);
    }
    let unfinished = unfinished_name(to);
    // What an earlier attempt left behind.
    let _ = fs::remove_file(&unfinished);
    let result = copy(from, &unfinished).and_then(|()| put_in_place(&unfinished, to));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result
}

fn unfinished_name(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

fn copy(from: &Path, unfinished: &Path) -> Result<(), StoreError> {
    let Some(name) = unfinished.to_str() else {
        return Err(StoreError::Failed("the copy's name is not UTF-8".to_owned()));
    };
    let connection = open::reader(from).map_err(|error| StoreError::Failed(error.to_string()))?;
    connection
        .pragma_update(None, "query_only", false)
        .and_then(|()| connection.execute("VACUUM INTO ?1", [name]))
        .map_err(|error| super::failure::store_error(&error))?;
    Ok(())
}

fn put_in_place(unfinished: &Path, to: &Path) -> Result<(), StoreError> {
    let written = File::open(unfinished).and_then(|file| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(unfinished, to));
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    renamed
        .and_then(|()| File::open(folder.unwrap_or(Path::new(".")))?.sync_all())
        .map_err(|error| StoreError::Failed(error.to_string()))
}
