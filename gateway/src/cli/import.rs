//! `plenum import`: what `plenum export` wrote into a new store. While it runs, and until it is complete, no node serves that store.

use std::path::PathBuf;

use clap::Args;
use storage::{
    dump::{self, DumpError, DumpRepository, Manifest},
    metrics::StorageMetrics,
};

use super::{Failure, Sources, progress::Progress, totals};
use crate::server::store::{self, Use};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A folder made by `plenum export`.
    folder: PathBuf,
    #[command(flatten)]
    sources: Sources,
}

impl Import {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        // Before there is a store: nothing is made for a folder that is no export.
        Manifest::read(&self.folder).map_err(Failure::other)?;
        let told = |wait: store::Wait<'_>| eprintln!("waiting: {wait}");
        let store = store::open(&config, Use::Serve, StorageMetrics::unregistered(), told).map_err(Failure::other)?;
        let runtime = actix_rt::Runtime::new().map_err(Failure::other)?;
        let manifest = runtime.block_on(self.import(&*store))?;
        totals::print(&manifest);
        println!("imported; every hash agrees");
        Ok(())
    }

    async fn import(&self, store: &dyn DumpRepository) -> Result<Manifest, Failure> {
        let import = dump::Import {
            folder: self.folder.clone(),
            page: dump::limits::PAGE,
        };
        match import.run(store, &Progress::watch()).await {
            Ok(manifest) => Ok(manifest),
            Err(error) => Err(Failure::other(with_advice(store, &error).await)),
        }
    }
}

/// Says what became of the store, where the error does not.
async fn with_advice(store: &dyn DumpRepository, error: &DumpError) -> String {
    use DumpError::{Differs, FailedBefore, OtherImport};
    let says_it = matches!(error, OtherImport(_) | FailedBefore(_) | Differs(_));
    match store.import_mark().await {
        Ok(Some(_)) if !says_it => {
            format!("{error}\nnothing of the import is visible: run it again and it goes on, or remove the store")
        }
        _ => error.to_string(),
    }
}
