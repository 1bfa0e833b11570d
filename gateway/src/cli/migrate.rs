//! `plenum migrate`: brings the store to this program's schema while no node serves it. `serve` does the same at its start.

use storage::{metrics::StorageMetrics, sqlite::SCHEMA_VERSION};

use super::{Failure, Sources};
use crate::server::store::{self, Use};

pub(super) fn run(sources: &Sources) -> Result<(), Failure> {
    let config = sources.load(None)?;
    drop(store::open(&config, Use::Serve, StorageMetrics::unregistered()).map_err(Failure::other)?);
    println!("{} has schema version {SCHEMA_VERSION}", store::path(&config).display());
    Ok(())
}
