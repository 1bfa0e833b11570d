//! Adds people to a group, or gives those who are in it another role.

use protocol::{Error, ErrorCode, RoomId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Function, params, people::PersonParam};
use crate::{Caller, Engine, failure, message::ChatObject, rooms::Verb};

/// `POST /chats/{chat_id}/participants`.
pub(super) struct AddParticipants;

/// Who.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// Who is added: 1 to 500 people. Roles above `member` are an owner's to give.
    participants: Vec<PersonParam>,
}

impl Function for AddParticipants {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        engine.reader(caller, room).await?;
        let users = engine.named_people(&params.participants).await?;
        if users.is_empty() {
            return Err(Error::new(ErrorCode::Invalid, "participants: nobody named"));
        }
        let named: Vec<UserId> = users.iter().map(|(user, _)| user.clone()).collect();
        let new = engine.not_in(room, named).await?;
        engine
            .change(caller, room, Verb::AddParticipants { users }, None)
            .await?;
        engine
            .tell_gathered(engine.chats_of_members(room, new, "chat.created").await)
            .await;
        engine.chat_answer(caller, room).await
    }
}

impl Engine {
    /// Those of these people who are not in the room.
    async fn not_in(&self, room: RoomId, users: Vec<UserId>) -> Result<Vec<UserId>, Error> {
        let mut new = Vec::with_capacity(users.len());
        for user in users {
            if self
                .store
                .member(room, &user)
                .await
                .map_err(failure::of_store)?
                .is_none()
            {
                new.push(user);
            }
        }
        Ok(new)
    }
}
