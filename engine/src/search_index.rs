//! The thread on which the search index is brought up to date: neither rooms nor sockets wait for it.

use std::{io, sync::Arc, thread::JoinHandle};

use storage::search::{Backlog, Indexer, SearchMetrics};

use crate::Parts;

/// The running indexer. Dropping it stops the thread and waits for the step that it is in.
pub(crate) struct SearchIndex {
    backlog: Arc<Backlog>,
    thread: Option<JoinHandle<()>>,
}

impl SearchIndex {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn start(parts: &Parts, metrics: SearchMetrics) -> io::Result<Self> {
        let backlog = parts.rooms.unindexed();
        let clock = parts.clock.clone();
        let store = Arc::clone(&parts.store);
        let indexer = Indexer::new(store, Arc::clone(&backlog), metrics, move || clock.now_ms());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new()
            .name("search-index".to_owned())
            .spawn(move || runtime.block_on(indexer.run()))?;
        Ok(Self {
            backlog,
            thread: Some(thread),
        })
    }
}

impl Drop for SearchIndex {
    fn drop(&mut self) {
        self.backlog.close();
        let own = std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != own)
            && thread.join().is_err()
        {
            tracing::error!("the thread of the search index ended by a panic");
        }
    }
}
