//! What a client is told when the store fails. The cause goes to the node's log here, once, and never into the answer.

use protocol::{Error, ErrorCode};
use storage::StoreError;

/// A store's failure as an answer.
pub(crate) fn of_store(error: StoreError) -> Error {
    match error {
        StoreError::Conflict => ErrorCode::Conflict.into(),
        StoreError::NotFound => ErrorCode::NotFound.into(),
        StoreError::Busy => ErrorCode::Unavailable.into(),
        StoreError::Full(_) | StoreError::Failed(_) => {
            tracing::error!(%error, "the store failed");
            ErrorCode::Unavailable.into()
        }
    }
}
