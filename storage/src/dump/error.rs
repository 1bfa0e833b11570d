//! Why an export or an import does not come to its end, in words for whoever runs it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::RecordKind;
use crate::StoreError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The file system says no: a full disk, no permission.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The folder for an export holds something else.
    #[error("{} is not empty and holds no export that was interrupted", .0.display())]
    FolderInUse(PathBuf),
    /// The folder for an export holds a whole one.
    #[error("{} holds a complete export already", .0.display())]
    AlreadyThere(PathBuf),
    /// Another process is writing the folder.
    #[error("another export is writing {}", .0.display())]
    Busy(PathBuf),
    /// The folder holds an interrupted export of another store.
    #[error("{} holds an interrupted export of {of}, this is {this}: choose another folder, or remove that one", folder.display())]
    OtherSource {
        /// The folder.
        folder: PathBuf,
        /// The store of the interrupted export.
        of: String,
        /// The store that was to be exported.
        this: String,
    },
    /// The folder is no export.
    #[error("{} is not an export of Plenum: {reason}", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The export has not come to its end.
    #[error("the export in {} is not complete: run `plenum export` into it again", .0.display())]
    Unfinished(PathBuf),
    /// A newer Plenum has written it.
    #[error("{} has format {found}; this Plenum knows formats up to {known}: import it with the version that wrote it, or a newer one", path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this build knows.
        known: u32,
    },
    /// A file of an export is not what was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of an export is not there.
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    /// The target holds something.
    #[error("the store is not empty: {0}. An import needs a new store")]
    NotEmpty(String),
    /// Another import has begun in the target.
    #[error(
        "another import (of the export {0}) was begun in this store and not completed: run that one again, or remove the store"
    )]
    OtherImport(uuid::Uuid),
    /// An earlier import into the target failed.
    #[error("an import into this store failed: {0}. Remove the store and import into a new one")]
    FailedBefore(String),
    /// What was read back is not what was exported.
    #[error("the store does not hold what was exported: {} differ. It can't be used: remove it, and import into a new one", names(.0))]
    Differs(Vec<RecordKind>),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread of the export or import ended by a panic.
    #[error("a thread ended: {0}")]
    Ended(String),
}

impl DumpError {
    /// What turns an error of the system into one about a path.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }

    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl From<tokio::task::JoinError> for DumpError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Ended(error.to_string())
    }
}

fn names(kinds: &[RecordKind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}
