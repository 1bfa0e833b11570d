//! `plenum migrate`: brings the store to this program's schema. `serve` does the same at its start. A file must not be served meanwhile;
//! on a cluster nodes may be running.

use storage::{metrics::StorageMetrics, scylla, sqlite};

use super::{Failure, Sources};
use crate::{
    config::StorageUrl,
    server::store::{self, Use},
};

pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let config = sources.load(None)?;
    let version = match &config.storage_url {
        Some(StorageUrl::Cluster(address)) => {
            store::migrate(&config, address).map_err(Failure::other)?;
            scylla::SCHEMA_VERSION
        }
        _ => {
            drop(store::open_file(&config, Use::Serve, StorageMetrics::unregistered()).map_err(Failure::other)?);
            sqlite::SCHEMA_VERSION
        }
    };
    println!("{} has schema version {version}", store::url(&config));
    Ok(())
}
