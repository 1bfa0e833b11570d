//! What is looked for, and what is found.

use protocol::{RoomId, UserId};

use super::{
    document::{self, Document},
    lists::Need,
    query::Query,
};
use crate::{Entry, EntryKind};

/// What of a message is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its text.
    Texts,
    /// The names of its files.
    FileNames,
}

/// A place in the order of hits: the newest message first, over all rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the message was sent, Unix milliseconds.
    pub time_ms: i64,
    /// The room.
    pub room: RoomId,
    /// The message.
    pub seq: u64,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Request {
    /// The words.
    pub query: Query,
    /// Where they are looked for.
    pub look: Look,
    /// Only messages of this author.
    pub author: Option<UserId>,
    /// Only messages from then on, Unix milliseconds.
    pub after_ms: Option<i64>,
    /// Only messages before then, Unix milliseconds.
    pub before_ms: Option<i64>,
    /// Only what comes behind this place.
    pub behind: Option<Position>,
    /// Hits wanted, from 1.
    pub limit: usize,
}

/// A message that was found, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The room.
    pub room: RoomId,
    /// The message.
    pub entry: Entry,
}

impl Hit {
    /// Its place among the hits.
    pub fn position(&self) -> Position {
        Position {
            time_ms: self.entry.time_ms,
            room: self.room,
            seq: self.entry.seq,
        }
    }
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The hits, newest first.
    pub hits: Vec<Hit>,
    /// Where it goes on; None: there is nothing more.
    pub next: Option<Position>,
    /// Rows that were read and looked at.
    pub checked: usize,
}

impl Request {
    /// What every hit is filed under.
    pub(super) fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = match self.look {
            Look::Texts => self.query.terms().into_iter().map(Need::Term).collect(),
            Look::FileNames => {
                let mut words = self.query.beginnings.clone();
                words.sort_by_key(|word| std::cmp::Reverse(word.len()));
                words.dedup();
                words
                    .iter()
                    .map(|word| Need::Beginning(document::file_term(word)))
                    .collect()
            }
        };
        if let Some(author) = &self.author {
            needs.push(Need::Term(document::author_term(author.as_str())));
        }
        let asks_for_files = self.query.has_file || self.look == Look::FileNames;
        if asks_for_files && (needs.is_empty() || self.look == Look::Texts) {
            needs.push(Need::Term(document::HAS_FILE.to_owned()));
        }
        needs
    }

    /// Whether a message of this author with this text is what is looked for.
    pub(super) fn text_matches(&self, sender: Option<&UserId>, document: &Document) -> bool {
        if self.author.is_some() && self.author.as_ref() != sender {
            return false;
        }
        match self.look {
            Look::Texts => {
                let has_files = !self.query.has_file || document.has_file();
                has_files && (self.query.phrases.is_empty() || self.query.matches(&document.content))
            }
            Look::FileNames => document.file_names.iter().any(|name| self.query.matches_name(name)),
        }
    }

    /// Whether a message as it is now is a hit.
    pub fn matches(&self, entry: &Entry) -> bool {
        let is_message = entry.kind == EntryKind::Message && !entry.deleted;
        let is_in_time = self.after_ms.is_none_or(|after| entry.time_ms >= after)
            && self.before_ms.is_none_or(|before| entry.time_ms < before);
        is_message && is_in_time && self.text_matches(entry.sender.as_ref(), &Document::of_body(&entry.body))
    }

    /// The place that everything found comes behind.
    pub(super) fn start(&self) -> Option<Position> {
        let before = self.before_ms.map(|time_ms| Position {
            time_ms,
            room: RoomId::from_key(0),
            seq: 0,
        });
        match (self.behind, before) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}
