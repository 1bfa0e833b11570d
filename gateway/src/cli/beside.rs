//! Runs a command on the store, beside a running node or without one.

use std::sync::Arc;

use storage::{Store, metrics::StorageMetrics};

use super::Failure;
use crate::{
    config::Config,
    server::store::{self, Use},
};

/// Opens the store and runs the command's work on it.
pub(super) fn run(
    config: &Config,
    work: impl AsyncFnOnce(Arc<dyn Store>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let store = store::open(config, Use::Beside, StorageMetrics::unregistered(), |_| {}).map_err(Failure::other)?;
    actix_rt::Runtime::new().map_err(Failure::other)?.block_on(async {
        store::refuse_unfinished_import(&*store).await.map_err(Failure::other)?;
        work(store).await
    })
}
