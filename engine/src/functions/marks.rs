//! Acknowledging: what "received" and "read" have in common.

use protocol::{Error, MessageId, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{Entry, Mark, Member, RoomState};

use super::{Answer, answer::to_payload, chats::Event, params};
use crate::{
    Caller, Channel, Engine, failure,
    limits::UNREAD_HINTS_MEMBERS_MAX,
    message::{MessageObject, status},
    relay::Ephemeral,
};

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The newest message that is acknowledged.
    #[serde(alias = "messageId")]
    message_id: String,
}

/// What is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledgement {
    Received,
    Read,
}

impl Acknowledgement {
    const fn event(self) -> &'static str {
        match self {
            Self::Received => "message.received",
            Self::Read => "message.read",
        }
    }

    fn mark(self, entry: &Entry) -> Mark {
        match self {
            Self::Received => Mark {
                received_seq: entry.seq,
                ..Mark::default()
            },
            Self::Read => Mark {
                read_seq: entry.seq,
                read_number: entry.number,
                received_seq: entry.seq,
            },
        }
    }
}

/// Moves the caller's mark to a message, tells whom it concerns, and answers the Message.
pub(super) async fn acknowledge(
    engine: &Engine,
    caller: &Caller,
    params: Params,
    what: Acknowledgement,
) -> Result<Answer, Error> {
    let id: MessageId = params::id(&params.message_id)?;
    let (state, member) = engine.reader(caller, id.room).await?;
    let entry = engine.message(id).await?;
    let store = &engine.store;
    let before = store.top_marks(id.room).await.map_err(failure::of_store)?;
    let moved = store.advance_mark(id.room, &caller.user, what.mark(&entry)).await;
    // Also when it failed: it may have been done.
    engine.relays.warm.pages.marks_moved(id.room);
    let (old, new) = moved.map_err(failure::of_store)?;
    let after = store.top_marks(id.room).await.map_err(failure::of_store)?;
    // Read again as late as possible: it may have been deleted meanwhile.
    let entry = engine.message(id).await?;
    let shown = MessageObject::new(id.room, &entry, status(&entry, &after));
    if status(&entry, &before) != status(&entry, &after) {
        engine.show_acknowledged(&state, what, &shown)?;
    }
    if old.read_seq != new.read_seq {
        engine.show_unread(id.room, &member).await;
    }
    Answer::object(&shown.with_epoch(state.head.epoch))
}

impl Engine {
    /// Shows the room that a message has been acknowledged; in large rooms nobody is told.
    fn show_acknowledged(
        &self,
        state: &RoomState,
        what: Acknowledgement,
        message: &MessageObject<'_>,
    ) -> Result<(), Error> {
        let channel = Channel::of_room(state.room.id);
        if state.room.members_count <= UNREAD_HINTS_MEMBERS_MAX && self.relays.has_listeners(&channel) {
            let frame = to_payload(&Event {
                event: what.event(),
                data: message,
            })?;
            self.relays.publish_ephemeral(&channel, Ephemeral::Hint(frame));
        }
        Ok(())
    }

    /// Shows the reader's own devices what is still unread.
    async fn show_unread(&self, room: RoomId, member: &Member) {
        if !self.relays.has_listeners(&Channel::of_user(&member.user)) {
            return;
        }
        let shown = match self.store.room(room).await {
            Ok(Some(state)) => self.hint_member(&state, member).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = shown {
            tracing::debug!(%error, "a hint was dropped");
        }
    }
}
