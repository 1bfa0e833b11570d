//! How far something long has come: a line on standard error every few seconds, with what happens in a second and what is left.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_secs(5);

/// Of one filling.
pub struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    state: Mutex<State>,
}

struct State {
    done: u64,
    told: Instant,
}

impl Progress {
    /// Nothing is done yet.
    pub fn new(what: &'static str, total: u64) -> Self {
        let begun = Instant::now();
        let state = Mutex::new(State { done: 0, told: begun });
        Self {
            what,
            total,
            begun,
            state,
        }
    }

    /// So many more are done.
    pub fn advance(&self, count: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.done += count;
        if state.told.elapsed() < PAUSE {
            return;
        }
        state.told = Instant::now();
        let per_second = state.done as f64 / self.seconds();
        let left_s = self.total.saturating_sub(state.done) as f64 / per_second;
        let (what, done, total) = (self.what, state.done, self.total);
        eprintln!("{what}: {done} of {total}, {per_second:.0}/s, {left_s:.0} s left");
    }

    /// Since it began.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}
