//! Opening a database: what is wrong with a file is told here, in words for whoever runs the node.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Error, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    migrations::{self, VERSION},
    options::{CHECK_BYTES_MAX, LOCK_WAIT, READER_CACHE_KIB, STATEMENTS_KEPT, WAL_KEPT_BYTES, WRITER_CACHE_KIB},
};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer Plenum has written the file.
    #[error(
        "{} has schema version {found}; this Plenum knows versions up to {known}. \
         Run the version that wrote it, or a newer one",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this build knows.
        known: i64,
    },
    /// The file is damaged or is something else.
    #[error("{} is not a readable database: {reason}; restore a copy with `plenum restore`", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process serves this file.
    #[error("{} is in use by another node", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes the file and does not stop.
    #[error("{} is locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may not be read or written.
    #[error("no permission for {}: {reason}", path.display())]
    Permission {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// There is no such file or folder.
    #[error("{} is not there", path.display())]
    NotFound {
        /// The file or folder.
        path: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no room left for {}: {reason}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Anything else.
    #[error("{} can not be opened: {reason}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl OpenError {
    /// The words for an error of the file system.
    pub(super) fn from_io(path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Permission { path, reason },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path, reason },
            _ => Self::Other { path, reason },
        }
    }

    /// The words for an error of SQLite.
    pub(super) fn from_sqlite(path: &Path, error: &Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path, reason },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::Permission { path, reason },
            Some(ErrorCode::DiskFull) => Self::Full { path, reason },
            Some(ErrorCode::CannotOpen) => Self::cannot_open(path, reason),
            _ => Self::Other { path, reason },
        }
    }

    /// SQLite does not say why; the file system does.
    fn cannot_open(path: PathBuf, reason: String) -> Self {
        match std::fs::File::open(&path) {
            Ok(_) => Self::Permission { path, reason },
            Err(error) => Self::from_io(&path, &error),
        }
    }
}

/// Opens a connection and sets what every connection of this backend has in common.
fn connect(path: &Path, create: bool, cache_kib: i64) -> Result<Connection, Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A plan must not depend on what is bound: else SQLite prepares a kept statement anew for every other value of a parameter
    // (https://www.sqlite.org/queryplanner-ng.html#qpstab).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

/// The connection of the writer: the file is checked, and has the schema of this build.
pub(super) fn writer(path: &Path, create: bool) -> Result<Connection, OpenError> {
    let told = |error: Error| OpenError::from_sqlite(path, &error);
    let mut connection = connect(path, create, WRITER_CACHE_KIB).map_err(told)?;
    let found = migrations::version(&connection).map_err(told)?;
    if found > VERSION {
        return Err(OpenError::NewerSchema {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    read_schema(path, &connection, found)?;
    check_pages(path, &connection)?;
    settle(&connection).map_err(told)?;
    migrations::migrate(&mut connection).map_err(told)?;
    Ok(connection)
}

/// The connection of a reader.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let told = |error: Error| OpenError::from_sqlite(path, &error);
    let connection = connect(path, false, READER_CACHE_KIB).map_err(told)?;
    connection.pragma_update(None, "query_only", true).map_err(told)?;
    Ok(connection)
}

/// Reads every page of the schema. A file without a version that holds tables is somebody else's.
fn read_schema(path: &Path, connection: &Connection, version: i64) -> Result<(), OpenError> {
    let tables: i64 = connection
        .query_row("SELECT count(sql) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| OpenError::from_sqlite(path, &error))?;
    if version < 0 || (version == 0) != (tables == 0) {
        return Err(OpenError::Corrupt {
            path: path.to_owned(),
            reason: "its tables are not Plenum's".to_owned(),
        });
    }
    Ok(())
}

/// Looks at every page of a small file. A large one is checked by `plenum check-data`, not by every start.
fn check_pages(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size == 0 || size >= CHECK_BYTES_MAX {
        return Ok(());
    }
    let told: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| OpenError::from_sqlite(path, &error))?;
    if told == "ok" {
        return Ok(());
    }
    Err(OpenError::Corrupt {
        path: path.to_owned(),
        reason: told,
    })
}

/// What holds for the file and for its writer.
fn settle(connection: &Connection) -> Result<(), Error> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let reason = "the file system has no shared memory for a write-ahead log";
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR);
        return Err(Error::SqliteFailure(code, Some(reason.to_owned())));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Deleted text is overwritten with zeros, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    // The background lane copies the write-ahead log back, never a commit that somebody waits for.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    Ok(())
}
