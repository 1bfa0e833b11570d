//! Gives public profiles by user id.
//!
//! A guest is given those of people in the room: its members, and the senders of its newest messages, who may have left.

use std::collections::HashSet;

use protocol::{Error, ErrorCode, RoomId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{EntryRange, Order, Select};

use super::{Answer, Function, people::UserObject};
use crate::{
    Caller, Engine,
    accounts::guest,
    failure,
    limits::{GUEST_SENDERS_MESSAGES_MAX, PAGE_BYTES_MAX, PROFILES_PER_CALL_MAX},
};

/// `GET /users`.
pub(super) struct ListUsers;

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// 1 to 100 user ids, separated by commas. An id that holds a comma can't be asked for.
    ids: String,
}

impl Function for ListUsers {
    type Params = Params;
    type Answer = UserObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let mut users = asked(&params.ids)?;
        if caller.is_guest() {
            users = engine.seen_by_guest(caller, users).await?;
        }
        let users = engine.store.users_at(users).await.map_err(failure::of_store)?;
        let shown: Vec<UserObject<'_>> = users.iter().map(UserObject::new).collect();
        Answer::list(&shown, None)
    }
}

/// The ids in the order asked for, each once. What is no id names nobody.
fn asked(ids: &str) -> Result<Vec<UserId>, Error> {
    let named: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if named.is_empty() {
        return Err(Error::new(ErrorCode::BadRequest, "ids: nobody named"));
    }
    if named.len() > PROFILES_PER_CALL_MAX {
        let words = format!("ids: at most {PROFILES_PER_CALL_MAX} in one call");
        return Err(Error::new(ErrorCode::Invalid, words));
    }
    let mut seen = HashSet::with_capacity(named.len());
    Ok(named
        .into_iter()
        .filter(|id| seen.insert(*id))
        .filter_map(|id| id.parse().ok())
        .collect())
}

impl Engine {
    /// Those of these people whom a guest meets in the room; nobody for a guest who is no longer in it.
    async fn seen_by_guest(&self, caller: &Caller, mut users: Vec<UserId>) -> Result<Vec<UserId>, Error> {
        let Some(room) = guest::room(&caller.user) else {
            return Ok(Vec::new());
        };
        match self.reader(caller, room).await {
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let members = self.store.members_of(room, &users).await.map_err(failure::of_store)?;
        let mut seen: HashSet<UserId> = members.into_iter().map(|member| member.user).collect();
        if users.iter().any(|user| !seen.contains(user)) {
            seen.extend(self.recent_senders(room).await?);
        }
        users.retain(|user| seen.contains(user));
        Ok(users)
    }

    async fn recent_senders(&self, room: RoomId) -> Result<impl Iterator<Item = UserId> + use<>, Error> {
        let range = EntryRange {
            first: 1,
            last: u64::MAX,
            limit: GUEST_SENDERS_MESSAGES_MAX,
            bytes_max: PAGE_BYTES_MAX,
            order: Order::Descending,
            select: Select::Messages,
        };
        let newest = self.store.entries(room, range).await.map_err(failure::of_store)?;
        Ok(newest.into_iter().filter_map(|message| message.sender))
    }
}
