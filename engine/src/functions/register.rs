//! Registers a user and logs them in.

use bytes::Bytes;
use protocol::{Error, ErrorCode, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::{Origin, StoreError, User, UserRole};

use super::{Answer, Function, login::LoggedIn};
use crate::{
    Caller, Engine,
    accounts::{Passwords, username},
    failure,
};

/// `POST /register`.
pub(super) struct Register;

/// Who wants an account. No `Debug`: it holds a password.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// 3 to 64 letters (of any script), digits, `.`, `_` and `-`; unique whatever the letters' case.
    username: String,
    /// 8 to 256 bytes.
    password: String,
    /// What the client calls itself.
    #[serde(default)]
    agent: Option<String>,
}

impl Function for Register {
    type Params = Params;
    type Answer = LoggedIn;

    async fn call(engine: &Engine, _: &Caller, params: Params) -> Result<Answer, Error> {
        let user = engine.create_account(params.username, params.password).await?;
        let logged_in = engine.log_in(&user, params.agent.as_deref()).await?;
        Answer::object(&logged_in)
    }
}

impl Engine {
    /// Makes an own account.
    ///
    /// # Errors
    /// `Invalid` name or password, `Conflict` when the name is taken.
    async fn create_account(&self, username: String, password: String) -> Result<User, Error> {
        username::check(&username)?;
        Passwords::check_length(&password)?;
        // Asked before the costly hash; the store has the last word.
        let taken = || Error::new(ErrorCode::Conflict, "username: taken");
        if self
            .store
            .user_by_name(&username)
            .await
            .map_err(failure::of_store)?
            .is_some()
        {
            return Err(taken());
        }
        let password_hash = Some(self.passwords.hash(password).await?);
        let now_ms = self.clock.now_ms();
        let user = User {
            id: UserId::generate(now_ms),
            username,
            password_hash,
            origin: Origin::Own,
            role: UserRole::User,
            info: Bytes::from_static(b"{}"),
            status: String::new(),
            created_ms: now_ms,
        };
        match self.store.create_user(user.clone()).await {
            Ok(()) => Ok(user),
            Err(StoreError::Conflict) => Err(taken()),
            Err(error) => Err(failure::of_store(error)),
        }
    }
}
