//! Gives a group's invitation: a link for people without an account.

use protocol::{Error, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::Invitation;

use super::{Answer, Function};
use crate::{Caller, Engine, accounts::code, timestamp::Timestamp};

/// `POST /chats/{chat_id}/invitation`.
pub(super) struct Invite;

/// To where.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
}

/// An invitation. No `Debug`: whoever knows the code is let in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
pub(super) struct InvitationObject {
    /// The room.
    #[schemars(with = "String")]
    chat_id: RoomId,
    /// The code, in two groups. Case and dash say nothing when it is typed.
    code: String,
    /// The path of the page where guests join.
    path: String,
    /// When it was made.
    created: Timestamp,
}

impl InvitationObject {
    pub(super) fn new(invitation: &Invitation) -> Self {
        let code = code::shown(&invitation.code);
        Self {
            chat_id: invitation.room,
            path: format!("/join/{code}"),
            code,
            created: Timestamp(invitation.created_ms),
        }
    }
}

impl Function for Invite {
    type Params = Params;
    type Answer = InvitationObject;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room = engine.inviting(caller, &params.chat_id).await?;
        let invitation = engine.invitation(room).await?;
        Answer::object(&InvitationObject::new(&invitation))
    }
}
