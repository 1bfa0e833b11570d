//! What a search asks for, checked.

use protocol::{Error, ErrorCode, RoomId, UserId};
use storage::{
    SearchScope, UserRole,
    search::{Look, Position, Query, Request, beginnings},
};

use super::Params;
use crate::{Caller, Engine, failure, functions::params, timestamp::Timestamp};

/// A search, read.
pub(super) struct Wanted {
    pub(super) query: Query,
    pub(super) texts: bool,
    pub(super) files: bool,
    pub(super) contacts: bool,
    pub(super) room: Option<RoomId>,
    pub(super) limit: usize,
    after_ms: Option<i64>,
    before_ms: Option<i64>,
}

fn bad(words: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::BadRequest, words)
}

impl Wanted {
    /// Reads what a search is given.
    ///
    /// # Errors
    /// `BadRequest`, saying what is wrong; `PermissionDenied` for what only support may look through.
    pub(super) fn read(caller: &Caller, params: &Params) -> Result<Self, Error> {
        let query = Query::parse(&params.q).map_err(|error| bad(format!("q: {error}")))?;
        let mut wanted = Self {
            texts: false,
            files: false,
            contacts: false,
            room: params.chat_id.as_deref().map(params::id).transpose()?,
            limit: params::page_items(params.limit)?,
            after_ms: query.after.as_deref().map(|text| date("after", text)).transpose()?,
            before_ms: query.before.as_deref().map(|text| date("before", text)).transpose()?,
            query,
        };
        match params.kinds.as_deref() {
            None => (wanted.texts, wanted.files, wanted.contacts) = (true, true, true),
            Some(kinds) => wanted.set_kinds(caller, kinds)?,
        }
        // Without a word there is no name to compare.
        wanted.contacts &= !wanted.query.beginnings.is_empty() && wanted.is_plain();
        Ok(wanted)
    }

    fn set_kinds(&mut self, caller: &Caller, kinds: &str) -> Result<(), Error> {
        for kind in kinds.split(',') {
            match kind.trim() {
                "messages" => self.texts = true,
                "files" => self.files = true,
                "contacts" => self.contacts = true,
                // There are no tickets yet, so there is nothing among them to find.
                "tickets" if caller.role >= UserRole::Support => {}
                "tickets" => {
                    return Err(Error::new(
                        ErrorCode::PermissionDenied,
                        "in: tickets are for support only",
                    ));
                }
                _ => return Err(bad("in: messages, contacts, files, tickets")),
            }
        }
        Ok(())
    }

    /// Whether the query has no filter that people do not know.
    fn is_plain(&self) -> bool {
        let query = &self.query;
        let has_filter = query.from.is_some() || query.chat.is_some() || query.has_file;
        !has_filter && query.before.is_none() && query.after.is_none() && self.room.is_none()
    }

    /// Whose messages; the inner None: anybody's. The outer None: there is nobody of that name.
    pub(super) async fn author(&self, engine: &Engine, caller: &Caller) -> Result<Option<Option<UserId>>, Error> {
        let Some(name) = self.query.from.as_deref() else {
            return Ok(Some(None));
        };
        let name = name.strip_prefix('@').unwrap_or(name);
        if name.eq_ignore_ascii_case("me") {
            return Ok(Some(Some(caller.user.clone())));
        }
        let found = engine.store.user_by_name(name).await.map_err(failure::of_store)?;
        // Clients know people by their ids too.
        Ok(found.map(|user| user.id).or_else(|| name.parse().ok()).map(Some))
    }

    /// Whether a room is one to look into.
    pub(super) fn has_room(&self, scope: &SearchScope) -> bool {
        let is_named = self.query.chat.as_deref().is_none_or(|chat| {
            let words = beginnings(&scope.name);
            let wanted = beginnings(chat);
            let begins = |beginning: &String| words.iter().any(|word| word.starts_with(beginning.as_str()));
            scope.room.to_string() == chat || (!wanted.is_empty() && wanted.iter().all(begins))
        });
        is_named && self.room.is_none_or(|room| room == scope.room)
    }

    /// What is asked of the index.
    pub(super) fn request(&self, look: Look, author: Option<UserId>, behind: Option<Position>) -> Request {
        Request {
            query: self.query.clone(),
            look,
            author,
            after_ms: self.after_ms,
            before_ms: self.before_ms,
            behind,
            limit: self.limit,
        }
    }
}

/// A day (its beginning, in UTC) or a time of RFC 3339.
fn date(filter: &'static str, text: &str) -> Result<i64, Error> {
    let whole = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")));
    let time = whole.ok_or_else(|| bad(format!("q: {filter}: a date like 2024-05-31, or a time of RFC 3339")))?;
    Ok(time.0)
}
