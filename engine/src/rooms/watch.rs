//! Whether a room with work makes progress.

use std::time::Duration;

use super::cell::Look;
use crate::limits::{STALLED_STORE_PATIENCE, STORE_PATIENCE, SUPERVISOR_TICK};

/// What the supervisor remembers of a watched room.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Look,
    store_answers: u64,
    standing: Duration,
}

impl Watch {
    /// Begins to watch.
    pub(super) fn new(look: Look, store_answers: u64) -> Self {
        Self {
            seen: look,
            store_answers,
            standing: Duration::ZERO,
        }
    }

    /// A tick has passed. Gives the incarnation that is stuck, if it is.
    ///
    /// A room that waits for the store is given longer, and still longer while the store answers no room at all: then it is
    /// the store that stands still.
    pub(super) fn tick(&mut self, look: Look, store_answers: u64, stuck_after: Duration) -> Option<u64> {
        if look != self.seen {
            *self = Self::new(look, store_answers);
            return None;
        }
        self.standing += SUPERVISOR_TICK;
        let patience = match (look.is_storing, store_answers == self.store_answers) {
            (false, _) => stuck_after,
            (true, false) => STORE_PATIENCE,
            (true, true) => STALLED_STORE_PATIENCE,
        };
        let incarnation = look.incarnation?;
        (self.standing >= patience).then_some(incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUCK_AFTER: Duration = Duration::from_millis(1_500);

    fn look(progress: u64, is_storing: bool) -> Look {
        Look {
            incarnation: Some(7),
            progress,
            is_storing,
        }
    }

    fn ticks_until_stuck(watch: &mut Watch, look: Look, mut store_answers: impl FnMut() -> u64) -> u32 {
        (1..=10_000)
            .find(|_| watch.tick(look, store_answers(), STUCK_AFTER) == Some(7))
            .expect("stuck at some time")
    }

    #[test]
    fn a_room_that_stands_still_is_stuck_and_one_that_moves_is_not() {
        let mut watch = Watch::new(look(0, false), 0);
        for progress in 1..1_000 {
            assert_eq!(watch.tick(look(progress, false), 0, STUCK_AFTER), None);
        }
        assert_eq!(ticks_until_stuck(&mut watch, look(999, false), || 0), 30);
    }

    #[test]
    fn waiting_for_a_store_that_answers_nobody_takes_longest() {
        let mut watch = Watch::new(look(1, true), 5);
        let mut answers = 5;
        let elsewhere = ticks_until_stuck(&mut watch, look(1, true), || {
            answers += 1;
            answers
        });
        let mut watch = Watch::new(look(1, true), 5);
        let nowhere = ticks_until_stuck(&mut watch, look(1, true), || 5);
        assert_eq!(elsewhere, 60);
        assert_eq!(nowhere, 300);
    }
}
