//! Invitations: what making, showing and using one have in common.

use protocol::{Error, ErrorCode, RoomId};
use storage::{Invitation, RoomState, StoreError};

use super::params;
use crate::{Caller, Engine, access, accounts::code, failure, limits::RANDOM_ATTEMPTS};

impl Engine {
    /// The room of this id, if the caller may make and end its invitation.
    ///
    /// # Errors
    /// `NotFound` when the room is not there for them, `Invalid` in a chat of two, `PermissionDenied`.
    pub(super) async fn inviting(&self, caller: &Caller, chat_id: &str) -> Result<RoomId, Error> {
        let room = params::id(chat_id)?;
        let (state, member) = self.reader(caller, room).await?;
        access::may_invite(&state.room, &member)?;
        Ok(room)
    }

    /// The room's invitation, a new one where there is none.
    pub(super) async fn invitation(&self, room: RoomId) -> Result<Invitation, Error> {
        if let Some(invitation) = self.store.invitation_of(room).await.map_err(failure::of_store)? {
            return Ok(invitation);
        }
        for _ in 0..RANDOM_ATTEMPTS {
            let new = Invitation {
                room,
                code: code::generate(),
                created_ms: self.clock.now_ms(),
            };
            match self.store.create_invitation(new).await {
                Err(StoreError::Conflict) => {}
                counts => return counts.map_err(failure::of_store),
            }
        }
        Err(ErrorCode::Unavailable.into())
    }

    /// The room that a code lets people into. What is wrong counts against the caller's address.
    ///
    /// # Errors
    /// `NotFound` for a code that lets nobody in, or when its room is deleted; `TooManyRequests` after too many wrong ones.
    pub(super) async fn invited_to(&self, caller: &Caller, typed: &str) -> Result<RoomState, Error> {
        let now_ms = self.clock.now_ms();
        self.wrong_codes.check(caller.address, now_ms)?;
        let Some(invitation) = self.invitation_typed(typed).await? else {
            self.wrong_codes.take(caller.address, now_ms);
            return Err(Error::new(
                ErrorCode::NotFound,
                "no such invitation; it may have been ended",
            ));
        };
        let state = self.store.room(invitation.room).await.map_err(failure::of_store)?;
        let state = state.filter(|state| !state.room.deleted);
        state.ok_or_else(|| Error::new(ErrorCode::NotFound, "this chat has been deleted"))
    }

    async fn invitation_typed(&self, typed: &str) -> Result<Option<Invitation>, Error> {
        match code::read(typed) {
            Some(code) => self.store.invitation(&code).await.map_err(failure::of_store),
            None => Ok(None),
        }
    }
}
