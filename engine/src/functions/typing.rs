//! Shows a room that the caller is typing.

use protocol::{Error, ErrorCode, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Function, params};
use crate::{Caller, Engine, limits::TYPING_MEMBERS_MAX};

/// `POST /chats/{chat_id}/typing`.
pub(super) struct ShowTyping;

/// Where.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
}

/// Nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Noted {}

impl Function for ShowTyping {
    type Params = Params;
    type Answer = Noted;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        let (state, _) = engine.reader(caller, room).await?;
        if state.room.members_count > TYPING_MEMBERS_MAX {
            let words = "a chat of this size is not shown who is typing";
            return Err(Error::new(ErrorCode::NotAvailable, words));
        }
        engine.typing.note(room, &caller.user, engine.clock.now_ms());
        Answer::object(&Noted {})
    }
}
