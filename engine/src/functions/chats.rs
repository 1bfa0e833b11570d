//! Gathering what a Chat object shows.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, future::join, stream};
use protocol::{Error, RoomId, UserId, payload::Payload};
use storage::{Chat, Member, RoomState};

use super::{Answer, answer::to_payload, cursor, pages::Page};
use crate::{
    Caller, Engine, failure,
    limits::CHAT_PARTICIPANTS_MAX,
    message::{ChatObject, MessageObject, Status, has_own_name, role_name, status, unread},
};

/// Chats of a list that are gathered at the same time.
const GATHERED_AT_ONCE: usize = 8;

/// What a chat shows beside its own row.
pub(super) struct ChatParts {
    name: String,
    participants: Vec<UserId>,
    participants_next: Option<String>,
    last_status: Status,
}

impl Engine {
    /// Reads what the viewer's Chat object needs beside the line of the list.
    pub(super) async fn chat_parts(&self, viewer: &UserId, chat: &Chat) -> Result<ChatParts, Error> {
        let room = &chat.state.room;
        let members = self.store.members(room.id, None, CHAT_PARTICIPANTS_MAX + 1);
        let (members, marks) = join(members, self.store.top_marks(room.id)).await;
        let (participants, participants_next) = first_page(members.map_err(failure::of_store)?);
        let marks = marks.map_err(failure::of_store)?;
        Ok(ChatParts {
            name: self.chat_name(&chat.state, viewer, &participants).await?,
            participants,
            participants_next,
            last_status: chat.last.as_ref().map_or(Status::Sent, |last| status(last, &marks)),
        })
    }

    /// Parts of many chats, in their order.
    pub(super) async fn parts_of_chats(&self, viewer: &UserId, chats: &[Chat]) -> Result<Vec<ChatParts>, Error> {
        let gathered: Vec<_> = chats.iter().map(|chat| self.chat_parts(viewer, chat)).collect();
        stream::iter(gathered).buffered(GATHERED_AT_ONCE).try_collect().await
    }

    /// The name that a viewer sees: a chat of two without a title is called like the other person.
    pub(super) async fn chat_name(
        &self,
        state: &RoomState,
        viewer: &UserId,
        participants: &[UserId],
    ) -> Result<String, Error> {
        if has_own_name(&state.room) {
            return Ok(state.room.name.clone());
        }
        match participants.iter().find(|user| *user != viewer) {
            Some(other) => self.username(other).await,
            None => Ok(String::new()),
        }
    }

    /// The answer that shows the chat as the caller sees it now.
    pub(super) async fn chat_answer(&self, caller: &Caller, room: RoomId) -> Result<Answer, Error> {
        let chat = self.chat(caller, room).await?;
        let parts = self.chat_parts(&caller.user, &chat).await?;
        Answer::object(&object(&chat, parts))
    }

    /// The same chat as each of these members sees it; those who are no longer in it are left out. The last message is named only: what
    /// is stored in somebody's own log must not outlive a deletion.
    pub(super) async fn chats_of_members(
        &self,
        room: RoomId,
        members: impl IntoIterator<Item = UserId>,
        event: &'static str,
    ) -> Result<HashMap<UserId, Payload>, Error> {
        let views = stream::iter(members).map(|user| async move {
            let Some(chat) = self.store.chat_of(&user, room).await.map_err(failure::of_store)? else {
                return Ok(None);
            };
            let parts = self.chat_parts(&user, &chat).await?;
            let data = ChatObject {
                last: None,
                ..object(&chat, parts)
            };
            let body = to_payload(&Event { event, data })?;
            Ok::<_, Error>(Some((user, body)))
        });
        let views = views.buffer_unordered(GATHERED_AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(views.into_iter().flatten().collect())
    }
}

/// An event of a user's own channel.
#[derive(serde::Serialize)]
pub(super) struct Event<T> {
    /// What happened.
    pub(super) event: &'static str,
    /// The object that it happened to.
    pub(super) data: T,
}

fn first_page(mut members: Vec<Member>) -> (Vec<UserId>, Option<String>) {
    let has_more = members.len() > CHAT_PARTICIPANTS_MAX;
    members.truncate(CHAT_PARTICIPANTS_MAX);
    let next = members
        .last()
        .filter(|_| has_more)
        .map(|last| cursor::of_user(&last.user));
    (members.into_iter().map(|member| member.user).collect(), next)
}

/// The Chat object of a line of the list.
pub(super) fn object(chat: &Chat, parts: ChatParts) -> ChatObject<'_> {
    let room = chat.state.room.id;
    ChatObject {
        participants: parts.participants,
        participants_next: parts.participants_next,
        last: chat
            .last
            .as_ref()
            .map(|last| MessageObject::new(room, last, parts.last_status)),
        unread: unread(&chat.state, &chat.mark, &chat.member),
        read_offset: chat.mark.read_seq,
        role: role_name(chat.member.role),
        ..ChatObject::of_room(&chat.state, Some(&chat.member), parts.name)
    }
}

/// The same with the newest page of its history.
pub(super) fn object_with_history<'a>(chat: &'a Chat, parts: ChatParts, page: &'a Page) -> ChatObject<'a> {
    ChatObject {
        history: page.messages(chat.state.room.id),
        history_next: page.next.clone(),
        ..object(chat, parts)
    }
}
