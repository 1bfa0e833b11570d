//! `plenum backup`: a copy of the store as of one moment, while a node serves it or not.

use std::path::PathBuf;

use clap::Args;
use storage::{StoreError, metrics::StorageMetrics};

use super::{Failure, Sources};
use crate::server::store::{self, Use};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The copy's file; it must not be there yet.
    destination: PathBuf,
    #[command(flatten)]
    sources: Sources,
}

impl Backup {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        let store = store::open_file(&config, Use::Beside, StorageMetrics::unregistered()).map_err(Failure::other)?;
        match store.backup(&self.destination) {
            Ok(()) => {
                println!("{}", self.destination.display());
                Ok(())
            }
            Err(StoreError::Conflict) => Err(Failure::other(format!(
                "{} is there already",
                self.destination.display()
            ))),
            Err(error) => Err(Failure::other(error)),
        }
    }
}
