//! Ends a group's invitation: its link leads nowhere from now on. Guests who are in the room stay until they are removed.

use protocol::{Error, ErrorCode, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Function};
use crate::{Caller, Engine, failure};

/// `DELETE /chats/{chat_id}/invitation`.
pub(super) struct RevokeInvitation;

/// Of which room.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
}

/// The room whose invitation has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EndedInvitation")]
pub(super) struct Ended {
    /// The room.
    #[schemars(with = "String")]
    chat_id: RoomId,
}

impl Function for RevokeInvitation {
    type Params = Params;
    type Answer = Ended;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room = engine.inviting(caller, &params.chat_id).await?;
        if !engine.store.end_invitation(room).await.map_err(failure::of_store)? {
            return Err(Error::new(ErrorCode::NotFound, "there is no invitation"));
        }
        Answer::object(&Ended { chat_id: room })
    }
}
