//! Logs a user in by name and password.

use protocol::{Error, ErrorCode, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::{AuthSession, User};
use uuid::Uuid;

use super::{Answer, Function};
use crate::{
    Caller, Engine,
    accounts::RefreshToken,
    failure,
    limits::{AGENT_CHARACTERS_MAX, LOGIN_LIFETIME_MS, PASSWORD_BYTES_MAX},
};

/// `POST /login`.
pub(super) struct Login;

/// Who logs in. No `Debug`: it holds a password.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The user name, whatever its letters' case.
    #[serde(alias = "user_name")]
    username: String,
    /// The password.
    password: String,
    /// What the client calls itself.
    #[serde(default)]
    agent: Option<String>,
}

/// A login. No `Debug`: it holds tokens.
#[derive(Serialize, JsonSchema)]
pub(super) struct LoggedIn {
    /// Bearer of HTTP and token of realtime connections.
    access_token: String,
    /// Seconds that the access token lives.
    expires_in: i64,
    /// Gives the next access token, once.
    refresh_token: String,
    /// The user's id.
    #[schemars(with = "String")]
    user_id: UserId,
    /// The user's name.
    username: String,
}

impl LoggedIn {
    pub(super) fn new(engine: &Engine, user: &User, session: Uuid, refresh: RefreshToken) -> Self {
        let (access_token, expires_in) = engine.tokens.issue(user, session, engine.clock.now_ms());
        Self {
            access_token,
            expires_in,
            refresh_token: refresh.into_text(),
            user_id: user.id.clone(),
            username: user.username.clone(),
        }
    }
}

impl Function for Login {
    type Params = Params;
    type Answer = LoggedIn;

    async fn call(engine: &Engine, _: &Caller, params: Params) -> Result<Answer, Error> {
        let user = engine.check_password(&params.username, params.password).await?;
        let logged_in = engine.log_in(&user, params.agent.as_deref()).await?;
        Answer::object(&logged_in)
    }
}

impl Engine {
    /// The user of this name and password. Unknown names take as long as wrong passwords and are refused in the same words.
    ///
    /// # Errors
    /// `Unauthorized`; `TooManyRequests` when the name was tried too often.
    async fn check_password(&self, username: &str, password: String) -> Result<User, Error> {
        let refused = || Error::new(ErrorCode::Unauthorized, "wrong user name or password");
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(refused());
        }
        self.throttle.attempt(username, self.clock.now_ms())?;
        let user = self.store.user_by_name(username).await.map_err(failure::of_store)?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let is_right = self.passwords.verify(password, hash).await?;
        let user = user.filter(|_| is_right).ok_or_else(refused)?;
        self.throttle.succeeded(username);
        Ok(user)
    }

    /// Begins a login of a user who has proven to be one.
    pub(super) async fn log_in(&self, user: &User, agent: Option<&str>) -> Result<LoggedIn, Error> {
        let now_ms = self.clock.now_ms();
        let refresh = RefreshToken::generate();
        let agent = agent
            .unwrap_or_default()
            .chars()
            .filter(|character| !character.is_control());
        let session = AuthSession {
            id: Uuid::new_v4(),
            user: user.id.clone(),
            refresh_hash: refresh.hash(),
            created_ms: now_ms,
            refreshed_ms: now_ms,
            expires_ms: now_ms + LOGIN_LIFETIME_MS,
            agent: agent.take(AGENT_CHARACTERS_MAX).collect(),
        };
        let id = session.id;
        self.store.create_session(session).await.map_err(failure::of_store)?;
        Ok(LoggedIn::new(self, user, id, refresh))
    }
}
