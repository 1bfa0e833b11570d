//! Mentions and replies in large rooms: there no unread hints go out, so those whom a message concerns are told by a fact.
//!
//! A fact names the message and does not repeat its text: what is stored in somebody's own log must not outlive a deletion.

use std::sync::{Mutex, PoisonError};

use protocol::{Error, MessageId, RoomId, UserId};
use serde::Serialize;
use storage::Entry;

use super::{answer::to_payload, chats::Event};
use crate::{
    Engine, failure,
    limits::{MENTIONS_PER_MESSAGE_MAX, MENTIONS_WAITING_MAX},
    message::body,
    timestamp::Timestamp,
};

/// Messages of large rooms that concern somebody, until the next tick.
#[derive(Default)]
pub(super) struct Mentions(Mutex<Vec<(RoomId, Entry)>>);

impl Mentions {
    /// Keeps a message that replies or mentions.
    pub(super) fn note(&self, room: RoomId, entry: &Entry) {
        // An "@" in a JSON string is an "@".
        if entry.reply_to == 0 && !entry.body.contains(&b'@') {
            return;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MENTIONS_WAITING_MAX {
            waiting.push((room, entry.clone()));
        }
    }

    /// Everything since the last call.
    pub(super) fn take(&self) -> Vec<(RoomId, Entry)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a fact says of the message.
#[derive(Serialize)]
struct Named<'a> {
    message_id: MessageId,
    chat_id: RoomId,
    sender: &'a str,
    created: Timestamp,
}

impl Engine {
    /// Tells those whom a message concerns, if they are in the room.
    pub(super) async fn tell_concerned(&self, room: RoomId, entry: &Entry) -> Result<(), Error> {
        let data = Named {
            message_id: MessageId { room, seq: entry.seq },
            chat_id: room,
            sender: entry.sender.as_ref().map_or("", UserId::as_str),
            created: Timestamp(entry.created_ms),
        };
        let mut facts = Vec::new();
        let mut told: Vec<UserId> = entry.sender.iter().cloned().collect();
        for (event, user) in self.concerned(room, entry).await? {
            let is_new = !told.contains(&user);
            if is_new
                && self
                    .store
                    .member(room, &user)
                    .await
                    .map_err(failure::of_store)?
                    .is_some()
            {
                let fact = to_payload(&Event { event, data: &data })?;
                facts.push((user.clone(), fact));
                told.push(user);
            }
        }
        self.tell(facts).await;
        Ok(())
    }

    async fn concerned(&self, room: RoomId, entry: &Entry) -> Result<Vec<(&'static str, UserId)>, Error> {
        let mut concerned = Vec::new();
        if entry.reply_to != 0 {
            let target = self
                .store
                .entry(room, entry.reply_to)
                .await
                .map_err(failure::of_store)?;
            let author = target.and_then(|target| target.sender);
            concerned.extend(author.map(|author| ("message.replied", author)));
        }
        for name in mentioned(&body::content(&entry.body))
            .into_iter()
            .take(MENTIONS_PER_MESSAGE_MAX)
        {
            let user = self.store.user_by_name(&name).await.map_err(failure::of_store)?;
            concerned.extend(user.map(|user| ("message.mentioned", user.id)));
        }
        Ok(concerned)
    }
}

/// User names behind an `@` at the beginning of a word.
fn mentioned(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut before = ' ';
    for (index, character) in text.char_indices() {
        if character == '@' && !before.is_alphanumeric() {
            let is_part = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
            let rest = &text[index + 1..];
            let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
            // A full stop behind a name ends the sentence.
            let name = rest[..end].trim_end_matches(['.', '-']).to_owned();
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        before = character;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn names_stand_behind_an_at_at_the_beginning_of_a_word() {
        assert_eq!(mentioned("@bob, (@Анна.Петрова) and @bob."), ["bob", "Анна.Петрова"]);
        assert_eq!(mentioned("ask @bob."), ["bob"]);
        assert!(mentioned("mail bob@example.org, @ nobody, @-").is_empty());
    }
}
