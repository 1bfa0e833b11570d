//! Tells whoever has an invitation where it leads.

use protocol::{Error, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Function};
use crate::{Caller, Engine};

/// `GET /invitation/{code}`.
pub(super) struct GetInvitation;

/// No `Debug`: whoever knows the code is let in.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The code, whatever its letters' case, with or without its dash.
    code: String,
}

/// Where an invitation leads.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InvitedTo")]
pub(super) struct InvitedTo {
    /// The room.
    #[schemars(with = "String")]
    chat_id: RoomId,
    /// Its title.
    name: String,
    /// How many participants it has.
    participants_count: u64,
}

impl Function for GetInvitation {
    type Params = Params;
    type Answer = InvitedTo;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room = engine.invited_to(caller, &params.code).await?.room;
        Answer::object(&InvitedTo {
            chat_id: room.id,
            name: room.name,
            participants_count: room.members_count,
        })
    }
}
