//! What may differ between a node in service and a test.

use std::time::Duration;

use crate::limits::{BLOCKED_AFTER, COMMAND_DEADLINE, ROOM_IDLE, ROOM_THREADS, STUCK_AFTER};

/// How rooms are run. The default is what a node in service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomOptions {
    /// Threads that rooms run on; at least one.
    pub threads: usize,
    /// A room without commands and listeners sleeps after this time; zero: at once.
    pub idle: Duration,
    /// A command is answered after this time at the latest.
    pub command_deadline: Duration,
    /// A room with work and without progress for this long is started again.
    pub stuck_after: Duration,
    /// A thread without a heartbeat for this long is abandoned.
    pub blocked_after: Duration,
}

impl Default for RoomOptions {
    fn default() -> Self {
        Self {
            threads: ROOM_THREADS,
            idle: ROOM_IDLE,
            command_deadline: COMMAND_DEADLINE,
            stuck_after: STUCK_AFTER,
            blocked_after: BLOCKED_AFTER,
        }
    }
}
