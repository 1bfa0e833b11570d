//! The publisher: one connection that sends every message at its time and never waits for an answer before the next.
//!
//! It has a thread of its own, so that reading for thousands of phones does not hold its schedule up.

mod answers;
mod contact;
mod send;

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime,
    sync::{oneshot, watch},
};

pub use answers::Answers;
pub use contact::{Contact, ContactError, Conversation};

use crate::{
    measure::{Times, measure_lag},
    settings::{Live, Settings, Stage},
};

/// What the publisher has found out.
#[derive(Debug)]
pub struct Published {
    /// What the server said to each message.
    pub answers: Answers,
    /// The log's end after the last answer and its identity, as the server gives them.
    pub end: Option<(u64, String)>,
    /// How late the thread came to its turn.
    pub lag: Times,
    /// Why it could not go on to the end.
    pub ended: Option<String>,
}

/// A publisher's thread.
#[derive(Debug)]
pub struct Publisher {
    /// How far it is.
    pub live: Arc<Live>,
    /// Told when all is sent and answered.
    pub done: oneshot::Receiver<()>,
    thread: thread::JoinHandle<io::Result<Published>>,
}

impl Publisher {
    /// Starts the thread: it sends from the beginning of [`Stage::Running`] until its messages are sent or `stop` says so.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        settings: Arc<Settings>,
        stage: watch::Receiver<Stage>,
        stop: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let live = Arc::<Live>::default();
        let shown = live.clone();
        let (tell, done) = oneshot::channel();
        let thread = thread::Builder::new().name("publisher".to_owned()).spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let tasks = tokio::task::LocalSet::new();
            let lag = std::rc::Rc::new(std::cell::RefCell::new(Times::default()));
            tasks.spawn_local(measure_lag(stage.clone(), lag.clone()));
            let mut published = runtime.block_on(tasks.run_until(send::publish(settings, stage, stop, shown)))?;
            published.lag = lag.borrow().clone();
            let _ = tell.send(()); // nobody waits any more when the run was broken off
            Ok(published)
        })?;
        Ok(Self { live, done, thread })
    }

    /// Waits for the end of the thread.
    ///
    /// # Errors
    /// When the thread had no runtime, or panicked.
    pub fn finish(self) -> io::Result<Published> {
        let panicked = |_| Err(io::Error::other("the publisher's thread panicked"));
        self.thread.join().unwrap_or_else(panicked)
    }
}

/// How long the publisher's last question may take.
pub(crate) const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
