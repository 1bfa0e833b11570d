//! A store into a folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task;
use uuid::Uuid;

use super::{
    Cursor, Dump, DumpError, DumpRecord, DumpRepository, Manifest, Page, Section, Totals, files, folder,
    folder::FolderWriter,
    index::{Header, INDEX_NAME, Index, RoomsSeen},
    limits::{PAGE, Pieces},
    manifest::{FORMAT, FileRecord, MANIFEST_NAME},
    pages,
    watch::{Stage, Watch},
};

/// How long a command is recognised when it is repeated, in milliseconds.
const COMMAND_LIFETIME_MS: i64 = 7 * 24 * 3_600_000;

/// An export to make.
#[derive(Debug, Clone)]
pub struct Export {
    /// Where to.
    pub folder: PathBuf,
    /// Which store it is from, in words without secrets: an interrupted export goes on only from the same one.
    pub source: String,
    /// The kind of store.
    pub backend: String,
    /// The version of this program.
    pub plenum: String,
    /// Now, Unix milliseconds.
    pub now_ms: i64,
    /// How it is cut.
    pub pieces: Pieces,
}

/// What an interrupted export has left that still holds.
#[derive(Default)]
struct Kept {
    files: usize,
    next: Option<Cursor>,
    /// The rooms are all there.
    has_all_rooms: bool,
    /// The last room that it holds anything of.
    room: Option<super::Digest>,
    records: u64,
}

impl Export {
    /// Makes it, or goes on with it. A node may serve the store meanwhile.
    ///
    /// # Errors
    /// [`DumpError`] in words; what was written so far is kept for the next run.
    pub async fn run(&self, store: &dyn DumpRepository, watch: &Arc<dyn Watch>) -> Result<Manifest, DumpError> {
        let wanted = self.clone();
        let mut index = task::spawn_blocking(move || wanted.prepare()).await??;
        let dump = store.open_dump(index.header.commands_since_ms).await?;
        let kept = self.keep(&*dump, &mut index, watch).await?;
        watch.begins(Stage::Exporting, dump.entries_expected().await?);
        watch.advances(kept.records);
        let mut sections: Vec<_> = Section::EXPORTED.map(|section| (section, None)).into();
        if kept.has_all_rooms {
            sections.retain(|(section, _)| *section != Section::Rooms);
        } else {
            sections[0].1 = kept.next;
        }
        let writer = FolderWriter::new(&self.folder, index, self.pieces.file_bytes, kept.room);
        let told = Arc::clone(watch);
        let write = move |writer: &mut FolderWriter, section, page: &Page| {
            writer.take(section, page)?;
            told.advances(page.records.len() as u64);
            Ok(())
        };
        let writer = pages::for_each(&*dump, sections, self.pieces.page, writer, write).await?;
        drop(dump);
        let folder = self.folder.clone();
        task::spawn_blocking(move || complete(&folder, writer.index)).await?
    }

    /// The folder's index: of a new export, or of one that was interrupted.
    fn prepare(&self) -> Result<Index, DumpError> {
        let folder = &self.folder;
        let is_new = check_folder(folder)?;
        files::make_folder(folder)?;
        let header = Header {
            format: FORMAT,
            export: Uuid::new_v4(),
            plenum: self.plenum.clone(),
            created_ms: self.now_ms,
            backend: self.backend.clone(),
            source: self.source.clone(),
            commands_since_ms: self.now_ms - COMMAND_LIFETIME_MS,
        };
        let index = Index::open(folder, header)?;
        let is_same = index.header.source == self.source && index.header.backend == self.backend;
        if !is_new && !is_same {
            return Err(DumpError::OtherSource {
                folder: folder.clone(),
                of: index.header.source,
                this: self.source.clone(),
            });
        }
        Ok(index)
    }

    /// Keeps the files of an interrupted export up to the first that no longer holds.
    async fn keep(&self, dump: &dyn Dump, index: &mut Index, watch: &Arc<dyn Watch>) -> Result<Kept, DumpError> {
        let written = index.files.len();
        let kept = find_kept(dump, &self.folder, index).await?;
        if written > 0 {
            let (kept, again) = (kept.files, written - kept.files);
            watch.says(&format!(
                "going on with an interrupted export: {kept} files are kept, {again} are written again"
            ));
        }
        for file in index.files.split_off(kept.files) {
            files::remove(&self.folder.join(&file.file.name))?;
        }
        index.keep(kept.files)?;
        Ok(kept)
    }
}

/// Whether the folder is a new one; else it holds an interrupted export.
fn check_folder(folder: &Path) -> Result<bool, DumpError> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        listed => listed.map_err(DumpError::at(folder))?,
    };
    let mut is_empty = true;
    for entry in listed {
        let name = entry.map_err(DumpError::at(folder))?.file_name();
        if name == MANIFEST_NAME {
            return Err(DumpError::AlreadyThere(folder.to_owned()));
        }
        is_empty = false;
    }
    if !is_empty && !folder.join(INDEX_NAME).exists() {
        return Err(DumpError::FolderInUse(folder.to_owned()));
    }
    Ok(is_empty)
}

/// Compares the rooms as they are now with what each file was written from.
async fn find_kept(dump: &dyn Dump, folder: &Path, index: &Index) -> Result<Kept, DumpError> {
    let mut heads = Heads::new(dump);
    let mut kept = Kept::default();
    for indexed in index.files.iter().take_while(|file| file.is_rooms) {
        let mut seen = RoomsSeen::default();
        let mut room = kept.room;
        if indexed.continues {
            seen.see(room.unwrap_or_default());
        }
        while seen.count < indexed.rooms {
            let Some(next) = heads.next().await? else {
                return Ok(kept);
            };
            seen.see(next);
            room = Some(next);
        }
        let next = indexed.next();
        let is_last = next.is_none();
        if seen.fingerprint != indexed.fingerprint || (is_last && heads.next().await?.is_some()) {
            return Ok(kept);
        }
        let (path, file) = (folder.to_owned(), indexed.file.clone());
        if task::spawn_blocking(move || folder::check(&path, &file, |_| {}))
            .await?
            .is_err()
        {
            return Ok(kept);
        }
        kept = Kept {
            files: kept.files + 1,
            next,
            has_all_rooms: is_last,
            room,
            records: kept.records + indexed.file.records,
        };
    }
    Ok(kept)
}

/// The rooms of a picture one after the other, by their fingerprints.
struct Heads<'a> {
    dump: &'a dyn Dump,
    page: std::vec::IntoIter<DumpRecord>,
    after: Option<Cursor>,
    is_over: bool,
}

impl<'a> Heads<'a> {
    fn new(dump: &'a dyn Dump) -> Self {
        Self {
            dump,
            page: Vec::new().into_iter(),
            after: None,
            is_over: false,
        }
    }

    async fn next(&mut self) -> Result<Option<super::Digest>, DumpError> {
        loop {
            match self.page.next() {
                Some(DumpRecord::Room(state)) => return Ok(Some(folder::fingerprint(&state))),
                Some(_) => {}
                None if self.is_over => return Ok(None),
                None => {
                    let page = self.dump.page(Section::RoomHeads, self.after.as_ref(), PAGE).await?;
                    self.is_over = page.next.is_none();
                    self.after = page.next;
                    self.page = page.records.into_iter();
                }
            }
        }
    }
}

/// Writes the manifest: from here on the export is complete.
fn complete(folder: &Path, index: Index) -> Result<Manifest, DumpError> {
    let mut totals = Totals::default();
    let mut written: Vec<FileRecord> = Vec::with_capacity(index.files.len());
    for indexed in &index.files {
        totals.sum(&indexed.totals);
        written.push(indexed.file.clone());
    }
    let manifest = Manifest::new(&index.header, written, totals);
    manifest.write(folder)?;
    index.remove()?;
    Ok(manifest)
}
