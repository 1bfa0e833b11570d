//! When a room's listeners are served, and in which portions.
//!
//! A sweep starts at once when the last one of this room began longer ago than the room's delivery budget; otherwise when the budget is over. Sweeps
//! of several rooms take turns, a portion each.

use std::time::{Duration, Instant};

use super::{Inner, SessionKey, Shard};
use crate::limits::{BUDGET_LISTENERS_MAX, BUDGET_LISTENERS_MIN, BUDGET_MAX, SWEEP_SESSIONS};

/// Sessions whose memory is fetched together.
const FETCHED_AT_ONCE: usize = 8;

/// How long fan-out may gather for a room with so many listeners on the node, when the operator has not fixed it.
pub(super) fn budget(listeners: usize) -> Duration {
    if listeners < BUDGET_LISTENERS_MIN {
        return Duration::ZERO;
    }
    let above = listeners.min(BUDGET_LISTENERS_MAX) - BUDGET_LISTENERS_MIN;
    BUDGET_MAX * above as u32 / (BUDGET_LISTENERS_MAX - BUDGET_LISTENERS_MIN) as u32
}

/// A sweep under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    pub(super) log: usize,
    /// Listeners that are still to be served.
    left: usize,
    begun: Instant,
}

impl Shard {
    /// Begins the sweeps whose time has come. Gives when the next one is due.
    pub(super) fn begin_sweeps(&self, now: Instant) -> Option<Instant> {
        let mut inner = self.inner.borrow_mut();
        let mut next: Option<Instant> = None;
        let Inner { due, sweeps, logs, .. } = &mut *inner;
        due.retain(|&log_index| {
            let log = &mut logs[log_index];
            let budget = self
                .limits
                .delivery_budget
                .unwrap_or_else(|| budget(log.relay.listeners()));
            let due_at = log.swept_at.map_or(now, |swept_at| swept_at + budget);
            if due_at > now || sweeps.iter().any(|sweep| sweep.log == log_index) {
                let at = due_at.max(now);
                next = Some(next.map_or(at, |earlier| earlier.min(at)));
                return true;
            }
            log.is_due = false;
            log.swept_at = Some(now);
            let gathered = log.seq.saturating_sub(std::mem::replace(&mut log.swept_seq, log.seq));
            if gathered > 0 {
                self.metrics.sweep_entries.observe(gathered as f64);
            }
            sweeps.push(Sweep {
                log: log_index,
                left: log.listeners.len(),
                begun: now,
            });
            false
        });
        next
    }

    /// Serves a portion of every sweep under way; whether anything is left to do.
    pub(super) fn sweep(&self) -> bool {
        let mut inner = self.inner.borrow_mut();
        for key in std::mem::take(&mut inner.unfinished) {
            inner.flush(self, key);
        }
        let mut index = 0;
        while index < inner.sweeps.len() {
            let Sweep { log, left, begun } = inner.sweeps[index];
            let left = inner.sweep_portion(self, log, left);
            // A flush may have ended the log, and its sweep with it.
            let Some(place) = inner.sweeps.iter().position(|sweep| sweep.log == log) else {
                continue;
            };
            if left == 0 {
                inner.sweeps.swap_remove(place);
                self.metrics.sweep_seconds.observe(begun.elapsed().as_secs_f64());
            } else {
                inner.sweeps[place].left = left;
                index = place + 1;
            }
        }
        inner.delivered.show(&self.metrics);
        !inner.sweeps.is_empty() || !inner.unfinished.is_empty()
    }
}

impl Inner {
    /// Serves listeners from the end down: whoever leaves meanwhile is replaced by one that has been served already, so that nobody is left out.
    fn sweep_portion(&mut self, shard: &Shard, log: usize, left: usize) -> usize {
        let _span = tracing::debug_span!("deliver", log, left).entered();
        let mut left = left;
        for _ in 0..SWEEP_SESSIONS {
            let Some(listeners) = self.logs.get(log).map(|log| &log.listeners) else {
                return 0;
            };
            left = left.min(listeners.len());
            if left == 0 {
                return 0;
            }
            if left.is_multiple_of(FETCHED_AT_ONCE) {
                self.fetch(&listeners[left.saturating_sub(FETCHED_AT_ONCE)..left]);
            }
            left -= 1;
            let key = listeners[left];
            self.flush(shard, key);
        }
        left
    }

    /// Looks at the next few sessions before the first of them is served: their memory comes all at once while nothing else is to be done. One
    /// by one, each would wait for its own.
    fn fetch(&self, next: &[SessionKey]) {
        for key in next {
            if let Some(slot) = self.slots.get(key.index as usize) {
                std::hint::black_box((
                    slot.generation,
                    slot.is_blocked,
                    slot.cursors.len(),
                    slot.queue.is_some(),
                ));
            }
        }
        for key in next {
            if let Some(slot) = self.slots.get(key.index as usize) {
                slot.outbox.fetch();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rooms_never_wait_and_large_ones_gather_for_a_tenth_of_a_second() {
        assert_eq!(budget(499), Duration::ZERO);
        assert_eq!(budget(2_750), Duration::from_millis(50));
        assert_eq!(budget(5_000), Duration::from_millis(100));
        assert_eq!(budget(1_000_000), Duration::from_millis(100));
    }
}
