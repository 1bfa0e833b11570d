//! How many messages per second go through an export and an import together, from a file into another store, and out of it again.
//!
//! The file is like the store of an office: a few large rooms and many small ones, people who are members, marks, a part of the messages
//! recent enough to be recognised when they are repeated, some edited and some deleted. The import is timed with everything that belongs to
//! it: hashes of the files, loading, reading back.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use protocol::UserId;
use serde_json::{Value, json};
use storage::{
    Effect, EntryKind, NewEntry, Store,
    dump::{
        Export, Import, RecordKind, Totals, Unwatched, Watch,
        limits::{PAGE, Pieces},
    },
    sqlite::check_consistency,
};

use crate::{
    Outcome,
    progress::Progress,
    room::{Room, now_ms, start_ms},
    rooms::{said, sizes},
    target::Target,
};

/// Messages of the last days are recognised when they are repeated.
const RECENT_MS: i64 = 6 * 24 * 3_600_000;

/// What a message brings with it: its sender has read it, and for some days nobody can send it again.
fn dress(new: &mut NewEntry, recent_ms: i64) {
    if new.entry.kind != EntryKind::Message {
        return;
    }
    new.is_repeatable = new.entry.time_ms >= recent_ms;
    let (seq, number) = (new.entry.seq, new.entry.number);
    let read = new.entry.sender.clone().map(|user| Effect::Read { user, seq, number });
    new.effects.extend(read);
}

async fn fill(store: &Arc<dyn Store>, entries: u64) -> Outcome<()> {
    let progress = Progress::new("entries to export", entries);
    let recent_ms = now_ms() - RECENT_MS;
    for (rank, size) in (1..).zip(sizes(entries)) {
        let members: Result<Vec<UserId>, _> = (0..2 + size / 100)
            .map(|number| format!("person-{number}").parse())
            .collect();
        let mut room = Room::create(store, format!("room {rank}"), &members?, start_ms()).await?;
        let dress = |new: &mut NewEntry| dress(new, recent_ms);
        room.fill(store, said(rank, size), &progress, dress).await?;
    }
    Ok(())
}

/// Exports a store into a folder; gives what is in it and how long that took.
async fn export(store: &dyn Store, backend: &str, folder: PathBuf) -> Outcome<(Totals, f64)> {
    let export = Export {
        folder,
        source: "the source".to_owned(),
        backend: backend.to_owned(),
        plenum: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: now_ms(),
        pieces: Pieces::default(),
    };
    let begun = Instant::now();
    let watch: Arc<dyn Watch> = Arc::new(Unwatched);
    let manifest = export.run(store, &watch).await?;
    Ok((manifest.totals, begun.elapsed().as_secs_f64()))
}

async fn import(store: &dyn Store, folder: PathBuf) -> Outcome<f64> {
    let begun = Instant::now();
    let watch: Arc<dyn Watch> = Arc::new(Unwatched);
    Import { folder, page: PAGE }.run(store, &watch).await?;
    Ok(begun.elapsed().as_secs_f64())
}

fn folder_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

fn check(target: &Target) -> Outcome<()> {
    if let Some(path) = target.file()
        && let Some(first) = check_consistency(path)?.differences.first()
    {
        return Err(format!("the imported store is not sound: {first}").into());
    }
    Ok(())
}

/// Fills a file with so many entries, exports it, imports that into the store, and exports the store.
pub async fn measure(target: &Target, entries: u64) -> Outcome<Value> {
    let folder = tempfile::Builder::new().prefix("plenum-export-").tempdir()?;
    let source = Target::File(folder.path().join("source.db"));
    let opened = source.open()?;
    fill(&opened.store, entries).await?;
    let files = folder.path().join("export");
    let (totals, export_s) = export(&*opened.store, source.backend(), files.clone()).await?;
    opened.close();
    let opened = target.open()?;
    let import_s = import(&*opened.store, files.clone()).await?;
    let (_, again_s) = export(&*opened.store, target.backend(), folder.path().join("again")).await?;
    opened.close();
    check(target)?;
    let source_bytes = source.file().map(fs::metadata).transpose()?.map(|file| file.len());
    Ok(json!({
        "entries": totals.of(RecordKind::Entry).records, "records": totals.records(),
        "export_seconds": export_s, "import_seconds": import_s, "export_again_seconds": again_s,
        "source_bytes": source_bytes, "export_bytes": folder_bytes(&files)?,
    }))
}
