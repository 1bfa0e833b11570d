//! The node's rooms as the rest of the engine sees them.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering, mpsc},
    thread::JoinHandle,
};

use prometheus::Registry;
use protocol::{Error, ErrorCode};
use storage::{Store, search::Backlog};
use tokio::sync::oneshot;

use super::{
    Answer, Command, Event, Exit, RoomOptions, Shared, answer::AnswerSlot, metrics::RoomMetrics,
    supervisor::Supervisor, threads::Threads,
};
use crate::{Channel, ChannelKind, Clock, relay::Relays};

/// The rooms could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The metrics' names are taken.
    #[error("rooms' metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system gives no threads.
    #[error("rooms' threads: {0}")]
    Threads(#[from] io::Error),
}

/// The node's rooms. Cloning shares them.
#[derive(Clone)]
pub struct Rooms {
    shared: Arc<Shared>,
    supervisor: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Rooms {
    /// Starts the room threads and their supervisor; no room is awake yet.
    ///
    /// # Errors
    /// When metrics of these names are registered already, or the system gives no threads.
    pub fn start(
        store: Arc<dyn Store>,
        relays: Relays,
        clock: Clock,
        options: RoomOptions,
        registry: &Registry,
    ) -> Result<Self, StartError> {
        let metrics = RoomMetrics::register(registry)?;
        let threads = Threads::start(options.threads)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "at most one event per incarnation and one per watched room waits here, and who tells must never block"
        )]
        let (sender, events) = mpsc::channel();
        let shared = Arc::new(Shared::new(store, relays, clock, options, metrics, threads, sender));
        let supervisor = Supervisor::new(Arc::clone(&shared), events);
        let handle = std::thread::Builder::new()
            .name("plenum-supervisor".to_owned())
            .spawn(move || supervisor.run())?;
        Ok(Self {
            shared,
            supervisor: Arc::new(Mutex::new(Some(handle))),
        })
    }

    /// Where rooms tell what the search index does not have yet.
    pub(crate) fn unindexed(&self) -> Arc<Backlog> {
        Arc::clone(&self.shared.unindexed)
    }

    /// Puts a command at the end of the room's queue: the order of calls is the order in the log. Never blocks.
    ///
    /// The receiver gets exactly one answer, at the latest after the options' `command_deadline`: the entry, once it is durable, or why
    /// there is none. A full queue answers [`ErrorCode::TooManyRequests`] at once, a full node or a stopping one
    /// [`ErrorCode::Unavailable`]. After "unavailable" it is open whether the command will still be appended if it was handed to the store
    /// already: with a `client_msg_id` it may be repeated safely. A room that is not there, or not visible, is [`ErrorCode::NotFound`].
    pub fn submit(&self, channel: &Channel, command: Command) -> oneshot::Receiver<Answer> {
        if self.shared.is_closed.load(Ordering::SeqCst) {
            return answered(ErrorCode::Unavailable);
        }
        if matches!(channel.kind(), ChannelKind::User(_) | ChannelKind::Nothing) {
            return answered(ErrorCode::NotFound);
        }
        let mut command = Arc::new(command);
        loop {
            let cell = self.shared.directory.cell(channel, &self.shared);
            match cell.submit(&self.shared, command) {
                Ok(receiver) => return receiver,
                // It has just been removed from the directory: the next one found there is its successor.
                Err(given_back) => command = given_back,
            }
        }
    }

    /// Rooms that failed and have not been seen to work since: why they failed last, and how many times in a row.
    pub fn failing(&self) -> Vec<(Channel, Exit, u32)> {
        self.shared.failing()
    }

    /// How many rooms are awake.
    pub fn active(&self) -> usize {
        usize::try_from(self.shared.metrics.active.get()).unwrap_or(0)
    }

    /// Takes no more commands, lets every waiting one be answered, ends actors and threads. Blocks the calling thread, at most for the
    /// options' `command_deadline` and a moment more; a thread that is blocked is left behind. Further calls do nothing.
    pub fn shutdown(&self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        self.shared.tell(Event::Stop);
        let handle = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle
            && handle.join().is_err()
        {
            tracing::error!("the supervisor of the rooms panicked");
        }
    }
}

fn answered(code: ErrorCode) -> oneshot::Receiver<Answer> {
    let (slot, receiver) = AnswerSlot::new();
    slot.send(Err(Error::from(code)));
    receiver
}
