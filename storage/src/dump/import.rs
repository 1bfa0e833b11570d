//! A folder into an empty store.
//!
//! Every file is compared with its hash before the first row is written. From then on until everything has been read back and agrees, the
//! store carries a mark with which no node serves it: nothing that is half imported is ever visible.

use std::{path::PathBuf, sync::Arc};

use tokio::{sync::mpsc, task};

use super::{
    DumpError, DumpRecord, DumpRepository, ImportBegun, ImportMark, Manifest, Page, PageLimit, Section, Totals,
    folder::{self, FileReader},
    frame::Framer,
    limits::{PAGE, PAGES_AHEAD},
    pages,
    watch::{Stage, Watch},
};

/// An import to make.
#[derive(Debug, Clone)]
pub struct Import {
    /// Where from.
    pub folder: PathBuf,
    /// What is loaded at a time.
    pub page: PageLimit,
}

impl Import {
    /// Makes it, or goes on with one that was interrupted. Nobody else may use the store.
    ///
    /// # Errors
    /// [`DumpError`] in words. When it names the folder or the target, nothing was done; else the store is left marked, and
    /// the same import can be run again, except after [`DumpError::Differs`].
    pub async fn run(&self, store: &dyn DumpRepository, watch: &Arc<dyn Watch>) -> Result<Manifest, DumpError> {
        let manifest = self.check_files(watch).await?;
        let mark = begin(store, &manifest).await?;
        if mark.files_done > 0 {
            watch.says(&format!(
                "going on with an interrupted import: {} of {} files are in",
                mark.files_done,
                manifest.files.len()
            ));
        }
        self.load(store, &manifest, mark.clone(), watch).await?;
        verify(store, &manifest, mark, watch).await?;
        store.set_import_mark(None).await?;
        Ok(manifest)
    }

    async fn check_files(&self, watch: &Arc<dyn Watch>) -> Result<Manifest, DumpError> {
        let (folder, told) = (self.folder.clone(), Arc::clone(watch));
        let checked = task::spawn_blocking(move || {
            let manifest = Manifest::read(&folder)?;
            told.begins(
                Stage::CheckingFiles,
                manifest.files.iter().map(|file| file.file_bytes).sum(),
            );
            for file in &manifest.files {
                folder::check(&folder, file, |bytes| told.advances(bytes))?;
            }
            Ok(manifest)
        });
        checked.await?
    }

    async fn load(
        &self,
        store: &dyn DumpRepository,
        manifest: &Manifest,
        mut mark: ImportMark,
        watch: &Arc<dyn Watch>,
    ) -> Result<(), DumpError> {
        watch.begins(Stage::Loading, manifest.totals.records());
        let done = usize::try_from(mark.files_done).unwrap_or(usize::MAX);
        let skipped = manifest.files.iter().take(done).map(|file| file.records);
        watch.advances(skipped.sum());
        let (send, mut batches) = mpsc::channel(PAGES_AHEAD);
        let (folder, files, limit) = (self.folder.clone(), manifest.files.clone(), self.page);
        let reader = task::spawn_blocking(move || {
            for file in files.iter().skip(done) {
                let is_wanted = read_file(&mut FileReader::open(&folder, file)?, limit, &send)?;
                if !is_wanted || send.blocking_send(Batch::FileEnds).is_err() {
                    break;
                }
            }
            Ok::<_, DumpError>(())
        });
        while let Some(batch) = batches.recv().await {
            match batch {
                Batch::Records(records) => {
                    let count = records.len() as u64;
                    store.load(records).await?;
                    watch.advances(count);
                }
                Batch::FileEnds => {
                    mark.files_done += 1;
                    store.set_import_mark(Some(&mark)).await?;
                }
            }
        }
        reader.await?
    }
}

/// What the reading thread hands over.
enum Batch {
    Records(Vec<DumpRecord>),
    FileEnds,
}

/// Hands over a file's records; false: nobody takes them any more.
fn read_file(file: &mut FileReader, limit: PageLimit, send: &mpsc::Sender<Batch>) -> Result<bool, DumpError> {
    let (mut records, mut bytes) = (Vec::new(), 0);
    while let Some(record) = file.next()? {
        bytes += record.cost_bytes();
        records.push(record);
        if records.len() >= limit.records || bytes >= limit.bytes {
            bytes = 0;
            if send
                .blocking_send(Batch::Records(std::mem::take(&mut records)))
                .is_err()
            {
                return Ok(false);
            }
        }
    }
    Ok(records.is_empty() || send.blocking_send(Batch::Records(records)).is_ok())
}

/// Marks the store, or finds the mark of this very import.
async fn begin(store: &dyn DumpRepository, manifest: &Manifest) -> Result<ImportMark, DumpError> {
    let mark = ImportMark {
        import: manifest.export,
        files_done: 0,
        failed: None,
    };
    match store.begin_import(&mark).await? {
        ImportBegun::New => Ok(mark),
        ImportBegun::NotEmpty(what) => Err(DumpError::NotEmpty(what)),
        ImportBegun::Marked(ImportMark { failed: Some(why), .. }) => Err(DumpError::FailedBefore(why)),
        ImportBegun::Marked(found) if found.import == mark.import => Ok(found),
        ImportBegun::Marked(found) => Err(DumpError::OtherImport(found.import)),
    }
}

/// Reads everything back and compares.
async fn verify(
    store: &dyn DumpRepository,
    manifest: &Manifest,
    mark: ImportMark,
    watch: &Arc<dyn Watch>,
) -> Result<(), DumpError> {
    watch.begins(Stage::ReadingBack, manifest.totals.records());
    let found = read_totals(store, manifest.commands_since_ms, watch).await?;
    let differences = manifest.totals.differences(&found);
    if differences.is_empty() {
        return Ok(());
    }
    let error = DumpError::Differs(differences);
    let failed = ImportMark {
        failed: Some(error.to_string()),
        ..mark
    };
    store.set_import_mark(Some(&failed)).await?;
    Err(error)
}

/// How much a store holds of each kind, and the hash of it; commands only from behind `commands_since_ms`.
///
/// # Errors
/// When the store can not be read.
pub async fn read_totals(
    store: &dyn DumpRepository,
    commands_since_ms: i64,
    watch: &Arc<dyn Watch>,
) -> Result<Totals, DumpError> {
    let dump = store.open_dump(commands_since_ms).await?;
    let told = Arc::clone(watch);
    let count = move |framer: &mut Framer, _: Section, page: &Page| {
        for record in &page.records {
            framer
                .count(record)
                .map_err(|error| crate::StoreError::Failed(error.to_string()))?;
        }
        told.advances(page.records.len() as u64);
        Ok(())
    };
    let sections = Section::EXPORTED.map(|section| (section, None)).into();
    let framer = pages::for_each(&*dump, sections, PAGE, Framer::default(), count).await?;
    Ok(framer.totals)
}
