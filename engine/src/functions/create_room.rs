//! Creates a chat of two or a group.

use protocol::{Epoch, Error, ErrorCode, RoomId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{NewRoom, Role, RoomCreated, RoomKind, StoreError};

use super::{Answer, Function, people::PersonParam, text};
use crate::{
    Caller, Engine, failure,
    limits::{PEOPLE_PER_CALL_MAX, ROOM_NAME_CHARACTERS_MAX},
    message::{ChatObject, first_role},
};

/// Ids that are tried for a new room: two rooms of one millisecond may draw the same.
const ID_ATTEMPTS: usize = 4;

/// `POST /chats`.
pub(super) struct CreateRoom;

/// What kind of chat is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ChatKind")]
enum Kind {
    /// A chat of two. The pair's chat, if there is one, is given back.
    Direct,
    /// A chat of any number of people.
    Group,
}

/// The new chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The title.
    #[serde(default)]
    name: Option<String>,
    /// Who is in it, beside the caller.
    #[serde(default)]
    participants: Vec<PersonParam>,
    /// By default a chat of two with one other person and no name, else a group.
    #[serde(default)]
    kind: Option<Kind>,
}

impl Function for CreateRoom {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let name = params.name.unwrap_or_default();
        text::check_line("name", &name, ROOM_NAME_CHARACTERS_MAX)?;
        let mut others = engine.named_people(&params.participants).await?;
        others.retain(|(user, _)| *user != caller.user);
        let kind = kind_of(params.kind, name.trim().is_empty(), others.len())?;
        let room = match engine.create(caller, kind, name, others).await? {
            RoomCreated::New(state) => {
                engine.tell_created(state.room.id).await;
                state.room.id
            }
            RoomCreated::Existing(state) => state.room.id,
        };
        engine.chat_answer(caller, room).await
    }
}

fn kind_of(asked: Option<Kind>, is_nameless: bool, others: usize) -> Result<RoomKind, Error> {
    match asked {
        Some(Kind::Direct) if others != 1 => {
            let words = "participants: a chat of two has one other person";
            Err(Error::new(ErrorCode::Invalid, words))
        }
        Some(Kind::Direct) => Ok(RoomKind::Direct),
        None if others == 1 && is_nameless => Ok(RoomKind::Direct),
        _ if others >= PEOPLE_PER_CALL_MAX => {
            let words = format!("participants: at most {PEOPLE_PER_CALL_MAX} with the caller");
            Err(Error::new(ErrorCode::Invalid, words))
        }
        _ => Ok(RoomKind::Group),
    }
}

impl Engine {
    async fn create(
        &self,
        caller: &Caller,
        kind: RoomKind,
        name: String,
        others: Vec<(UserId, Role)>,
    ) -> Result<RoomCreated, Error> {
        let mut members = vec![(caller.user.clone(), Role::Owner)];
        let role_of = |asked: Role| asked.max(first_role(kind, false));
        members.extend(others.into_iter().map(|(user, asked)| (user, role_of(asked))));
        let now_ms = self.clock.now_ms();
        for _ in 0..ID_ATTEMPTS {
            let room = NewRoom {
                id: RoomId::generate(now_ms),
                kind,
                name: name.clone(),
                initiator: Some(caller.user.clone()),
                members: members.clone(),
                epoch: Epoch::generate(),
                now_ms,
            };
            match self.store.create_room(room).await {
                Err(StoreError::Conflict) => {}
                outcome => return outcome.map_err(failure::of_store),
            }
        }
        Err(ErrorCode::Unavailable.into())
    }

    /// Tells everybody in a new room that they are.
    async fn tell_created(&self, room: RoomId) {
        let members = self.store.members(room, None, PEOPLE_PER_CALL_MAX).await;
        let facts = match members.map_err(failure::of_store) {
            Ok(members) => {
                let users = members.into_iter().map(|member| member.user);
                self.chats_of_members(room, users, "chat.created").await
            }
            Err(error) => Err(error),
        };
        self.tell_gathered(facts).await;
    }
}
