//! Sends a message.

use bytes::Bytes;
use protocol::{Error, ErrorCode, MessageId, RoomId, payload::Payload};
use schemars::JsonSchema;
use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::{Answer, Function, params, rooms::message_answer, text};
use crate::{
    Caller, Engine,
    message::{MessageObject, Status},
    rooms::Verb,
};

/// `POST /chats/{chat_id}/messages`.
pub(super) struct SendMessage;

/// What is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// The text: 1 byte to `limits.message_bytes`, no control characters but line breaks and tabs.
    content: String,
    /// The id of a message of the same room that this one answers.
    #[serde(default)]
    reply_to: Option<String>,
    /// What is attached.
    #[serde(default)]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    attachments: Option<Vec<IgnoredAny>>,
    /// Makes it safe to send again for seven days: the same id gives the same message.
    #[serde(default, deserialize_with = "params::uuid")]
    #[schemars(with = "Option<String>")]
    client_msg_id: Option<Uuid>,
}

impl Function for SendMessage {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        text::check_content(&params.content, engine.limits.message_bytes)?;
        if params.attachments.is_some_and(|attachments| !attachments.is_empty()) {
            return Err(Error::new(ErrorCode::Invalid, "attachments: unknown"));
        }
        let reply_to = params.reply_to.as_deref().filter(|id| !id.is_empty());
        let reply_to = reply_to.map_or(Ok(0), |id| answered(room, id))?;
        let verb = Verb::Send {
            content: params.content,
            reply_to,
            attachments: Payload::from_trusted(Bytes::from_static(b"[]")),
        };
        let sent = engine.change(caller, room, verb, params.client_msg_id).await;
        let appended = match sent {
            Err(error) if error.code == ErrorCode::NotFound && reply_to != 0 => {
                return Err(missing(engine, caller, room).await);
            }
            sent => sent?,
        };
        engine.note_sent(&appended);
        message_answer(room, &appended, Status::Sent)
    }
}

fn no_such_message() -> Error {
    Error::new(ErrorCode::Invalid, "reply_to: no message of this chat")
}

/// The seq of the message that is answered. Whether it is there is the room's to say, so that nothing is awaited before the
/// message has its place in the queue.
fn answered(room: RoomId, id: &str) -> Result<u64, Error> {
    let id: MessageId = id.parse().map_err(|_| no_such_message())?;
    (id.room == room).then_some(id.seq).ok_or_else(no_such_message)
}

/// What was not found: the room, or for those who see it the message that is answered.
async fn missing(engine: &Engine, caller: &Caller, room: RoomId) -> Error {
    match engine.reader(caller, room).await {
        Ok(_) => no_such_message(),
        Err(error) => error,
    }
}
