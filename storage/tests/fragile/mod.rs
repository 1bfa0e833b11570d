//! A store whose every step can be made to fail.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use storage::{
    Effect, NewEntry, Role, Store,
    bucket::WINDOW_MAX_MS,
    conformance::kit::{TestRoom, user},
    sqlite::{Fatal, Faults, Options, SqliteStore, Step, check_consistency},
};
use tempfile::TempDir;
use uuid::Uuid;

/// A store whose steps can be made to fail.
pub struct Fragile {
    _release: Release,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Its faults.
    pub faults: Faults,
    fatal: Arc<Mutex<Vec<Fatal>>>,
    folder: TempDir,
}

/// Lets the writer go when a story fails: closing the store waits for it.
struct Release(Faults);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Opens a file with failures to inject.
pub fn open(path: &Path, faults: &Faults, fatal: &Arc<Mutex<Vec<Fatal>>>) -> Arc<dyn Store> {
    let told = Arc::clone(fatal);
    let options = Options {
        faults: faults.clone(),
        on_fatal: Arc::new(move |fatal| told.lock().expect("no holder panics").push(fatal)),
        ..Options::default()
    };
    Arc::new(SqliteStore::open(path, options).expect("the store opens"))
}

impl Fragile {
    /// A new one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (faults, fatal) = (Faults::default(), Arc::default());
        let store = open(&folder.path().join("plenum.db"), &faults, &fatal);
        Self {
            _release: Release(faults.clone()),
            store,
            faults,
            fatal,
            folder,
        }
    }

    /// Closes the store, which waits for its threads, and compares what is derived with the logs.
    pub fn close(self) -> Vec<Fatal> {
        drop(self.store);
        let report = check_consistency(&self.folder.path().join("plenum.db")).expect("the file is readable");
        assert_eq!(report.differences, Vec::<String>::new());
        let fatal = self.fatal.lock().expect("no holder panics");
        fatal.clone()
    }

    /// The writer stands before its next transaction, holding something harmless.
    pub async fn hold_the_writer(&self) -> tokio::task::JoinHandle<()> {
        hold(&self.store, &self.faults).await
    }
}

/// The writer of this store stands before its next transaction, holding something harmless.
pub async fn hold(store: &Arc<dyn Store>, faults: &Faults) -> tokio::task::JoinHandle<()> {
    faults.stall(Step::Begin);
    let store = Arc::clone(store);
    let held = tokio::spawn(async move {
        store.meta_or_insert("held", Vec::new()).await.expect("a write");
    });
    stalled(faults).await;
    held
}

/// Polls a future once, so that what it hands over is in the queue.
pub async fn handed_over<F: Future + Unpin>(future: &mut F) {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        assert!(polled.is_pending(), "the writer is held");
        std::task::Poll::Ready(())
    })
    .await;
}

/// Blocks until the writer stands at the step that it was told to stop at.
pub async fn stalled(faults: &Faults) {
    let faults = faults.clone();
    let waited = tokio::task::spawn_blocking(move || faults.wait_until_stalled());
    waited.await.expect("the writer stalls");
}

/// A batch that passes every step: it opens a bucket, is repeatable, has an effect of each kind.
pub fn rich_batch(room: &mut TestRoom, command: Uuid) -> Vec<NewEntry> {
    room.now_ms += WINDOW_MAX_MS;
    let mut message = room.message(0, "alice", "once and only once");
    message.entry.command_id = command;
    message.effects = vec![
        Effect::Read {
            user: user("alice"),
            seq: message.entry.seq,
            number: message.entry.number,
        },
        Effect::MemberAdded(user("carol"), Role::Member),
    ];
    let mut edit = room.edit("alice", 1, "edited");
    edit.entry.seq += 1;
    edit.entry.number += 1;
    vec![message, edit]
}
