//! Renames a chat.

use protocol::{Error, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::Room;

use super::{Answer, Function, params, text};
use crate::{Caller, Channel, Engine, failure, limits::UNREAD_HINTS_MEMBERS_MAX, message::ChatObject, rooms::Verb};

/// `PATCH /chats/{chat_id}`.
pub(super) struct UpdateRoom;

/// What changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// The new title: 1 to 256 characters.
    name: String,
}

impl Function for UpdateRoom {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        text::check_room_name(&params.name)?;
        let verb = Verb::Update { name: params.name };
        let appended = engine.change(caller, room, verb, None).await?;
        engine.hint_updated(&appended.room).await;
        engine.chat_answer(caller, room).await
    }
}

impl Engine {
    /// Shows the new state to members who listen on their own channels. What is missed is seen in the room's log and in lists.
    async fn hint_updated(&self, room: &Room) {
        if room.members_count > UNREAD_HINTS_MEMBERS_MAX {
            return;
        }
        let shown = self.views_of_listening(room.id).await;
        match shown {
            Ok(views) => {
                for (user, view) in views {
                    self.relays.hint_user(&user, view);
                }
            }
            Err(error) => tracing::debug!(%error, "hints dropped"),
        }
    }

    async fn views_of_listening(
        &self,
        room: RoomId,
    ) -> Result<impl IntoIterator<Item = (protocol::UserId, protocol::payload::Payload)>, Error> {
        let members = self.store.members(room, None, UNREAD_HINTS_MEMBERS_MAX as usize).await;
        let listening = members
            .map_err(failure::of_store)?
            .into_iter()
            .map(|member| member.user);
        let listening = listening.filter(|user| self.relays.has_listeners(&Channel::of_user(user)));
        self.chats_of_members(room, listening.collect::<Vec<_>>(), "chat.updated")
            .await
    }
}
