//! Removes people from a group; oneself: leaves it.

use protocol::{Error, ErrorCode, RoomId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Function, params, people::PersonParam};
use crate::{
    Caller, Engine, failure,
    limits::PEOPLE_PER_CALL_MAX,
    message::{ChatObject, removed_users},
    rooms::Verb,
};

/// `DELETE /chats/{chat_id}/participants`.
pub(super) struct RemoveParticipants;

/// Who: `user_id` or `participants`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// One person.
    #[serde(default, alias = "userId")]
    user_id: Option<String>,
    /// Up to 500 people.
    #[serde(default)]
    participants: Vec<PersonParam>,
}

impl Function for RemoveParticipants {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        let named = params
            .participants
            .iter()
            .map(PersonParam::user_id)
            .chain(params.user_id.as_deref());
        // Whoever has no account is in no chat either.
        let users: Vec<UserId> = named
            .filter_map(|id| id.parse().ok())
            .take(PEOPLE_PER_CALL_MAX)
            .collect();
        if users.is_empty() {
            return Err(Error::new(ErrorCode::Invalid, "participants: nobody named"));
        }
        if users.contains(&caller.user) {
            engine.keep_an_owner(caller, room).await?;
        }
        let verb = Verb::RemoveParticipants { users };
        let appended = engine.change(caller, room, verb, None).await?;
        let users = removed_users(&appended.entry);
        if let Some(state) = engine.store.room(appended.room.id).await.map_err(failure::of_store)? {
            engine.tell_gone(&state, &users, &[]).await;
            if users.contains(&caller.user) {
                return Answer::object(&engine.gone(&state, &caller.user, &[]).await?);
            }
        }
        engine.chat_answer(caller, room).await
    }
}
