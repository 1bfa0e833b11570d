//! What of an entry can be found: the text, the names of attached files, the author.
//!
//! The engine makes the bodies (`engine/src/message/body.rs`); this reads of them what a search needs, and takes a body that it does not understand for
//! an empty one.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    analyzer::{self, Word},
    limits::FILE_NAMES_MAX,
};
use crate::{Entry, EntryKind};

/// What stands before a user id in the term of an author.
const AUTHOR: char = '\u{1}';
/// The term of every message with a file.
pub(super) const HAS_FILE: &str = "\u{2}";
/// What stands before a word of a file's name.
const FILE: char = '\u{3}';

#[derive(Deserialize, Default)]
struct Body<'a> {
    #[serde(borrow, default)]
    content: Cow<'a, str>,
    #[serde(borrow, default)]
    attachments: Vec<Attachment<'a>>,
}

#[derive(Deserialize)]
struct Attachment<'a> {
    #[serde(borrow, default)]
    filename: Cow<'a, str>,
}

/// A message as a search sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The text.
    pub content: String,
    /// Names of attached files, at most [`FILE_NAMES_MAX`].
    pub file_names: Vec<String>,
}

impl Document {
    /// Reads the body of a message or of an edit.
    pub fn of_body(body: &[u8]) -> Self {
        let read: Body<'_> = serde_json::from_slice(body).unwrap_or_default();
        let names = read.attachments.into_iter().take(FILE_NAMES_MAX);
        Self {
            content: read.content.into_owned(),
            file_names: names.map(|file| file.filename.into_owned()).collect(),
        }
    }

    /// Whether there is a file.
    pub fn has_file(&self) -> bool {
        !self.file_names.is_empty()
    }
}

/// Which message an entry says something about; None: it has no text, or it has been deleted.
pub fn subject(entry: &Entry) -> Option<u64> {
    if entry.deleted {
        return None;
    }
    match entry.kind {
        EntryKind::Message => Some(entry.seq),
        EntryKind::Edit => Some(entry.target),
        _ => None,
    }
}

/// Every term under which an entry's message is found, sorted, each once. Only for entries with a [`subject`].
pub fn terms_of(entry: &Entry) -> Vec<String> {
    let mut terms = Vec::new();
    visit_terms(entry, |term| terms.push(term.to_owned()));
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Calls with each of these terms, as often as it occurs.
pub(super) fn visit_terms(entry: &Entry, mut call: impl FnMut(&str)) {
    let document = Document::of_body(&entry.body);
    analyzer::visit(&document.content, |_, folded| analyzer::with_stem(folded, &mut call));
    if let Some(sender) = &entry.sender {
        call(&author_term(sender.as_str()));
    }
    if document.has_file() {
        call(HAS_FILE);
    }
    for name in &document.file_names {
        analyzer::visit(name, |_, folded| call(&file_term(folded)));
    }
}

/// The term of an author.
pub(super) fn author_term(user: &str) -> String {
    format!("{AUTHOR}{}", user.replace('\0', ""))
}

/// The term of a word, or of a word's beginning, in a file's name.
pub(super) fn file_term(folded: &str) -> String {
    format!("{FILE}{folded}")
}

/// Whether each of the words is the beginning of a word of the name.
pub(super) fn name_matches(name: &str, beginnings: &[String]) -> bool {
    let words = analyzer::words(name);
    let begins = |beginning: &String| {
        words
            .iter()
            .any(|word: &Word| word.folded.starts_with(beginning.as_str()))
    };
    beginnings.iter().all(begins)
}
