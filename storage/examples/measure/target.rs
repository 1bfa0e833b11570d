//! The store that is measured.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use storage::{
    Store,
    metrics::StorageMetrics,
    scylla::{self, Address, Ownership, ScyllaStore},
    sqlite::{self, SqliteStore},
};

use crate::Outcome;

/// Where it is.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file of SQLite.
    File(PathBuf),
    /// A keyspace of CQL servers.
    Keyspace(Address),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::File(path.into())),
            None => url.parse().map(Self::Keyspace).map_err(|error| format!("{error}")),
        }
    }
}

/// A store that is open, with what it counts. It is closed by [`Opened::close`] alone.
pub struct Opened {
    pub store: Arc<dyn Store>,
    metrics: StorageMetrics,
}

impl Opened {
    /// Statements that have reached the store.
    pub fn statements(&self) -> u64 {
        let counted = &self.metrics.statements;
        counted.read.get() + counted.write.get() + counted.conditional.get()
    }

    /// Transactions of SQLite that are durable.
    pub fn commits(&self) -> u64 {
        self.metrics.commits_ok.get()
    }

    /// Waits until everything is written and the next one may open it.
    pub fn close(self) {
        tokio::task::block_in_place(|| drop(self.store));
    }
}

impl Target {
    /// Opens it as a node does; it is made where there is none.
    pub fn open(&self) -> Outcome<Opened> {
        let metrics = StorageMetrics::unregistered();
        let store: Arc<dyn Store> = match self {
            Self::File(path) => Arc::new(open_file(path, metrics.clone())?),
            Self::Keyspace(address) => {
                let address = address.clone();
                tokio::task::block_in_place(|| open_keyspace(address, metrics.clone()))?
            }
        };
        Ok(Opened { store, metrics })
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Keyspace(_) => None,
        }
    }

    /// The name of the backend.
    pub const fn backend(&self) -> &'static str {
        match self {
            Self::File(_) => "sqlite",
            Self::Keyspace(_) => "scylla",
        }
    }

    /// Removes the file, if it is one: the next store begins anew. A keyspace goes on; who uses it makes new rooms.
    pub fn clear(&self) -> io::Result<()> {
        let Some(path) = self.file() else { return Ok(()) };
        for ending in ["", "-wal", "-shm"] {
            match fs::remove_file(format!("{}{ending}", path.display())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn open_file(path: &Path, metrics: StorageMetrics) -> Outcome<SqliteStore> {
    let options = sqlite::Options {
        metrics,
        ..sqlite::Options::default()
    };
    Ok(SqliteStore::open(path, options)?)
}

fn open_keyspace(address: Address, metrics: StorageMetrics) -> Outcome<Arc<dyn Store>> {
    let options = scylla::Options {
        metrics,
        ownership: Ownership::Node {
            name: "measure".to_owned(),
            folder: None,
        },
        ..scylla::Options::new(address)
    };
    Ok(Arc::new(ScyllaStore::open(&options, |wait| {
        eprintln!("waiting: {wait}")
    })?))
}
