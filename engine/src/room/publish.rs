//! Publishing to an open channel.

use protocol::{Error, ErrorCode, payload::Payload};
use storage::{EntryKind, RoomKind};

use super::pending::{Draft, Pending};

/// The entry of a publication: the data as given. A chat takes messages only.
pub(super) fn draft(pending: &Pending<'_>, data: &Payload) -> Result<Draft, Error> {
    if pending.room.kind == RoomKind::Channel {
        Ok(Draft::new(EntryKind::Publication, data.bytes()))
    } else {
        Err(ErrorCode::BadRequest.into())
    }
}
