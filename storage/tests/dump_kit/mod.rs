//! Stores, folders, and a store that breaks off or loses something.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use storage::{
    Store, StoreError,
    bucket::WINDOW_MAX_MS,
    conformance::{dump::fill, kit::START_MS},
    dump::{
        Cursor, Dump, DumpError, DumpRecord, DumpRepository, Export, Import, ImportBegun, ImportMark, Manifest, Page,
        PageLimit, RecordKind, Section, Totals, Unwatched, Watch,
        limits::{PAGE, Pieces},
        read_totals,
    },
    sqlite::{Options, SqliteStore, check_consistency},
};
use tempfile::TempDir;

/// Pieces so small that a short story has many.
pub const SMALL: Pieces = Pieces {
    page: PageLimit {
        records: 3,
        bytes: 1 << 20,
    },
    file_bytes: 500,
};

/// A little after everything that a filled store holds.
const NOW_MS: i64 = START_MS + 3 * WINDOW_MAX_MS + 1_000;
/// What is older has been forgotten, or soon will be.
pub const COMMANDS_SINCE_MS: i64 = NOW_MS - 7 * 24 * 3_600_000;

/// A folder with a store in it, and room for exports.
pub struct Place {
    folder: TempDir,
    /// The store.
    pub store: Arc<dyn Store>,
}

impl Place {
    /// An empty store.
    pub fn empty() -> Self {
        Self::with(Options::default())
    }

    /// An empty store, opened so.
    pub fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let store = SqliteStore::open(&folder.path().join("plenum.db"), options).expect("a new store");
        Self {
            store: Arc::new(store),
            folder,
        }
    }

    /// A store with something of every kind.
    pub async fn filled() -> Self {
        let place = Self::empty();
        fill(&place.store).await;
        place
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Exports the store.
    pub async fn export(&self, name: &str, pieces: Pieces) -> Result<Manifest, DumpError> {
        export(&self.path(name), pieces).run(&*self.store, &unwatched()).await
    }

    /// Imports into the store.
    pub async fn import(&self, folder: &Path) -> Result<Manifest, DumpError> {
        import(folder).run(&*self.store, &unwatched()).await
    }

    /// What the store holds.
    pub async fn totals(&self) -> Totals {
        read_totals(&*self.store, COMMANDS_SINCE_MS, &unwatched())
            .await
            .expect("read")
    }

    /// Nothing is in it, and no mark.
    pub async fn is_empty(&self) -> bool {
        let mark = self.store.import_mark().await.expect("a read");
        mark.is_none() && self.totals().await.records() == 0
    }

    /// What is derived agrees with the logs.
    pub fn is_sound(&self) {
        let report = check_consistency(&self.path("plenum.db")).expect("the file is readable");
        assert_eq!(report.differences, Vec::<String>::new());
    }
}

/// Nobody watches.
pub fn unwatched() -> Arc<dyn Watch> {
    Arc::new(Unwatched)
}

/// An export into this folder.
pub fn export(folder: &Path, pieces: Pieces) -> Export {
    Export {
        folder: folder.to_owned(),
        source: "the store of the story".to_owned(),
        backend: "sqlite".to_owned(),
        plenum: "0.0.0".to_owned(),
        now_ms: NOW_MS,
        pieces,
    }
}

/// An import from this folder.
pub fn import(folder: &Path) -> Import {
    Import {
        folder: folder.to_owned(),
        page: PageLimit { records: 5, ..PAGE },
    }
}

/// A store that breaks off when it is read, or loses something when it is loaded.
pub struct Unreliable {
    pub inner: Arc<dyn Store>,
    /// Pages of whole sections that it still gives.
    pub pages: Arc<AtomicU64>,
    /// A kind of records that it does not keep.
    pub loses: Option<RecordKind>,
}

impl Unreliable {
    /// Gives so many pages.
    pub fn breaks_off_after(inner: &Arc<dyn Store>, pages: u64) -> Self {
        Self {
            inner: Arc::clone(inner),
            pages: Arc::new(AtomicU64::new(pages)),
            loses: None,
        }
    }
}

#[async_trait]
impl DumpRepository for Unreliable {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        Ok(Box::new(UnreliableDump {
            inner: self.inner.open_dump(commands_since_ms).await?,
            pages: Arc::clone(&self.pages),
        }))
    }

    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        self.inner.begin_import(mark).await
    }

    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        self.inner.import_mark().await
    }

    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        self.inner.set_import_mark(mark).await
    }

    async fn load(&self, mut records: Vec<DumpRecord>) -> Result<(), StoreError> {
        records.retain(|record| Some(record.kind()) != self.loses);
        self.inner.load(records).await
    }
}

struct UnreliableDump {
    inner: Box<dyn Dump>,
    pages: Arc<AtomicU64>,
}

#[async_trait]
impl Dump for UnreliableDump {
    async fn page(&self, section: Section, after: Option<&Cursor>, limit: PageLimit) -> Result<Page, StoreError> {
        let is_over = section != Section::RoomHeads
            && self
                .pages
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_err();
        if is_over {
            return Err(StoreError::Failed("the story breaks off here".to_owned()));
        }
        self.inner.page(section, after, limit).await
    }

    async fn entries_expected(&self) -> Result<u64, StoreError> {
        self.inner.entries_expected().await
    }
}
