//! Changes a chat: its name, and how long it keeps its messages.

use protocol::{Error, ErrorCode, RoomId};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use storage::{RetainedRoom, Room};

use super::{Answer, Function, params, text};
use crate::{
    Caller, Channel, Engine, failure,
    limits::{RETENTION_DAYS_MAX, UNREAD_HINTS_MEMBERS_MAX},
    message::ChatObject,
    rooms::Verb,
};

/// `PATCH /chats/{chat_id}`.
pub(super) struct UpdateRoom;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// The new title: 1 to 256 characters.
    name: Option<String>,
    /// How long messages are kept, in days: 1 to 36,500; null: for ever. What is over is dropped at once.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<u32>", range(min = 1, max = 36_500))]
    retention_days: Option<Option<Number>>,
}

/// A field that is there, null or not.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Number>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A retention in days.
///
/// # Errors
/// `Invalid`.
fn days(number: &Number) -> Result<u32, Error> {
    let whole = number.as_u64().and_then(|days| u32::try_from(days).ok());
    whole
        .filter(|days| (1..=RETENTION_DAYS_MAX).contains(days))
        .ok_or_else(|| {
            let words = format!("retention_days: a whole number from 1 to {RETENTION_DAYS_MAX}, or null");
            Error::new(ErrorCode::Invalid, words)
        })
}

impl Function for UpdateRoom {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        let Params {
            name, retention_days, ..
        } = params;
        if name.is_none() && retention_days.is_none() {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "nothing to change: name or retention_days",
            ));
        }
        name.as_deref().map_or(Ok(()), text::check_room_name)?;
        let retention_days = retention_days
            .map(|given| given.as_ref().map(days).transpose())
            .transpose()?;
        let verb = Verb::Update { name, retention_days };
        let appended = engine.change(caller, room, verb, None).await?;
        if let Some(Some(retention_days)) = retention_days {
            engine.retention.look(RetainedRoom { room, retention_days }).await;
        }
        engine.hint_updated(&appended.room).await;
        engine.chat_answer(caller, room).await
    }
}

impl Engine {
    /// Shows the new state to members who listen on their own channels. What is missed is seen in the room's log and in lists.
    async fn hint_updated(&self, room: &Room) {
        if room.members_count > UNREAD_HINTS_MEMBERS_MAX {
            return;
        }
        let shown = self.views_of_listening(room.id).await;
        match shown {
            Ok(views) => {
                for (user, view) in views {
                    self.relays.hint_user(&user, view);
                }
            }
            Err(error) => tracing::debug!(%error, "hints dropped"),
        }
    }

    async fn views_of_listening(
        &self,
        room: RoomId,
    ) -> Result<impl IntoIterator<Item = (protocol::UserId, protocol::payload::Payload)>, Error> {
        let members = self.store.members(room, None, UNREAD_HINTS_MEMBERS_MAX as usize).await;
        let listening = members
            .map_err(failure::of_store)?
            .into_iter()
            .map(|member| member.user);
        let listening = listening.filter(|user| self.relays.has_listeners(&Channel::of_user(user)));
        self.chats_of_members(room, listening.collect::<Vec<_>>(), "chat.updated")
            .await
    }
}
