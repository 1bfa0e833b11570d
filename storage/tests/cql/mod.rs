//! A real CQL server for the stories: the one that `SCYLLA_URI` names. `make test` starts one; by hand it is `make cql`, which says what
//! to export. Without a server these tests fail: that nothing was tested is no success.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub mod cluster;
pub mod cut;
mod frame;
mod keyspaces;
pub mod node;
pub mod rebuilt;
pub mod teller;
pub mod wire;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

pub use keyspaces::hosts;
use scylla::client::session_builder::SessionBuilder;

use storage::{
    Store,
    metrics::StorageMetrics,
    scylla::{Address, Options, Ownership, ScyllaStore, Wait},
};

/// An address with a keyspace that nobody else uses.
pub fn fresh_address() -> Address {
    fresh_address_at(&hosts())
}

/// The same on other servers: `host:port,host:port`.
pub fn fresh_address_at(hosts: &str) -> Address {
    keyspaces::fresh_at(hosts).parse().expect("hosts and ports of servers")
}

/// How a node opens its store; `folder` is where it recognises its own lease by.
pub fn as_node(address: &Address, folder: Option<&Path>) -> Options {
    let mut options = Options::new(address.clone());
    options.ownership = Ownership::Node {
        name: "story".to_owned(),
        folder: folder.map(Path::to_owned),
    };
    options
}

/// Opens a store; blocks. The servers are there, so nothing is waited for.
pub fn open(options: &Options) -> ScyllaStore {
    let waiting = |wait: Wait<'_>| {
        if let Wait::Servers(error, _) = wait {
            panic!("{error}: `make cql` starts a server");
        }
    };
    ScyllaStore::open(options, waiting).expect("the store opens")
}

/// Opens a store that counts its statements. It waits for the lease of the one before, which closing gives back.
pub async fn counted(address: &Address, metrics: &StorageMetrics) -> Arc<dyn Store> {
    let mut options = as_node(address, None);
    options.metrics = metrics.clone();
    let opened = tokio::task::spawn_blocking(move || open(&options)).await;
    Arc::new(opened.expect("the store opens"))
}

/// Keyspaces that stories have left: emptying their tables takes a part of the time that making new ones does.
static LEFT: Mutex<Vec<Address>> = Mutex::new(Vec::new());

/// A keyspace of one story at a time; dropped, it is there for the next. Drop the store first.
pub struct Keyspace(Address);

impl Keyspace {
    /// One with nothing in it.
    pub async fn empty() -> Self {
        let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(address) = left {
            empty(&address).await;
            return Self(address);
        }
        Self(fresh_address())
    }

    /// Opens a store in it as a node does.
    pub async fn open(&self) -> ScyllaStore {
        let options = as_node(&self.0, None);
        let opened = tokio::task::spawn_blocking(move || open(&options));
        opened.await.expect("the store opens")
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.0
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(self.0.clone());
    }
}

/// Empties the tables of a keyspace, and leaves no trace that would outlast a write with an old timestamp.
async fn empty(address: &Address) {
    let session = SessionBuilder::new().known_nodes(hosts().split(',')).build().await;
    let session = session.expect("the servers answer");
    let keyspace = &address.keyspace;
    let tables = session
        .query_unpaged(
            "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
            (keyspace,),
        )
        .await
        .expect("an answer");
    let tables = tables.into_rows_result().expect("rows");
    for table in tables.rows::<(String,)>().expect("names") {
        let (table,) = table.expect("a name");
        if table != "schema_versions" {
            let emptied = session.query_unpaged(format!("TRUNCATE {keyspace}.{table}"), ()).await;
            emptied.expect("a table is emptied");
        }
    }
}
