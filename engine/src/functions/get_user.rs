//! Gives a user's public profile.

use protocol::{Error, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::User;

use super::{Answer, Function, people::UserObject};
use crate::{Caller, Engine, failure};

/// `GET /user/{username}`.
pub(super) struct GetUser;

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The user's name, whatever its letters' case.
    username: String,
}

impl Function for GetUser {
    type Params = Params;
    type Answer = UserObject<'static>;

    async fn call(engine: &Engine, _: &Caller, params: Params) -> Result<Answer, Error> {
        let user = engine.named_user(&params.username).await?;
        Answer::object(&UserObject::new(&user))
    }
}

impl Engine {
    /// The user of this name.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn named_user(&self, username: &str) -> Result<User, Error> {
        let user = self.store.user_by_name(username).await.map_err(failure::of_store)?;
        user.ok_or_else(|| ErrorCode::NotFound.into())
    }
}
