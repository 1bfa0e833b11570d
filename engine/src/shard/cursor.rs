//! A session's place in one log.

use protocol::Unsubscribe;

/// An integer in the log's frames, and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    /// The log's place in the shard.
    pub(super) log: u32,
    /// The cursor's place among the log's listeners.
    pub(super) listener: u32,
    /// The next frame to write.
    pub(super) frame: u64,
    /// The cursor ends before this frame; [`u64::MAX`]: it does not end.
    pub(super) end: u64,
    /// Why it ends there.
    pub(super) why: Ended,
    /// Nothing is written before the subscribe reply is in the personal queue.
    pub(super) is_held: bool,
    /// The server subscribed the session: falling behind ends the connection instead of the subscription.
    pub(super) is_server_side: bool,
}

/// Why the shard ended a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The person was removed, or the room deleted.
    Removed,
    /// The session fell out of the retained window.
    Lagged,
}

impl Ended {
    pub(super) fn unsubscribe(self) -> Unsubscribe {
        match self {
            Self::Removed => Unsubscribe::Server,
            Self::Lagged => Unsubscribe::InsufficientState,
        }
    }
}
