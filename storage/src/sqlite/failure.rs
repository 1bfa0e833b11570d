//! SQLite's errors in the words of the contract.

use rusqlite::{Error, ErrorCode, ffi};

use crate::{AppendError, StoreError};

/// Why a job of this backend did not do its work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The contract's own answer; the database is fine.
    Refused(StoreError),
    /// SQLite's answer.
    Sqlite(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// What the caller is told.
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Sqlite(error) => store_error(&error),
        }
    }
}

/// A definite failure as the caller of a read or an ordinary write is told.
pub(super) fn store_error(error: &Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(error.to_string()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// A definite failure as the caller of an append is told.
pub(super) fn append_error(error: &Error) -> AppendError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => AppendError::Full(error.to_string()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => AppendError::Busy,
        _ => AppendError::Failed(error.to_string()),
    }
}

/// Whether COMMIT left open what is on the disk. SQLite rolls back after any error of COMMIT; but when the error came
/// from
/// the disk, the frame that ends the transaction may have reached it.
pub(super) fn is_unknown_after_commit(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

/// Whether the disk refused to confirm a write. The kernel may have dropped the pages and will not say so again
/// (<https://www.postgresql.org/docs/current/runtime-config-error-handling.html>, `data_sync_retry`).
pub(super) fn is_flush(error: &Error) -> bool {
    matches!(
        error.sqlite_extended_error_code(),
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC | ffi::SQLITE_IOERR_CLOSE)
    )
}
