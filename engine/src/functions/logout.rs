//! Ends a login: that of the access token, or that of a refresh token in the body.

use protocol::{Error, ErrorCode, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::RefreshOutcome;
use uuid::Uuid;

use super::{Answer, Function};
use crate::{Caller, Engine, accounts::RefreshToken, failure, session::Control};

/// `POST /logout`.
pub(super) struct Logout;

/// No `Debug`: it holds a token.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The newest refresh token of the login; with it no access token is needed.
    #[serde(default)]
    refresh_token: Option<String>,
}

/// The login that has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EndedSession")]
pub(super) struct Ended {
    /// Its id.
    pub(super) session_id: String,
}

impl Function for Logout {
    type Params = Params;
    type Answer = Ended;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let (user, session) = match (params.refresh_token, caller.auth_session) {
            (Some(token), _) => login_of(engine, RefreshToken::presented(token)).await?,
            (None, Some(session)) => (caller.user.clone(), session),
            (None, None) => return Err(ErrorCode::Unauthorized.into()),
        };
        engine.end_login(&user, session).await?;
        Answer::object(&Ended {
            session_id: session.to_string(),
        })
    }
}

/// Whose login a refresh token belongs to. The token is used up by that.
async fn login_of(engine: &Engine, presented: RefreshToken) -> Result<(UserId, Uuid), Error> {
    let now_ms = engine.clock.now_ms();
    let next = RefreshToken::generate();
    let outcome = engine
        .store
        .rotate_session(presented.hash(), next.hash(), now_ms, now_ms)
        .await;
    match outcome.map_err(failure::of_store)? {
        RefreshOutcome::Rotated(session) => Ok((session.user, session.id)),
        RefreshOutcome::Reused | RefreshOutcome::Unknown => Err(ErrorCode::Unauthorized.into()),
    }
}

impl Engine {
    /// Ends a login of this user; from now on its access tokens admit nobody on this node, and its connections are closed. Gives whether
    /// there was one.
    pub(super) async fn end_login(&self, user: &UserId, session: Uuid) -> Result<bool, Error> {
        let was_there = self.store.end_session(user, session).await.map_err(failure::of_store)?;
        if was_there {
            self.admissions.session_ended(session, self.clock.now_ms());
            self.sessions.tell(user, None, &Control::LoggedOut(session));
        }
        Ok(was_there)
    }
}
