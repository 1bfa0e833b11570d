//! Gives one chat with the newest page of its history.

use std::sync::Arc;

use protocol::{Error, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Function, chats,
    pages::{Pages, Place},
    params,
};
use crate::{Caller, Engine, limits::PAGE_ITEMS_DEFAULT, message::ChatObject};

/// `GET /chats/{chat_id}`.
pub(super) struct GetRoom;

/// Which chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
}

impl Function for GetRoom {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        engine.reader(caller, room).await?;
        let pages = Pages(Arc::clone(&engine.store));
        let page = pages.page(room, Place::Newest, PAGE_ITEMS_DEFAULT).await?;
        let chat = engine.chat(caller, room).await?;
        let parts = engine.chat_parts(&caller.user, &chat).await?;
        // Somebody removed while this was read does not get it any more.
        engine.reader(caller, room).await?;
        Answer::object(&chats::object_with_history(&chat, parts, &page))
    }
}
