//! A chat's messages, page by page: from the newest, before or after a message, around one, or from a date.

use protocol::{Error, ErrorCode, MessageId, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{Entry, EntryRange, Order, Select, TopMarks};

use super::{Answer, Function, cursor::HistoryCursor, params};
use crate::{
    Caller, Engine, failure,
    limits::PAGE_BYTES_MAX,
    message::{MessageObject, status},
    timestamp::Timestamp,
};

/// `GET /chats/{chat_id}/messages`.
pub(super) struct History;

/// Which page. At most one of `before`, `after`, `around` and `from`; without any the newest. Within a page the newest message always comes
/// first; the cursor of a page with `after` or `from` leads to newer messages, every other to older ones. With a cursor the others say nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(
        alias = "conversationId",
        alias = "conversation_id",
        alias = "channelId",
        alias = "chatId"
    )]
    chat_id: String,
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// Messages on the page: 1 to 200, by default 50.
    #[serde(default, deserialize_with = "params::number")]
    limit: Option<u64>,
    /// Messages older than the one of this id.
    #[serde(default)]
    before: Option<String>,
    /// Messages newer than the one of this id, beginning with the next.
    #[serde(default)]
    after: Option<String>,
    /// The message of this id with its neighbours.
    #[serde(default)]
    around: Option<String>,
    /// Messages from this time on (RFC 3339), beginning with the first.
    #[serde(default)]
    from: Option<String>,
}

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Newest,
    Older(u64),
    Newer(u64),
    Around(u64),
    From(i64),
}

impl Params {
    fn place(&self, room: RoomId) -> Result<Place, Error> {
        // The next page's address keeps what the first one asked for; the cursor alone says where it is.
        if let Some(cursor) = &self.cursor {
            return Ok(match HistoryCursor::parse(cursor)? {
                HistoryCursor::Older(seq) => Place::Older(seq),
                HistoryCursor::Newer(seq) => Place::Newer(seq),
            });
        }
        let given = [&self.before, &self.after, &self.around, &self.from];
        if given.iter().filter(|given| given.is_some()).count() > 1 {
            let words = "only one of before, after, around, from";
            return Err(Error::new(ErrorCode::BadRequest, words));
        }
        if let Some(from) = &self.from {
            let time = Timestamp::parse(from);
            let time = time.ok_or_else(|| Error::new(ErrorCode::BadRequest, "from: not a time of RFC 3339"))?;
            return Ok(Place::From(time.0));
        }
        if let Some(id) = &self.before {
            return seq_in(room, id).map(Place::Older);
        }
        if let Some(id) = &self.after {
            return seq_in(room, id).map(Place::Newer);
        }
        match &self.around {
            Some(id) => seq_in(room, id).map(Place::Around),
            None => Ok(Place::Newest),
        }
    }
}

fn seq_in(room: RoomId, id: &str) -> Result<u64, Error> {
    let id: MessageId = params::id(id)?;
    if id.room != room {
        return Err(ErrorCode::NotFound.into());
    }
    Ok(id.seq)
}

impl Function for History {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        let limit = params::page_items(params.limit)?;
        engine.reader(caller, room).await?;
        let page = engine.page(room, params.place(room)?, limit).await?;
        // Somebody removed while the page was read does not get it any more.
        engine.reader(caller, room).await?;
        Answer::list(&page.messages(room), page.next.clone())
    }
}

/// A page, newest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    entries: Vec<Entry>,
    marks: TopMarks,
    /// Where it goes on.
    pub(super) next: Option<String>,
}

impl Page {
    /// The messages with their statuses.
    pub(super) fn messages(&self, room: RoomId) -> Vec<MessageObject<'_>> {
        let show = |entry| MessageObject::new(room, entry, status(entry, &self.marks));
        self.entries.iter().map(show).collect()
    }
}

impl Engine {
    /// The newest page of a room. Rights are the caller's to check.
    pub(super) async fn newest_page(&self, room: RoomId, limit: usize) -> Result<Page, Error> {
        self.page(room, Place::Newest, limit).await
    }

    async fn page(&self, room: RoomId, place: Place, limit: usize) -> Result<Page, Error> {
        let mut page = match place {
            Place::Newest => self.older(room, u64::MAX, limit).await?,
            Place::Older(seq) => self.older(room, seq, limit).await?,
            Place::Newer(seq) => self.newer(room, seq.saturating_add(1), limit).await?,
            Place::Around(seq) => self.around(room, seq, limit).await?,
            Place::From(time_ms) => {
                let first = self.store.seq_at(room, time_ms).await.map_err(failure::of_store)?;
                self.newer(room, first, limit).await?
            }
        };
        if !page.entries.is_empty() {
            page.marks = self.store.top_marks(room).await.map_err(failure::of_store)?;
        }
        Ok(page)
    }

    async fn around(&self, room: RoomId, seq: u64, limit: usize) -> Result<Page, Error> {
        self.message(MessageId { room, seq }).await?;
        let newer_limit = (limit - 1) / 2;
        let mut page = self.older(room, seq + 1, limit - newer_limit).await?;
        if newer_limit > 0 {
            let mut entries = self.newer(room, seq + 1, newer_limit).await?.entries;
            entries.append(&mut page.entries);
            page.entries = entries;
        }
        Ok(page)
    }

    /// Messages before a seq.
    async fn older(&self, room: RoomId, before: u64, limit: usize) -> Result<Page, Error> {
        let last = before.saturating_sub(1).min(i64::MAX as u64);
        let (entries, has_more) = self.messages(room, (1, last), limit, Order::Descending).await?;
        let end = entries.last().filter(|_| has_more);
        Ok(Page {
            next: end.map(|end| HistoryCursor::Older(end.seq).text()),
            entries,
            ..Page::default()
        })
    }

    /// Messages from a seq on.
    async fn newer(&self, room: RoomId, first: u64, limit: usize) -> Result<Page, Error> {
        let range = (first.max(1), i64::MAX as u64);
        let (mut entries, has_more) = self.messages(room, range, limit, Order::Ascending).await?;
        let end = entries.last().filter(|_| has_more);
        let next = end.map(|end| HistoryCursor::Newer(end.seq).text());
        entries.reverse();
        Ok(Page {
            entries,
            next,
            ..Page::default()
        })
    }

    /// Messages of a range from one end, and whether there are more.
    async fn messages(
        &self,
        room: RoomId,
        (first, last): (u64, u64),
        limit: usize,
        order: Order,
    ) -> Result<(Vec<Entry>, bool), Error> {
        if first > last {
            return Ok((Vec::new(), false));
        }
        let range = EntryRange {
            first,
            last,
            limit: limit + 1,
            bytes_max: PAGE_BYTES_MAX,
            order,
            select: Select::Messages,
        };
        let mut entries = self.store.entries(room, range).await.map_err(failure::of_store)?;
        let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
        // A page that was cut off by its bytes says so by its size; asking once too often gives an empty page.
        let has_more = entries.len() > limit || bytes > PAGE_BYTES_MAX / 2;
        entries.truncate(limit);
        Ok((entries, has_more))
    }
}
