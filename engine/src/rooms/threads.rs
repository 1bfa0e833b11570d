//! The threads that rooms run on: each an actix system with its arbiter and a heartbeat.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use actix::{ArbiterHandle, System};

use crate::limits::SUPERVISOR_TICK;

/// Signs of life of one thread.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    beats: AtomicU64,
    running: AtomicU64,
}

impl Pulse {
    /// The thread is at work on this cell now; 0: on none.
    pub(crate) fn set_running(&self, cell: u64) {
        self.running.store(cell, Ordering::Relaxed);
    }

    /// The cell whose code the thread is in.
    pub(super) fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }
}

/// Where a room may start.
pub(super) struct Place {
    pub(super) serial: u64,
    pub(super) arbiter: ArbiterHandle,
    pub(super) pulse: Arc<Pulse>,
}

/// What a new thread tells about itself.
type Handles = (System, ArbiterHandle);

struct Thread {
    serial: u64,
    system: System,
    arbiter: ArbiterHandle,
    pulse: Arc<Pulse>,
    join: JoinHandle<()>,
    handles: mpsc::Receiver<Handles>,
    beats_seen: u64,
    silent: Duration,
}

/// A thread that was found blocked and has been replaced.
pub(super) struct Blocked {
    pub(super) serial: u64,
    /// The cell whose code it is in; 0: none.
    pub(super) running: u64,
}

/// The room threads of a node.
pub(super) struct Threads(Mutex<Inner>);

struct Inner {
    threads: Vec<Thread>,
    next_serial: u64,
}

impl Threads {
    /// Starts that many threads.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let threads = (1..=count.max(1) as u64)
            .map(Thread::start)
            .collect::<io::Result<Vec<_>>>()?;
        let next_serial = threads.len() as u64 + 1;
        Ok(Self(Mutex::new(Inner { threads, next_serial })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread for a cell.
    pub(super) fn of(&self, cell: u64) -> Place {
        let inner = self.lock();
        let thread = &inner.threads[cell as usize % inner.threads.len()];
        Place {
            serial: thread.serial,
            arbiter: thread.arbiter.clone(),
            pulse: Arc::clone(&thread.pulse),
        }
    }

    /// Replaces every thread whose heartbeat has stood still for `patience` of the supervisor's own time.
    pub(super) fn replace_blocked(&self, patience: Duration) -> Vec<Blocked> {
        let mut inner = self.lock();
        let mut blocked = Vec::new();
        for index in 0..inner.threads.len() {
            if !inner.threads[index].is_silent(patience) {
                continue;
            }
            let serial = inner.next_serial;
            match Thread::start(serial) {
                Ok(thread) => {
                    inner.next_serial += 1;
                    let old = std::mem::replace(&mut inner.threads[index], thread);
                    blocked.push(old.abandon());
                }
                Err(error) => tracing::error!(%error, "a blocked room thread can not be replaced"),
            }
        }
        blocked
    }

    /// Asks every thread to end and waits for those that do, `patience` at most.
    pub(super) fn stop(&self, patience: Duration) {
        let threads = std::mem::take(&mut self.lock().threads);
        for thread in &threads {
            thread.system.stop();
        }
        let deadline = Instant::now() + patience;
        for thread in threads {
            let left = deadline.saturating_duration_since(Instant::now());
            // The thread never sends again; it hangs up when it ends.
            if matches!(
                thread.handles.recv_timeout(left),
                Err(mpsc::RecvTimeoutError::Disconnected)
            ) {
                let _ = thread.join.join();
            } else {
                tracing::warn!(thread = thread.serial, "a room thread does not end; it is left behind");
            }
        }
    }
}

impl Thread {
    fn start(serial: u64) -> io::Result<Self> {
        let pulse = Arc::new(Pulse::default());
        let (told, handles) = mpsc::sync_channel(1);
        let beating = Arc::clone(&pulse);
        let join = std::thread::Builder::new()
            .name(format!("plenum-room-{serial}"))
            .spawn(move || run(&told, beating))?;
        let (system, arbiter) = handles
            .recv()
            .map_err(|_| io::Error::other("a room thread did not start"))?;
        Ok(Self {
            serial,
            system,
            arbiter,
            pulse,
            join,
            handles,
            beats_seen: 0,
            silent: Duration::ZERO,
        })
    }

    fn is_silent(&mut self, patience: Duration) -> bool {
        let beats = self.pulse.beats.load(Ordering::Relaxed);
        if beats != self.beats_seen {
            self.beats_seen = beats;
            self.silent = Duration::ZERO;
        } else {
            self.silent += SUPERVISOR_TICK;
        }
        self.silent >= patience
    }

    /// Gives the thread up: should it ever come back, it ends. Nobody waits for it.
    fn abandon(self) -> Blocked {
        self.system.stop();
        Blocked {
            serial: self.serial,
            running: self.pulse.running(),
        }
    }
}

fn run(told: &mpsc::SyncSender<Handles>, pulse: Arc<Pulse>) {
    let runner = System::new();
    let system = System::current();
    let arbiter = system.arbiter().clone();
    arbiter.spawn(beat(pulse));
    if told.send((system, arbiter)).is_ok()
        && let Err(error) = runner.run()
    {
        tracing::error!(%error, "a room thread ended with an error");
    }
}

async fn beat(pulse: Arc<Pulse>) {
    let mut interval = actix::clock::interval(SUPERVISOR_TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        pulse.beats.fetch_add(1, Ordering::Relaxed);
    }
}
