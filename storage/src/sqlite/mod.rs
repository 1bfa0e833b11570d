//! The embedded backend: one SQLite file, one thread that writes, a few that read.
//!
//! The gateway opens it and hands it to the engine as a `Store`. A write is answered when its commit is on the disk;
//! waiting
//! writes share one commit. Nothing here decides what may be written: it knows no permission and no wire format, and
//! reads
//! no clock for data.

mod accounts;
mod append;
mod backup;
mod check;
mod check_search;
mod chores;
mod commands;
mod dump;
mod effects;
mod epoch;
mod failure;
mod faults;
mod invitations;
mod job;
mod lock;
mod log;
mod marks;
mod members;
mod meta;
mod migrations;
mod open;
mod options;
mod queue;
mod readers;
mod rooms;
mod rows;
mod search;
mod sessions;
mod user_logs;
mod writer;

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use self::{
    append::Append,
    chores::Signals,
    epoch::Salt,
    failure::Fault,
    job::{Context, Job, Write},
    options::{WRITE_BYTES_MAX, WRITE_JOBS_MAX},
    queue::{Bounds, Queue, Refused},
    readers::{ReadContext, ReadJob},
    writer::Writer,
};
pub use self::{
    check::{Report, check_consistency},
    faults::{Failure, Faults, Step},
    migrations::VERSION as SCHEMA_VERSION,
    open::OpenError,
    options::{Fatal, FatalHook, Options},
};
use crate::{AppendBatch, AppendError, LogHead, StoreError, metrics::StorageMetrics};

/// What a waiting write beside the log costs in the queue's bounds, in bytes.
const WRITE_COST_BYTES: usize = 1_024;

/// What callers and threads share.
struct Shared {
    writes: Queue<Box<dyn Job>>,
    reads: Queue<ReadJob>,
    salt: Salt,
    metrics: StorageMetrics,
    faults: Faults,
}

/// A store in one SQLite file. Dropping it waits for what has been handed over.
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
    path: PathBuf,
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens a file, creating it or bringing it to this build's schema where needed. Blocks; not for a thread that
    /// serves.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the file and what to do.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let lock = options.exclusive.then(|| lock::take(path)).transpose()?;
        let mut connection = open::writer(path, options.create)?;
        let told = |error| OpenError::from_sqlite(path, &error);
        let readers: Vec<Connection> = (0..options.readers.max(1))
            .map(|_| open::reader(path))
            .collect::<Result<_, _>>()?;
        let shared = Arc::new(Shared {
            writes: Queue::new(
                Bounds {
                    jobs: WRITE_JOBS_MAX,
                    bytes: WRITE_BYTES_MAX,
                },
                WRITE_JOBS_MAX,
            ),
            reads: readers::queue(),
            salt: Salt::default(),
            metrics: options.metrics.clone(),
            faults: options.faults.clone(),
        });
        shared.salt.set(Salt::read(&connection).map_err(told)?);
        let wal_pages = count_wal(&mut connection).map_err(told)?;
        let page_bytes = connection
            .query_row("PRAGMA page_size", [], |row| row.get(0))
            .map_err(told)?;
        let mut store = Self {
            shared,
            writer: None,
            readers: Vec::new(),
            path: path.to_owned(),
            _lock: lock,
        };
        store.start_writer(connection, wal_pages, page_bytes, options)?;
        for (number, connection) in readers.into_iter().enumerate() {
            store.start_reader(number, connection)?;
        }
        Ok(store)
    }

    fn start_writer(
        &mut self,
        connection: Connection,
        wal_pages: Arc<AtomicUsize>,
        page_bytes: i64,
        options: Options,
    ) -> Result<(), OpenError> {
        let shared = Arc::clone(&self.shared);
        let thread = self.start("storage-writer".to_owned(), move || {
            let signals = Signals::new(wal_pages, page_bytes);
            let mut writer = Writer::new(connection, Arc::clone(&shared), signals);
            let ended = catch_unwind(AssertUnwindSafe(|| writer.run()));
            // Nothing of what still waits has been begun.
            let ended_early = StoreError::Failed("the writer has ended".to_owned());
            writer::refuse(shared.writes.abandon(), &ended_early);
            match ended {
                Ok(None) => {}
                Ok(Some(fatal)) => (options.on_fatal)(fatal),
                Err(panic) => (options.on_fatal)(Fatal::Panic(panic_text(panic.as_ref()))),
            }
        })?;
        self.writer = Some(thread);
        Ok(())
    }

    fn start_reader(&mut self, number: usize, connection: Connection) -> Result<(), OpenError> {
        let shared = Arc::clone(&self.shared);
        let name = format!("storage-read-{number}");
        let thread = self.start(name, move || readers::run(&connection, &shared))?;
        self.readers.push(thread);
        Ok(())
    }

    fn start(&self, name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
        std::thread::Builder::new()
            .name(name)
            .spawn(work)
            .map_err(|error| OpenError::from_io(&self.path, &error))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a read on one of the readers' threads.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&ReadContext<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.shared.reads.push(readers::job(work, reply), 0).map_err(refused)?;
        self.shared.metrics.statements.read.inc();
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Failed("the read broke off".to_owned())))
    }

    /// Runs a write in the writer's next transaction. It may run more than once; only the last run is committed.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Context<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.push(Box::new(Write::new(work, reply)))?;
        self.shared.metrics.statements.write.inc();
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Failed("the writer ended; outcome unknown".to_owned())))
    }

    fn push(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let pushed = self.shared.writes.push(job, WRITE_COST_BYTES).map_err(refused);
        self.count_waiting();
        pushed
    }

    fn count_waiting(&self) {
        let waiting = i64::try_from(self.shared.writes.len()).unwrap_or(i64::MAX);
        self.shared.metrics.queue_jobs.set(waiting);
    }

    async fn append_batch(&self, batch: AppendBatch) -> Result<LogHead, AppendError> {
        let (reply, answer) = oneshot::channel();
        let cost = append::cost(&batch);
        let pushed = self.shared.writes.push(Box::new(Append::new(batch, reply)), cost);
        self.count_waiting();
        match pushed {
            Ok(()) => self.shared.metrics.statements.write.inc(),
            Err(Refused::Full(_)) => return Err(AppendError::Busy),
            Err(Refused::Closed(_)) => return Err(AppendError::Failed("the writer has ended".to_owned())),
        }
        answer
            .await
            .unwrap_or_else(|_| Err(AppendError::Unknown("the writer ended".to_owned())))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The writer closes last and alone: only then does SQLite copy the write-ahead log back and remove it.
        self.shared.reads.close();
        self.readers.drain(..).for_each(join);
        self.shared.writes.close();
        self.writer.take().into_iter().for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    // The fatal hook may hold the last handle; a thread does not wait for itself.
    let is_own = thread.thread().id() == std::thread::current().id();
    if !is_own && thread.join().is_err() {
        tracing::error!("a thread of the store ended by a panic");
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn refused<T>(refused: Refused<T>) -> StoreError {
    match refused {
        Refused::Full(_) => StoreError::Busy,
        Refused::Closed(_) => StoreError::Failed("the store is closed".to_owned()),
    }
}

/// Has SQLite tell after each commit how many pages the write-ahead log holds.
fn count_wal(connection: &mut Connection) -> rusqlite::Result<Arc<AtomicUsize>> {
    use std::sync::atomic::Ordering;
    let pages = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&pages);
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count: std::ffi::c_int| {
        told.store(usize::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(pages)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
