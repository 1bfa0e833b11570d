//! Deletes a message: an own one, or as a moderator somebody else's.

use protocol::{Error, MessageId};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::{Answer, Function, params};
use crate::{Caller, Engine, message::MessageObject, rooms::Verb};

/// `DELETE /messages/{message_id}`.
pub(super) struct DeleteMessage;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The message.
    #[serde(alias = "messageId")]
    message_id: String,
    /// Makes it safe to send again for seven days.
    #[serde(default, deserialize_with = "params::uuid")]
    #[schemars(with = "Option<String>")]
    client_msg_id: Option<Uuid>,
}

impl Function for DeleteMessage {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let id: MessageId = params::id(&params.message_id)?;
        let verb = Verb::Delete { target: id.seq };
        let appended = engine.change(caller, id.room, verb, params.client_msg_id).await?;
        // After this answer no byte is sent that holds the text.
        engine.relays.taken_in_everywhere().await;
        engine.changed_message(id.room, &appended).await
    }
}
