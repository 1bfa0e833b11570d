//! The store on a cluster of CQL servers.

use std::sync::Arc;

use storage::{
    Store,
    metrics::StorageMetrics,
    scylla::{Address, Fatal, Options, Ownership, Replication, ScyllaStore, Server, Wait},
};

use super::{STORE_LOST, StoreFailure, Use, file};
use crate::config::Config;

pub(super) fn open(
    config: &Config,
    address: &Address,
    how: Use,
    metrics: StorageMetrics,
    waiting: impl Fn(Wait<'_>),
) -> Result<Arc<dyn Store>, StoreFailure> {
    let mut options = options(config, address);
    options.metrics = metrics;
    if how == Use::Serve {
        file::make_folder(&config.data.0)?;
        options.ownership = Ownership::Node {
            name: config.node_name.0.clone(),
            folder: Some(config.data.0.clone()),
        };
    }
    Ok(Arc::new(ScyllaStore::open(&options, waiting)?))
}

/// Brings the keyspace to this program's schema, creating it where it is not there; a node may be running on it.
///
/// # Errors
/// In words for whoever runs the node.
pub fn migrate(config: &Config, address: &Address) -> Result<Server, StoreFailure> {
    Ok(ScyllaStore::migrate(&options(config, address))?)
}

fn options(config: &Config, address: &Address) -> Options {
    let mut options = Options::new(address.clone());
    options.credentials = config.storage_username.as_ref().map(|username| {
        let password = config
            .storage_password
            .as_ref()
            .map_or("", |password| password.reveal());
        (username.0.clone(), password.to_owned())
    });
    options.replication = Replication {
        factor: u8::try_from(config.storage_replication_factor.0).unwrap_or(u8::MAX),
        datacenters: config
            .storage_datacenters
            .as_ref()
            .map_or_else(Vec::new, |names| names.0.clone()),
    };
    options.on_fatal = Arc::new(end_process);
    options
}

/// What this node has in memory may be stale: the other one answers from here on.
fn end_process(fatal: Fatal) {
    tracing::error!(?fatal, "another node owns the installation now; the process ends");
    std::process::exit(STORE_LOST);
}
