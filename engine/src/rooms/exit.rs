//! Why an incarnation of a room ended, and how long the next one waits.

use std::time::Duration;

use crate::limits::{RESTART_PAUSE_FIRST, RESTART_PAUSE_MAX};

/// Why an incarnation of a room ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Its code panicked; the thread and the other rooms on it go on.
    Panic,
    /// Storage failed for it in a way that only reading anew can clear up.
    Error,
    /// It had work and made no progress: an await that does not end.
    Stuck,
    /// Its thread does not answer: some code on it blocks. The thread is abandoned, all its rooms move.
    Blocked,
    /// Nobody needed it. The next command wakes it.
    Asleep,
    /// The node stops.
    Shutdown,
}

impl Exit {
    /// The exits after which a room is started again.
    pub(super) const RESTARTED: [Self; 4] = [Self::Panic, Self::Error, Self::Stuck, Self::Blocked];

    /// The name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::Stuck => "stuck",
            Self::Blocked => "blocked",
            Self::Asleep => "asleep",
            Self::Shutdown => "shutdown",
        }
    }
}

/// How long a room waits after its `failures`-th failure in a row: not at all after the first, then twice as long each time.
pub(super) fn pause_after(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => RESTART_PAUSE_FIRST
            .saturating_mul(1_u32 << (failures - 2).min(16))
            .min(RESTART_PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_failure_is_forgiven_and_repeated_ones_wait_longer_each_time() {
        assert_eq!(pause_after(1), Duration::ZERO);
        assert_eq!(pause_after(2), RESTART_PAUSE_FIRST);
        assert_eq!(pause_after(3), RESTART_PAUSE_FIRST * 2);
        assert_eq!(pause_after(u32::MAX), RESTART_PAUSE_MAX);
    }
}
