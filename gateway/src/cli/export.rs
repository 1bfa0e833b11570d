//! `plenum export`: everything of the store into a folder, while a node serves it or not.

use std::path::PathBuf;

use clap::Args;
use engine::Clock;
use storage::dump;

use super::{Failure, Sources, beside, progress::Progress, totals};
use crate::{config::Config, server::store};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The folder to write; a new or an empty one, or that of an export which was interrupted.
    folder: PathBuf,
    #[command(flatten)]
    sources: Sources,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        let export = dump::Export {
            folder: self.folder.clone(),
            source: source(&config)?,
            backend: backend(&config).to_owned(),
            plenum: env!("CARGO_PKG_VERSION").to_owned(),
            now_ms: Clock::system().now_ms(),
            pieces: dump::limits::Pieces::default(),
        };
        beside::run(&config, async |store| {
            let manifest = export.run(&*store, &Progress::watch()).await.map_err(Failure::other)?;
            totals::print(&manifest);
            println!("exported to {}; files: {}", self.folder.display(), manifest.files.len());
            Ok(())
        })
    }
}

/// The store, a file by its full path. One that is not there is not made only to be exported.
fn source(config: &Config) -> Result<String, Failure> {
    let Ok(path) = store::path(config) else {
        return Ok(store::url(config));
    };
    let full = path
        .canonicalize()
        .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
    Ok(format!("sqlite:{}", full.display()))
}

/// The kind of store, for the manifest.
fn backend(config: &Config) -> &'static str {
    if store::path(config).is_ok() {
        "sqlite"
    } else {
        "scylla"
    }
}
