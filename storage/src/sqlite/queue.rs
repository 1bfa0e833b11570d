//! A bounded queue between async callers and one or more threads: handing over never waits.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard},
    time::Duration,
};

/// Why something could not be handed over; it is given back.
#[derive(Debug)]
pub(super) enum Refused<T> {
    /// The bounds are reached.
    Full(T),
    /// Nobody takes from the queue any more.
    Closed(T),
}

/// What taking from the queue gave.
pub(super) enum Taken<T> {
    /// Some jobs, in the order they were handed over.
    Jobs(Vec<T>),
    /// None came in time.
    Nothing,
    /// The queue is closed and empty.
    Closed,
}

/// The bounds of a queue, or of what is taken at once.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) jobs: usize,
    pub(super) bytes: usize,
}

/// First in, first out.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    bounds: Bounds,
    /// How many jobs a thread that is being woken is left to take before another one is woken for them.
    jobs_per_wake: usize,
}

struct State<T> {
    jobs: VecDeque<(T, usize)>,
    bytes: usize,
    is_closed: bool,
    /// Threads that wait for jobs.
    waiting: usize,
    /// Those of them that were woken and are on their way.
    waking: usize,
}

impl<T> Queue<T> {
    /// An empty queue. `jobs_per_wake` is what each of its threads takes at once at most: waking one costs more than a short job.
    pub(super) fn new(bounds: Bounds, jobs_per_wake: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            bytes: 0,
            is_closed: false,
            waiting: 0,
            waking: 0,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            bounds,
            jobs_per_wake,
        }
    }

    /// Hands over a job of that many bytes. A job that is larger than the bound passes when nothing else waits.
    pub(super) fn push(&self, job: T, bytes: usize) -> Result<(), Refused<T>> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Refused::Closed(job));
        }
        let is_over = !state.jobs.is_empty() && state.bytes + bytes > self.bounds.bytes;
        if state.jobs.len() >= self.bounds.jobs || is_over {
            return Err(Refused::Full(job));
        }
        state.bytes += bytes;
        state.jobs.push_back((job, bytes));
        let is_taken_care_of = state.jobs.len() <= state.waking.saturating_mul(self.jobs_per_wake);
        if state.waiting > state.waking && !is_taken_care_of {
            state.waking += 1;
            drop(state);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs, `patience` at most (None: for ever), and takes as many as the bounds allow, at least one.
    pub(super) fn take(&self, patience: Option<Duration>, bounds: Bounds) -> Taken<T> {
        let mut state = self.state();
        while state.jobs.is_empty() {
            if state.is_closed {
                return Taken::Closed;
            }
            state.waiting += 1;
            let is_too_long;
            (state, is_too_long) = match patience {
                None => (self.changed.wait(state).expect("no holder panics"), false),
                Some(patience) => {
                    let (state, waited) = self.changed.wait_timeout(state, patience).expect("no holder panics");
                    (state, waited.timed_out())
                }
            };
            state.waiting -= 1;
            // Whoever wakes without having been woken takes the place of one that was: that one finds nothing and waits again.
            state.waking = state.waking.saturating_sub(1);
            if is_too_long && state.jobs.is_empty() && !state.is_closed {
                return Taken::Nothing;
            }
        }
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some((_, size)) = state.jobs.front() {
            if !taken.is_empty() && (taken.len() >= bounds.jobs || bytes + size > bounds.bytes) {
                break;
            }
            bytes += size;
            let (job, size) = state.jobs.pop_front().expect("the front was just seen");
            state.bytes -= size;
            taken.push(job);
        }
        Taken::Jobs(taken)
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.state().jobs.len()
    }

    /// Takes no more; what waits is still given out.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Takes no more, and gives back what waits.
    pub(super) fn abandon(&self) -> Vec<T> {
        let mut state = self.state();
        state.is_closed = true;
        state.bytes = 0;
        let waiting = std::mem::take(&mut state.jobs);
        drop(state);
        self.changed.notify_all();
        waiting.into_iter().map(|(job, _)| job).collect()
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no holder panics")
    }
}
