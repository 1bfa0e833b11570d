//! Who may read a room.

use protocol::{Error, ErrorCode, RoomId};
use storage::{Member, RoomKind, RoomState};

use crate::{Caller, Engine, failure};

impl Engine {
    /// The room with its log's end and the caller's membership, if the caller may read it. Asked before a read and, since somebody may be
    /// removed meanwhile, again when the read answers.
    ///
    /// # Errors
    /// `NotFound` when the room is absent, deleted, an open channel, or the caller is not in it; `Unavailable` when the store does not answer.
    pub async fn reader(&self, caller: &Caller, room: RoomId) -> Result<(RoomState, Member), Error> {
        if !caller.reaches(room) {
            return Err(ErrorCode::NotFound.into());
        }
        let rosters = &self.relays.warm.rosters;
        let found = rosters.room_for(room, &caller.user, self.clock.now_ms()).await;
        let found = found.map_err(failure::of_store)?;
        let Some((state, Some(member))) = found else {
            return Err(ErrorCode::NotFound.into());
        };
        if state.room.deleted || state.room.kind == RoomKind::Channel {
            return Err(ErrorCode::NotFound.into());
        }
        Ok((state, member))
    }
}
