//! Finds messages, people and files: only what the caller may see at the moment of the answer.

mod confirm;
mod cursor;
mod hits;
mod wanted;

use std::time::Instant;

use protocol::{Error, ErrorCode, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{
    SearchScope, User,
    search::{Found, Look, Position, find_people, limits::ROOMS_MAX, search},
};

use self::{cursor::SearchCursor, hits::SearchHit, wanted::Wanted};
use super::{Answer, Function, params};
use crate::{Caller, Engine, failure};

/// `GET /v1/user/{userId}/search`.
pub(super) struct Search;

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The caller's own id; may be left out in rpc.
    #[serde(default, alias = "userId")]
    user_id: Option<String>,
    /// Words, all of which must be there in any of their forms; "phrases in quotes"; `from:name`, `in:chat`, `before:date`,
    /// `after:date`, `has:file`. Everything else is text. 1 to 1,024 bytes, at most 32 words.
    q: String,
    /// What to look through: `messages`, `contacts`, `files`, `tickets` (support only), separated by commas; by default everything.
    #[serde(default, rename = "in")]
    kinds: Option<String>,
    /// Only this chat.
    #[serde(
        default,
        alias = "conversationId",
        alias = "conversation_id",
        alias = "channelId",
        alias = "chatId"
    )]
    chat_id: Option<String>,
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// Messages and files on the page, and people on the first one: 1 to 200 each, by default 50. A page may have fewer; only the cursor
    /// says whether there is another.
    #[serde(default, deserialize_with = "params::number")]
    limit: Option<u64>,
}

impl Function for Search {
    type Params = Params;
    type Answer = SearchHit<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        // Somebody else's search is not there.
        if params
            .user_id
            .as_ref()
            .is_some_and(|user| *user != caller.user.as_str())
        {
            return Err(ErrorCode::NotFound.into());
        }
        let wanted = Wanted::read(caller, &params)?;
        let cursor = SearchCursor::new(caller, &params);
        let behind = params.cursor.as_deref().map(|text| cursor.parse(text)).transpose()?;
        let people = match behind {
            // People stand on the first page.
            None if wanted.contacts => engine.people(&params.q, wanted.limit).await?,
            _ => Vec::new(),
        };
        let found = engine.rows(caller, &wanted, behind).await?;
        let next = found.next.map(|position| cursor.text(position));
        engine.confirmed(caller, &wanted, &people, found, next).await
    }
}

impl Engine {
    /// People by their names.
    pub(super) async fn people(&self, text: &str, limit: usize) -> Result<Vec<User>, Error> {
        let begun = Instant::now();
        let people = find_people(&*self.store, text, limit)
            .await
            .map_err(failure::of_store)?;
        let seconds = begun.elapsed().as_secs_f64();
        self.search_metrics.people_seconds.observe(seconds);
        Ok(people)
    }

    /// Messages by their texts and by their files' names, as one list.
    async fn rows(&self, caller: &Caller, wanted: &Wanted, behind: Option<Position>) -> Result<Found, Error> {
        if !wanted.texts && !wanted.files {
            return Ok(Found::default());
        }
        let Some(author) = wanted.author(self, caller).await? else {
            return Ok(Found::default());
        };
        let rooms = self.scope(caller, wanted).await?;
        let request = |look| wanted.request(look, author.clone(), behind);
        let mut pages = Vec::new();
        if wanted.texts {
            let begun = Instant::now();
            pages.push(
                search(&*self.store, &self.search_tails, &rooms, &request(Look::Texts))
                    .await
                    .map_err(failure::of_store)?,
            );
            self.search_metrics.texts_seconds.observe(begun.elapsed().as_secs_f64());
        }
        if wanted.files {
            let begun = Instant::now();
            pages.push(
                search(&*self.store, &self.search_tails, &rooms, &request(Look::FileNames))
                    .await
                    .map_err(failure::of_store)?,
            );
            self.search_metrics.files_seconds.observe(begun.elapsed().as_secs_f64());
        }
        Ok(together(pages, wanted.limit))
    }

    async fn scope(&self, caller: &Caller, wanted: &Wanted) -> Result<Vec<SearchScope>, Error> {
        let rooms = self.store.search_scope(&caller.user, ROOMS_MAX).await;
        let mut rooms = rooms.map_err(failure::of_store)?;
        rooms.retain(|scope| wanted.has_room(scope));
        let only: Option<RoomId> = wanted.room;
        if only.is_some() && rooms.is_empty() {
            return Err(ErrorCode::NotFound.into());
        }
        Ok(rooms)
    }
}

/// Several lists of the same order as one page of it.
fn together(pages: Vec<Found>, limit: usize) -> Found {
    // What a list has not told yet may come right behind the place where it stopped: nothing behind the first such place counts.
    let told_to = pages.iter().filter_map(|page| page.next).max();
    let mut hits: Vec<_> = pages.into_iter().flat_map(|page| page.hits).collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.position()));
    hits.dedup_by_key(|hit| hit.position());
    let all = hits.len();
    hits.retain(|hit| told_to.is_none_or(|place| hit.position() >= place));
    let is_cut = hits.len() > limit || hits.len() < all;
    hits.truncate(limit);
    let last = hits
        .last()
        .map(storage::search::Hit::position)
        .filter(|_| is_cut || told_to.is_some());
    Found {
        next: if hits.len() == limit { last } else { told_to.or(last) },
        hits,
        checked: 0,
    }
}
