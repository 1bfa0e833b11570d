//! Ends one of the caller's logins.

use protocol::{Error, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::{Answer, Function, logout::Ended};
use crate::{Caller, Engine};

/// `DELETE /sessions/{session_id}`.
pub(super) struct EndSession;

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The login.
    session_id: String,
}

impl Function for EndSession {
    type Params = Params;
    type Answer = Ended;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let session: Uuid = params.session_id.parse().map_err(|_| ErrorCode::NotFound)?;
        if !engine.end_login(&caller.user, session).await? {
            return Err(ErrorCode::NotFound.into());
        }
        Answer::object(&Ended {
            session_id: session.to_string(),
        })
    }
}
