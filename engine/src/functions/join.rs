//! Lets a guest into a room by its invitation: an account for that room only, and a login of it.

use protocol::{Error, ErrorCode, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{Origin, Role, Room, StoreError, User, UserRole};

use super::{Answer, Function, login::LoggedIn};
use crate::{
    Caller, Engine,
    accounts::guest,
    failure,
    limits::{GUEST_ROOM_MEMBERS_MAX, RANDOM_ATTEMPTS},
    rooms::Verb,
};

/// `POST /join`.
pub(super) struct Join;

/// Who wants to come in. No `Debug`: whoever knows the code is let in.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The invitation's code, whatever its letters' case, with or without its dash.
    code: String,
    /// What others are shown: 1 to 64 characters on one line.
    name: String,
    /// What the client calls itself.
    #[serde(default)]
    agent: Option<String>,
}

/// A guest's login. No `Debug`: it holds tokens.
#[derive(Serialize, JsonSchema)]
pub(super) struct Joined {
    #[serde(flatten)]
    login: LoggedIn,
    /// The one room that the tokens are for.
    #[schemars(with = "String")]
    chat_id: RoomId,
    /// What others are shown.
    name: String,
}

impl Function for Join {
    type Params = Params;
    type Answer = Joined;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let name = guest::check_name(&params.name)?;
        let room = engine.invited_to(caller, &params.code).await?.room;
        has_place(&room)?;
        let now_ms = engine.clock.now_ms();
        engine.guests.check(caller.address, now_ms)?;
        engine.guests.take(caller.address, now_ms);
        let user = engine.create_guest(room.id, name).await?;
        let verb = Verb::AddParticipants {
            users: vec![(user.id.clone(), Role::Member)],
        };
        engine.change(&Caller::system(), room.id, verb, None).await?;
        let login = engine.log_in(&user, params.agent.as_deref()).await?;
        Answer::object(&Joined {
            login,
            chat_id: room.id,
            name: name.to_owned(),
        })
    }
}

fn has_place(room: &Room) -> Result<(), Error> {
    if room.members_count < GUEST_ROOM_MEMBERS_MAX {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Conflict, "this chat is full"))
}

impl Engine {
    /// Makes an account for one room.
    async fn create_guest(&self, room: RoomId, name: &str) -> Result<User, Error> {
        let now_ms = self.clock.now_ms();
        let info = json!({ "name": name }).to_string();
        for _ in 0..RANDOM_ATTEMPTS {
            let user = User {
                id: guest::id(room, now_ms),
                username: guest::username(),
                password_hash: None,
                origin: Origin::Own,
                role: UserRole::Guest,
                info: info.clone().into(),
                status: String::new(),
                created_ms: now_ms,
            };
            match self.store.create_user(user.clone()).await {
                Ok(()) => return Ok(user),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(failure::of_store(error)),
            }
        }
        Err(ErrorCode::Unavailable.into())
    }
}

#[cfg(test)]
mod tests {
    use storage::RoomKind;

    use super::*;

    #[test]
    fn a_full_room_takes_nobody() {
        let room = |members_count| Room {
            id: RoomId::from_key(1),
            kind: RoomKind::Group,
            name: String::new(),
            initiator: None,
            created_ms: 0,
            deleted: false,
            members_count,
        };
        assert_eq!(has_place(&room(GUEST_ROOM_MEMBERS_MAX - 1)), Ok(()));
        let full = has_place(&room(GUEST_ROOM_MEMBERS_MAX)).map_err(|error| error.code);
        assert_eq!(full, Err(ErrorCode::Conflict));
    }
}
