//! Hits as clients see them.

use protocol::{MessageId, RoomId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use storage::{
    Entry, User,
    search::{
        Document, Query,
        highlight::{self, Part},
        names_in,
    },
};

use crate::{
    functions::people::UserObject,
    message::{MessageObject, Status, body},
    timestamp::Timestamp,
};

/// A piece of a text. Plain text: it has to be shown as text, and nothing in it is markup.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::functions) struct HighlightPart {
    /// As it was written.
    text: String,
    /// Whether it is what was looked for.
    #[serde(rename = "match", skip_serializing_if = "std::ops::Not::not")]
    is_match: bool,
}

/// Where a hit matches: the surroundings of the first match, piece by piece.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::functions) struct Highlight {
    /// Which field of the hit: `content`, `filename`, `username`, `name`.
    field: &'static str,
    /// The text, in pieces that follow each other.
    parts: Vec<HighlightPart>,
}

impl Highlight {
    /// None where nothing matches.
    fn new(field: &'static str, parts: Vec<Part>) -> Option<Self> {
        let has_match = parts.iter().any(|part| part.is_match);
        has_match.then(|| Self {
            field,
            parts: parts
                .into_iter()
                .map(|Part { text, is_match }| HighlightPart { text, is_match })
                .collect(),
        })
    }
}

/// Something that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(rename = "SearchHit")]
pub(in crate::functions) enum SearchHit<'a> {
    /// A message, by its text.
    Message {
        /// The message as it is now.
        message: MessageObject<'a>,
        /// Where it matches.
        highlights: Vec<Highlight>,
    },
    /// A person, by a name.
    Contact {
        /// The person.
        user: UserObject<'a>,
        /// Where they match.
        highlights: Vec<Highlight>,
    },
    /// A file, by its name.
    File {
        /// The file.
        #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
        attachment: &'a RawValue,
        /// The message that it is attached to.
        #[schemars(with = "String")]
        message_id: MessageId,
        /// Its chat.
        #[schemars(with = "String")]
        chat_id: RoomId,
        /// Who sent it.
        sender: &'a str,
        /// When.
        created: Timestamp,
        /// Where the name matches.
        highlights: Vec<Highlight>,
    },
}

impl<'a> SearchHit<'a> {
    /// A person.
    pub(super) fn of_person(user: &'a User, query: &Query) -> Self {
        let names = names_in(&user.info);
        let texts =
            std::iter::once(("username", user.username.clone())).chain(names.into_iter().map(|name| ("name", name)));
        let mark = |(field, text): (&'static str, String)| {
            Highlight::new(field, highlight::by_beginnings(&text, &query.beginnings))
        };
        Self::Contact {
            user: UserObject::new(user),
            highlights: texts.filter_map(mark).collect(),
        }
    }

    /// A message.
    pub(super) fn of_message(room: RoomId, entry: &'a Entry, status: Status, query: &Query) -> Self {
        let terms: Vec<String> = query.phrases.iter().flatten().cloned().collect();
        let parts = highlight::by_terms(&Document::of_body(&entry.body).content, &terms);
        Self::Message {
            message: MessageObject::new(room, entry, status),
            highlights: Highlight::new("content", parts).into_iter().collect(),
        }
    }

    /// The files of a message whose names match.
    pub(super) fn of_files(room: RoomId, entry: &'a Entry, query: &Query) -> Vec<Self> {
        let named = body::attachments(&entry.body).into_iter();
        let named = named.filter(|(name, _)| query.matches_name(name));
        named
            .map(|(name, attachment)| Self::File {
                attachment,
                message_id: MessageId { room, seq: entry.seq },
                chat_id: room,
                sender: entry.sender.as_ref().map_or("", protocol::UserId::as_str),
                created: Timestamp(entry.created_ms),
                highlights: Highlight::new("filename", highlight::by_beginnings(&name, &query.beginnings))
                    .into_iter()
                    .collect(),
            })
            .collect()
    }
}
