//! A chat's messages, page by page: from the newest, before or after a message, around one, or from a date.

use std::sync::Arc;

use protocol::{Error, ErrorCode, MessageId, RoomId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::RoomState;

use super::{
    Answer, Function,
    cursor::HistoryCursor,
    pages::{Pages, Place},
    params,
};
use crate::{
    Caller, Channel, Engine,
    message::MessageObject,
    timestamp::Timestamp,
    warm::{Found, PageKey, PageValue, What},
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
        let place = params.place(room)?;
        let mut reread = engine.relays.reread(&Channel::of_room(room));
        loop {
            let (state, _) = engine.reader(caller, room).await?;
            let answer = engine.shared_page(&state, place, limit).await?;
            // Somebody removed while the page was read does not get it any more.
            engine.reader(caller, room).await?;
            if reread.is_good()? {
                return Ok(answer);
            }
        }
    }
}

impl Engine {
    /// A page as an answer: from memory, or read once for all who ask for it at the same time.
    async fn shared_page(&self, state: &RoomState, place: Place, limit: usize) -> Result<Answer, Error> {
        let room = state.room.id;
        // What lies before a message does not depend on where the log ends.
        let (place, end) = match place {
            Place::Newest => (Place::Older(state.head.seq + 1), 0),
            Place::Older(seq) => (Place::Older(seq), 0),
            Place::Newer(_) | Place::Around(_) | Place::From(_) => (place, state.head.seq),
        };
        let key = PageKey {
            room,
            epoch: state.head.epoch,
            what: What::Messages { place, limit, end },
        };
        let pages = Pages(Arc::clone(&self.store));
        let read = async move {
            let page = pages.page(room, place, limit).await?;
            Ok(Found {
                value: PageValue::Messages(Answer::list(&page.messages(room), page.next.clone())?),
                shows: page.seqs(),
                depends_on_marks: !page.is_read(),
            })
        };
        match self.relays.warm.pages.page(key, read).await? {
            PageValue::Messages(answer) => Ok(answer),
            PageValue::Entries(_) => Err(ErrorCode::Internal.into()),
        }
    }
}
