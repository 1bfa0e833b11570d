//! How functions change a room: always through its actor.

use std::sync::Arc;

use protocol::{Error, ErrorCode, MessageId, RoomId};
use storage::{Chat, Entry, EntryKind, Store};
use uuid::Uuid;

use crate::{
    Caller, Channel, Engine, failure,
    message::{MessageObject, Status, status},
    rooms::{Appended, Command, Verb},
};

use super::Answer;

impl Engine {
    /// Has a room's log changed; answers when the entry is durable. Reaches the room's queue before anything is awaited.
    pub(super) async fn change(
        &self,
        caller: &Caller,
        room: RoomId,
        verb: Verb,
        client_msg_id: Option<Uuid>,
    ) -> Result<Appended, Error> {
        let command = Command {
            caller: caller.clone(),
            verb,
            client_msg_id,
        };
        let answer = self.rooms.submit(&Channel::of_room(room), command);
        answer.await.map_err(|_| Error::from(ErrorCode::Unavailable))?
    }

    /// A message of a room, also a deleted one.
    ///
    /// # Errors
    /// `NotFound` when there is none at this seq.
    pub(super) async fn message(&self, id: MessageId) -> Result<Entry, Error> {
        message(&self.store, id).await
    }

    /// A line of the user's list of chats.
    ///
    /// # Errors
    /// `NotFound` when they are not in the room.
    pub(super) async fn chat(&self, caller: &Caller, room: RoomId) -> Result<Chat, Error> {
        let chat = self.store.chat_of(&caller.user, room).await;
        chat.map_err(failure::of_store)?
            .ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// The answer to a change of an older message: with the status that others' marks give it.
    pub(super) async fn changed_message(&self, room: RoomId, appended: &Appended) -> Result<Answer, Error> {
        let marks = self.store.top_marks(room).await.map_err(failure::of_store)?;
        message_answer(room, appended, status(&appended.entry, &marks))
    }
}

/// The Message of an entry, with the place where it stands.
pub(super) fn message_answer(room: RoomId, appended: &Appended, status: Status) -> Result<Answer, Error> {
    Answer::object(&MessageObject::new(room, &appended.entry, status).with_epoch(appended.epoch))
}

/// As [`Engine::message`].
pub(super) async fn message(store: &Arc<dyn Store>, id: MessageId) -> Result<Entry, Error> {
    let entry = store.entry(id.room, id.seq).await.map_err(failure::of_store)?;
    let is_message = |entry: &Entry| entry.kind == EntryKind::Message;
    entry.filter(is_message).ok_or_else(|| ErrorCode::NotFound.into())
}
