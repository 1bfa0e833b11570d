//! `plenum restore`: puts an older copy back in the place of the store.
//!
//! Clients that have seen what the copy lacks hold places in logs that will be filled anew, with other messages. Therefore every log
//! gets a new epoch: those clients are told that they can't recover, and load anew. The store that was there is kept beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use engine::Clock;
use storage::{
    MetaRepository as _,
    sqlite::{OpenError, Options, SqliteStore, check_consistency},
};

use super::{Failure, Sources};
use crate::server::store;

/// Files of one SQLite database, by the end of their names.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file made by `plenum backup`.
    source: PathBuf,
    #[command(flatten)]
    sources: Sources,
}

impl Restore {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        let path = store::path(&config).map_err(Failure::other)?;
        store::make_place(&path).map_err(Failure::other)?;
        refuse_while_served(&path)?;
        let prepared = with_end(&path, ".restoring");
        remove(&prepared)?;
        let done = self.prepare(&prepared).and_then(|()| put_in_place(&prepared, &path));
        if done.is_err() {
            remove(&prepared)?;
        }
        done
    }

    /// Copies the source, proves it sound, and renews its epochs, all beside the store.
    fn prepare(&self, prepared: &Path) -> Result<(), Failure> {
        let told = |error: io::Error| Failure::other(format!("{}: {error}", self.source.display()));
        fs::copy(&self.source, prepared).map_err(told)?;
        let options = Options {
            create: false,
            ..Options::default()
        };
        let store = SqliteStore::open(prepared, options).map_err(Failure::other)?;
        let report = check_consistency(prepared).map_err(Failure::other)?;
        if let Some(first) = report.differences.first() {
            return Err(Failure::other(format!("{} is damaged: {first}", self.source.display())));
        }
        let renewed = actix_rt::Runtime::new()
            .map_err(Failure::other)?
            .block_on(store.renew_epochs());
        renewed.map_err(Failure::other)?;
        println!("{} rooms, {} entries", report.rooms, report.entries);
        Ok(())
    }
}

/// A node that serves the store would go on writing into a file that is no longer there.
fn refuse_while_served(path: &Path) -> Result<(), Failure> {
    let options = Options {
        exclusive: true,
        create: false,
        ..Options::default()
    };
    match SqliteStore::open(path, options) {
        Err(error @ OpenError::InUse { .. }) => Err(Failure::other(error)),
        // Nothing there, or nothing that can be read: the very reason to restore.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn put_in_place(prepared: &Path, path: &Path) -> Result<(), Failure> {
    let kept = with_end(path, &format!(".before-restore-{}", Clock::system().now_ms()));
    for end in FILES {
        let (old, new) = (with_end(path, end), with_end(&kept, end));
        if old.exists() {
            fs::rename(&old, &new).map_err(Failure::other)?;
        }
    }
    for end in FILES {
        let (from, to) = (with_end(prepared, end), with_end(path, end));
        if from.exists() {
            fs::rename(&from, &to).map_err(Failure::other)?;
        }
    }
    if kept.exists() {
        println!("the store that was there is now {}", kept.display());
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Failure> {
    for end in FILES {
        match fs::remove_file(with_end(path, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::other(error)),
            _ => {}
        }
    }
    Ok(())
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
