//! Lists the caller's chats, newest activity first.

use protocol::Error;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Function, chats, cursor, params};
use crate::{Caller, Engine, failure, message::ChatObject};

/// `GET /chats`.
pub(super) struct ListRooms;

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// Chats on the page: 1 to 200, by default 50.
    #[serde(default, deserialize_with = "params::number")]
    limit: Option<u64>,
}

impl Function for ListRooms {
    type Params = Params;
    type Answer = ChatObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let limit = params::page_items(params.limit)?;
        let before = params.cursor.as_deref().map(cursor::parse_chat).transpose()?;
        let listed = engine.store.chats_of(&caller.user, before, limit + 1).await;
        let mut listed = listed.map_err(failure::of_store)?;
        let has_more = listed.len() > limit;
        listed.truncate(limit);
        let end = listed.last().filter(|_| has_more);
        let next = end.map(|end| cursor::of_chat(end.last_activity_ms, end.state.room.id));
        listed.retain(|chat| caller.reaches(chat.state.room.id));
        let parts = engine.parts_of_chats(&caller.user, &listed).await?;
        let shown = listed.iter().zip(parts).map(|(chat, parts)| chats::object(chat, parts));
        Answer::list(&shown.collect::<Vec<_>>(), next)
    }
}
