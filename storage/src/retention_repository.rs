//! Dropping the past of logs: what is asked of a store. When it is asked, for which rooms, the engine decides.

use async_trait::async_trait;
use protocol::RoomId;

use crate::{LogStart, Permit, StoreError};

/// A room that does not keep its entries for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetainedRoom {
    /// The room.
    pub room: RoomId,
    /// How long it keeps them, in days.
    pub retention_days: u32,
}

/// What came of dropping a log's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DroppedPast {
    /// Where the log begins now.
    pub start: LogStart,
    /// Entries that can be read no more since this call.
    pub entries: u64,
}

/// Logs that do not keep everything.
#[async_trait]
pub trait RetentionRepository: Send + Sync {
    /// Rooms with a retention, deleted ones too, in the order of their ids, from behind `after`. Read from an index of these rooms alone.
    async fn retained_rooms(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<RetainedRoom>, StoreError>;

    /// Drops the beginning of a log: the buckets whose entries are all older than `before_ms` (Unix milliseconds), as a whole; the newest
    /// one too, which takes no more entries then. Epoch, seqs and numbers stay what they are. When it returns nobody reads what was dropped;
    /// its rows may be removed later, and a call goes on with what an earlier one did not come to remove.
    async fn drop_before(&self, room: RoomId, permit: &Permit, before_ms: i64) -> Result<DroppedPast, StoreError>;
}
