//! How storage fails. The words are for the node's log; clients never see them.

/// A read or an ordinary write failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store takes no more at the moment (its queue is full) or does not answer in time. Nothing was done.
    #[error("the store is busy")]
    Busy,
    /// A unique value (user name, room id) is taken. Nothing was done.
    #[error("already there")]
    Conflict,
    /// What should be changed is not there. Nothing was done.
    #[error("not there")]
    NotFound,
    /// The disk or the quota is full. Nothing was done.
    #[error("no room left in the store: {0}")]
    Full(String),
    /// Anything else.
    #[error("store failed: {0}")]
    Failed(String),
}

/// An append failed. Except for [`AppendError::Unknown`], nothing of the batch is in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The room has been started again elsewhere: this incarnation may write no more.
    #[error("a newer incarnation owns the room")]
    Fenced,
    /// The log's end is not where the batch expects it; the owner has to read it again.
    #[error("the log ends at {actual}, not at {expected}")]
    Moved {
        /// The seq that the batch takes for the last one.
        expected: u64,
        /// The last seq in the store.
        actual: u64,
    },
    /// These entries (index in the batch, seq of the first result) were appended before under the same `client_msg_id`.
    #[error("{} entries are repetitions", .0.len())]
    Duplicates(Vec<(usize, u64)>),
    /// The batch's deadline passed before its turn came.
    #[error("the deadline has passed")]
    Expired,
    /// The writer's queue is full.
    #[error("the store is busy")]
    Busy,
    /// The disk or the quota is full.
    #[error("no room left in the store: {0}")]
    Full(String),
    /// A definite failure: rolled back.
    #[error("append failed: {0}")]
    Failed(String),
    /// Whether the batch was committed is not known. Read the log before giving out any of its seqs again.
    #[error("outcome of the append unknown: {0}")]
    Unknown(String),
}
