//! Marks a chat deleted: nobody sees it any more, nothing of it is lost.

use protocol::{Error, ErrorCode, RoomId, UserId, payload::Payload};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::RoomState;

use super::{Answer, Function, answer::to_payload, chats::Event, params};
use crate::{Caller, Engine, failure, limits::UNREAD_HINTS_MEMBERS_MAX, message::ChatObject, rooms::Verb};

/// `DELETE /chats/{chat_id}`.
pub(super) struct DeleteRoom;

/// Which chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
}

impl Function for DeleteRoom {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        engine.change(caller, room, Verb::DeleteRoom, None).await?;
        let state = engine.store.room(room).await.map_err(failure::of_store)?;
        let state = state.ok_or(ErrorCode::NotFound)?;
        // Of a large room nobody is told apart from its log: lists leave it out.
        let is_small = state.room.members_count <= UNREAD_HINTS_MEMBERS_MAX;
        let limit = if is_small { UNREAD_HINTS_MEMBERS_MAX as usize } else { 0 };
        let members = engine
            .store
            .members(room, None, limit)
            .await
            .map_err(failure::of_store)?;
        let users: Vec<UserId> = members.into_iter().map(|member| member.user).collect();
        engine.tell_gone(&state, &users, &users).await;
        Answer::object(&engine.gone(&state, &caller.user, &users).await?)
    }
}

impl Engine {
    /// Tells `users`, who were among the `participants`, that a chat is no longer theirs.
    pub(super) async fn tell_gone(&self, state: &RoomState, users: &[UserId], participants: &[UserId]) {
        let mut facts: Vec<(UserId, Payload)> = Vec::new();
        for user in users {
            match self.gone(state, user, participants).await.and_then(|data| event(&data)) {
                Ok(fact) => facts.push((user.clone(), fact)),
                Err(error) => tracing::error!(%error, "a fact could not be gathered"),
            }
        }
        self.tell(facts).await;
    }

    /// The chat as somebody sees it who is no longer in it: a name, but no people and no messages.
    pub(super) async fn gone(
        &self,
        state: &RoomState,
        viewer: &UserId,
        participants: &[UserId],
    ) -> Result<ChatObject<'static>, Error> {
        let name = self.chat_name(state, viewer, participants).await?;
        let mut gone = ChatObject::of_room(state, None, name);
        gone.last_message = None;
        Ok(gone)
    }
}

fn event(data: &ChatObject<'_>) -> Result<Payload, Error> {
    to_payload(&Event {
        event: "chat.deleted",
        data,
    })
}
