//! Lists a chat's people, in the order of their user ids.

use futures_util::{StreamExt, TryStreamExt, stream};
use protocol::{Error, RoomId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::Member;

use super::{Answer, Function, cursor, params};
use crate::{Caller, Engine, failure, message::role_name, timestamp::Timestamp};

/// Names that are looked up at the same time.
const NAMES_AT_ONCE: usize = 8;

/// `GET /chats/{chat_id}/participants`.
pub(super) struct ListParticipants;

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The room.
    #[serde(alias = "conversationId", alias = "channelId", alias = "chatId")]
    chat_id: String,
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// People on the page: 1 to 200, by default 50.
    #[serde(default, deserialize_with = "params::number")]
    limit: Option<u64>,
}

/// A person in a chat.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Participant")]
pub(super) struct ParticipantObject {
    /// The user's id.
    #[schemars(with = "String")]
    user_id: UserId,
    /// The user's name.
    username: String,
    /// `member`, `moderator` or `owner`.
    role: &'static str,
    /// When they joined.
    joined: Timestamp,
    /// May not write until then; null: may write.
    muted_until: Option<Timestamp>,
}

impl Function for ListParticipants {
    type Params = Params;
    type Answer = ParticipantObject;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let room: RoomId = params::id(&params.chat_id)?;
        let limit = params::page_items(params.limit)?;
        let after = params.cursor.as_deref().map(cursor::parse_user).transpose()?;
        engine.reader(caller, room).await?;
        let members = engine.store.members(room, after.as_ref(), limit + 1).await;
        let mut members = members.map_err(failure::of_store)?;
        let has_more = members.len() > limit;
        members.truncate(limit);
        let next = members
            .last()
            .filter(|_| has_more)
            .map(|last| cursor::of_user(&last.user));
        let shown: Vec<ParticipantObject> = stream::iter(members.into_iter().map(|member| engine.participant(member)))
            .buffered(NAMES_AT_ONCE)
            .try_collect()
            .await?;
        engine.reader(caller, room).await?;
        Answer::list(&shown, next)
    }
}

impl Engine {
    async fn participant(&self, member: Member) -> Result<ParticipantObject, Error> {
        let is_muted = member.muted_until_ms > self.clock.now_ms();
        Ok(ParticipantObject {
            username: self.username(&member.user).await?,
            role: role_name(member.role),
            joined: Timestamp(member.joined_ms),
            muted_until: is_muted.then_some(Timestamp(member.muted_until_ms)),
            user_id: member.user,
        })
    }
}
