//! The thread that keeps the rooms going: it answers what has waited too long, finds who is stuck or blocked, and starts again what has failed.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use super::{Cell, Exit, Shared, watch::Watch};
use crate::limits::{ROOMS_STOP_PATIENCE, SUPERVISOR_TICK};

/// A tick that comes this many times too late says nothing about the rooms: the whole machine stood still.
const LATE_TICKS: u32 = 4;

/// What the supervisor is told.
pub(crate) enum Event {
    /// This room has work.
    Watch(Arc<Cell>),
    /// An incarnation has ended.
    Ended {
        /// Whose.
        cell: Arc<Cell>,
        /// Which.
        incarnation: u64,
        /// Why.
        exit: Exit,
    },
    /// The node stops: answer what waits, end everything.
    Stop,
}

/// The supervisor's own state.
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    events: mpsc::Receiver<Event>,
    watched: HashMap<u64, (Arc<Cell>, Option<Watch>)>,
    resting: Vec<(Instant, Arc<Cell>)>,
    last_tick: Instant,
}

impl Supervisor {
    pub(super) fn new(shared: Arc<Shared>, events: mpsc::Receiver<Event>) -> Self {
        Self {
            shared,
            events,
            watched: HashMap::new(),
            resting: Vec::new(),
            last_tick: Instant::now(),
        }
    }

    /// Works until the node stops.
    pub(super) fn run(mut self) {
        loop {
            let wait = SUPERVISOR_TICK.saturating_sub(self.last_tick.elapsed());
            match self.events.recv_timeout(wait) {
                Ok(Event::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Ok(event) => self.guarded(|supervisor| supervisor.handle(event)),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if self.last_tick.elapsed() >= SUPERVISOR_TICK {
                self.guarded(Self::tick);
            }
        }
        self.stop();
    }

    /// Whatever goes wrong here, the supervisor stays: without it nothing would be noticed any more.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!("the supervisor of the rooms panicked and goes on");
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Watch(cell) => {
                self.watched.entry(cell.id).or_insert((cell, None));
            }
            Event::Ended {
                cell,
                incarnation,
                exit: exit @ (Exit::Panic | Exit::Error | Exit::Stuck | Exit::Blocked),
            } => self.fail(&cell, incarnation, exit, true),
            Event::Ended { .. } | Event::Stop => {}
        }
    }

    fn tick(&mut self) {
        let is_late = self.last_tick.elapsed() > SUPERVISOR_TICK * LATE_TICKS;
        self.last_tick = Instant::now();
        if !is_late {
            self.replace_blocked();
        }
        self.look_after_watched(is_late);
        self.start_rested();
        self.shared.show_queues();
    }

    /// Answers what is due before the next tick, and finds who is stuck.
    fn look_after_watched(&mut self, is_late: bool) {
        let shared = Arc::clone(&self.shared);
        let due = Instant::now() + SUPERVISOR_TICK;
        let store_answers = shared.store_answers.load(Ordering::Relaxed);
        let mut stuck = Vec::new();
        self.watched.retain(|_, (cell, watch)| {
            cell.expire(&shared, due);
            let Some(look) = cell.look() else { return false };
            match watch {
                Some(watch) if !is_late => {
                    if let Some(incarnation) = watch.tick(look, store_answers, shared.options.stuck_after) {
                        stuck.push((Arc::clone(cell), incarnation));
                    }
                }
                _ => *watch = Some(Watch::new(look, store_answers)),
            }
            true
        });
        for (cell, incarnation) in stuck {
            self.fail(&cell, incarnation, Exit::Stuck, true);
        }
    }

    fn replace_blocked(&mut self) {
        for blocked in self.shared.threads.replace_blocked(self.shared.options.blocked_after) {
            tracing::error!(thread = blocked.serial, "a room thread is blocked and was replaced");
            for cell in self.shared.directory.all() {
                if let Some(incarnation) = cell.incarnation_on(blocked.serial) {
                    self.fail(&cell, incarnation, Exit::Blocked, cell.id == blocked.running);
                }
            }
        }
    }

    /// Plans the next start of a room whose incarnation has failed.
    fn fail(&mut self, cell: &Arc<Cell>, incarnation: u64, exit: Exit, is_to_blame: bool) {
        let Some((due, failures)) = cell.fail(&self.shared, incarnation, exit, is_to_blame) else {
            return;
        };
        self.shared.metrics.restarted(exit);
        tracing::warn!(
            channel = %cell.channel,
            incarnation,
            reason = exit.name(),
            failures,
            "a room failed and is started again"
        );
        if due <= Instant::now() {
            cell.resume(&self.shared);
        } else {
            self.resting.push((due, Arc::clone(cell)));
        }
    }

    fn start_rested(&mut self) {
        let now = Instant::now();
        let shared = Arc::clone(&self.shared);
        self.resting.retain(|(due, cell)| {
            let is_due = *due <= now;
            if is_due {
                cell.resume(&shared);
            }
            !is_due
        });
    }

    /// Goes on until every command is answered, at the latest by its deadline; then ends actors and threads.
    fn stop(mut self) {
        while self.shared.commands_waiting() > 0 {
            match self.events.recv_timeout(Duration::from_millis(1)) {
                Ok(event) => self.handle(event),
                Err(_) if self.last_tick.elapsed() >= SUPERVISOR_TICK => self.tick(),
                Err(_) => {}
            }
        }
        for cell in self.shared.directory.all() {
            cell.retire();
        }
        let deadline = Instant::now() + ROOMS_STOP_PATIENCE;
        while self.shared.metrics.active.get() > 0 {
            // Every actor tells its end.
            let left = deadline.saturating_duration_since(Instant::now());
            if self.events.recv_timeout(left).is_err() {
                break;
            }
        }
        self.shared.threads.stop(ROOMS_STOP_PATIENCE);
        self.shared.show_queues();
    }
}
