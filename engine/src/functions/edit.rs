//! Changes the text of an own message.

use protocol::{Error, MessageId};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::{Answer, Function, params, text};
use crate::{Caller, Engine, message::MessageObject, rooms::Verb};

/// `PATCH /messages/{message_id}`.
pub(super) struct EditMessage;

/// What it becomes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The message.
    #[serde(alias = "messageId")]
    message_id: String,
    /// The new text.
    content: String,
    /// Makes it safe to send again for seven days.
    #[serde(default, deserialize_with = "params::uuid")]
    #[schemars(with = "Option<String>")]
    client_msg_id: Option<Uuid>,
}

impl Function for EditMessage {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let id: MessageId = params::id(&params.message_id)?;
        text::check_content(&params.content, engine.limits.message_bytes)?;
        let verb = Verb::Edit {
            target: id.seq,
            content: params.content,
        };
        let appended = engine.change(caller, id.room, verb, params.client_msg_id).await?;
        engine.changed_message(id.room, &appended).await
    }
}
