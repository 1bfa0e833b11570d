//! Finds people by the beginnings of the words of their names.

use protocol::{Error, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::search::limits::QUERY_BYTES_MAX;

use super::{Answer, Function, params, people::UserObject};
use crate::{Caller, Engine};

/// `GET /user?q=`.
pub(super) struct SearchUsers;

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The beginning of a user name, or beginnings of words of the names in the profile, whatever their letters' case: at least one
    /// character. Who is found by the user name comes first.
    q: String,
    /// People in the answer: 1 to 200, by default 50.
    #[serde(default, deserialize_with = "params::number")]
    limit: Option<u64>,
}

impl Function for SearchUsers {
    type Params = Params;
    type Answer = UserObject<'static>;

    async fn call(engine: &Engine, _: &Caller, params: Params) -> Result<Answer, Error> {
        let limit = params::page_items(params.limit)?;
        let prefix = params.q.trim();
        if prefix.is_empty() {
            return Err(Error::new(ErrorCode::BadRequest, "q: empty"));
        }
        // No name is longer, so nothing can match.
        if prefix.len() > QUERY_BYTES_MAX {
            return Answer::list::<UserObject<'_>>(&[], None);
        }
        let users = engine.people(prefix, limit).await?;
        let shown: Vec<UserObject<'_>> = users.iter().map(UserObject::new).collect();
        Answer::list(&shown, None)
    }
}
