//! Gives a new access token and a new refresh token for a refresh token.

use protocol::{Error, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::RefreshOutcome;

use super::{Answer, Function, login::LoggedIn};
use crate::{Caller, Engine, accounts::RefreshToken, failure, limits::LOGIN_LIFETIME_MS};

/// `POST /refresh`.
pub(super) struct Refresh;

/// No `Debug`: it holds a token.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The newest refresh token of the login. One that was used before ends the login: somebody has a copy.
    refresh_token: String,
}

impl Function for Refresh {
    type Params = Params;
    type Answer = LoggedIn;

    async fn call(engine: &Engine, _: &Caller, params: Params) -> Result<Answer, Error> {
        let presented = RefreshToken::presented(params.refresh_token);
        let next = RefreshToken::generate();
        let now_ms = engine.clock.now_ms();
        let outcome = engine
            .store
            .rotate_session(presented.hash(), next.hash(), now_ms, now_ms + LOGIN_LIFETIME_MS)
            .await
            .map_err(failure::of_store)?;
        let RefreshOutcome::Rotated(session) = outcome else {
            if outcome == RefreshOutcome::Reused {
                tracing::warn!("a refresh token was used twice; its login has been ended");
            }
            return Err(Error::new(ErrorCode::Unauthorized, "refresh token not valid"));
        };
        let user = engine.store.user(&session.user).await.map_err(failure::of_store)?;
        let user = user.ok_or(ErrorCode::Unauthorized)?;
        Answer::object(&LoggedIn::new(engine, &user, session.id, next))
    }
}
