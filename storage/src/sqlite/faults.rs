//! Failures on demand, so that a test can look at every single step of a commit.
//!
//! Without the feature `faults` the handle is empty and [`Faults::reach`] compiles to nothing.

#[cfg(any(test, feature = "faults"))]
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// The steps of a commit in the order they are passed; the repeated ones once per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Jobs have been taken off the queue; no transaction yet.
    Begin,
    /// The transaction is open; a batch's turn has come.
    Turn,
    /// A bucket has been opened in the index.
    Bucket,
    /// The record of a command is written next.
    Command,
    /// The entry's row is written next.
    Entry,
    /// An effect is written next.
    Effect,
    /// The log's end is written next.
    Head,
    /// Everything is written; COMMIT is next.
    Commit,
    /// COMMIT has returned; nobody has been told.
    Committed,
    /// Everybody has been told.
    Answered,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 10] = [
        Self::Begin,
        Self::Turn,
        Self::Bucket,
        Self::Command,
        Self::Entry,
        Self::Effect,
        Self::Head,
        Self::Commit,
        Self::Committed,
        Self::Answered,
    ];
}

/// How a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The disk is full (`SQLITE_FULL`).
    Full,
    /// An I/O error of a statement, or of COMMIT before anything was written (`SQLITE_IOERR_WRITE`).
    Io,
    /// COMMIT succeeds, but an I/O error is told. At [`Step::Commit`] only.
    IoThoughCommitted,
    /// COMMIT is not done and the flush is told to have failed (`SQLITE_IOERR_FSYNC`). At [`Step::Commit`] only.
    Flush,
    /// The writer's thread panics.
    Panic,
    /// The process ends at once, as by a power cut without losing the kernel's cache.
    Abort,
}

/// Failures to inject into one store.
#[derive(Clone, Default)]
pub struct Faults {
    #[cfg(any(test, feature = "faults"))]
    inner: Arc<Inner>,
}

#[cfg(any(test, feature = "faults"))]
#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[cfg(any(test, feature = "faults"))]
#[derive(Default)]
struct State {
    stalled_at: Option<Step>,
    waiting_at: Option<Step>,
    pages_max: Option<u32>,
    armed: Vec<(Step, u64, Failure)>,
}

#[cfg(any(test, feature = "faults"))]
impl Faults {
    /// The writer stops when it comes to this step, until [`Faults::release`].
    pub fn stall(&self, step: Step) {
        self.state().stalled_at = Some(step);
        self.inner.changed.notify_all();
    }

    /// The writer goes on.
    pub fn release(&self) {
        self.state().stalled_at = None;
        self.inner.changed.notify_all();
    }

    /// Blocks until the writer stands at the step given to [`Faults::stall`].
    ///
    /// # Panics
    /// When another thread panicked while it held the state.
    pub fn wait_until_stalled(&self) {
        let mut state = self.state();
        while state.waiting_at.is_none() || state.waiting_at != state.stalled_at {
            state = self.inner.changed.wait(state).expect("no holder panics");
        }
    }

    /// The `nth` time (from 1) that the writer comes to `step` from now on, it fails this way, once.
    pub fn fail(&self, step: Step, nth: u64, failure: Failure) {
        self.state().armed.push((step, nth, failure));
    }

    /// From the next transaction on the file may have this many pages; 0: as many as it has now. A full disk without
    /// one.
    pub fn limit_pages(&self, pages_max: u32) {
        self.state().pages_max = Some(pages_max);
    }

    /// The limit that was asked for since the last call.
    pub(super) fn take_page_limit(&self) -> Option<u32> {
        self.state().pages_max.take()
    }

    /// Whether every failure that was asked for has happened.
    pub fn is_spent(&self) -> bool {
        self.state().armed.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().expect("no holder panics")
    }

    /// The writer comes to a step; gives the failure it has to show there.
    pub(super) fn reach(&self, step: Step) -> Option<Failure> {
        let failure = self.pass(step)?;
        match failure {
            Failure::Abort => std::process::abort(),
            Failure::Panic => panic!("a panic was asked for at {step:?}"),
            other => Some(other),
        }
    }

    fn pass(&self, step: Step) -> Option<Failure> {
        let mut state = self.state();
        while state.stalled_at == Some(step) {
            state.waiting_at = Some(step);
            self.inner.changed.notify_all();
            state = self.inner.changed.wait(state).expect("no holder panics");
        }
        state.waiting_at = None;
        for (_, count, _) in state.armed.iter_mut().filter(|(armed, ..)| *armed == step) {
            *count = count.saturating_sub(1);
        }
        let due = state.armed.iter().position(|(_, count, _)| *count == 0)?;
        Some(state.armed.swap_remove(due).2)
    }
}

#[cfg(not(any(test, feature = "faults")))]
impl Faults {
    /// Nothing is limited on demand in this build.
    #[inline]
    pub(super) fn take_page_limit(&self) -> Option<u32> {
        None
    }

    /// Nothing fails on demand in this build.
    #[inline]
    pub(super) fn reach(&self, _step: Step) -> Option<Failure> {
        None
    }
}

impl Faults {
    /// Comes to a step that is a statement: the failure as SQLite would tell it.
    pub(super) fn statement(&self, step: Step) -> Result<(), rusqlite::Error> {
        self.reach(step).map_or(Ok(()), |failure| Err(failure.as_error()))
    }
}

impl Failure {
    /// The error that SQLite would give.
    pub(super) fn as_error(self) -> rusqlite::Error {
        let code = match self {
            Self::Full => rusqlite::ffi::SQLITE_FULL,
            Self::Flush => rusqlite::ffi::SQLITE_IOERR_FSYNC,
            _ => rusqlite::ffi::SQLITE_IOERR_WRITE,
        };
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some("injected".to_owned()))
    }
}
