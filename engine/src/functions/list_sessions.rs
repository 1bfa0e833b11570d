//! Lists the caller's logins.

use protocol::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Function};
use crate::{Caller, Engine, failure, timestamp::Timestamp};

/// `GET /sessions`.
pub(super) struct ListSessions;

/// Nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {}

/// A login.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionObject {
    /// The login's id.
    session_id: String,
    /// When it began.
    created: Timestamp,
    /// When it was last refreshed.
    refreshed: Timestamp,
    /// When it ends if it is not refreshed.
    expires: Timestamp,
    /// What the client called itself.
    agent: String,
    /// It is the one that asks.
    current: bool,
}

impl Function for ListSessions {
    type Params = Params;
    type Answer = SessionObject;

    async fn call(engine: &Engine, caller: &Caller, _: Params) -> Result<Answer, Error> {
        let now_ms = engine.clock.now_ms();
        let sessions = engine
            .store
            .sessions_of(&caller.user, now_ms)
            .await
            .map_err(failure::of_store)?;
        let shown = sessions.into_iter().map(|session| SessionObject {
            session_id: session.id.to_string(),
            created: Timestamp(session.created_ms),
            refreshed: Timestamp(session.refreshed_ms),
            expires: Timestamp(session.expires_ms),
            agent: session.agent,
            current: caller.auth_session == Some(session.id),
        });
        Answer::list(&shown.collect::<Vec<_>>(), None)
    }
}
