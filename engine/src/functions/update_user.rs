//! Changes the caller's own profile.

use protocol::{
    Error, ErrorCode,
    payload::{Payload, PayloadLimits},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use storage::UserChange;

use super::{Answer, Function, people::UserObject, text};
use crate::{
    Caller, Engine, failure,
    limits::{INFO_BYTES_MAX, STATUS_CHARACTERS_MAX},
};

/// Arrays and objects within each other that a profile's `info` may have.
const INFO_DEPTH_MAX: usize = 16;

/// `PUT /user/{username}`.
pub(super) struct UpdateUser;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Params {
    /// The caller's own name.
    username: String,
    /// Any JSON object of up to 4 KB.
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    info: Option<Box<RawValue>>,
    /// The status line: up to 256 characters.
    #[serde(default)]
    status: Option<String>,
}

impl Function for UpdateUser {
    type Params = Params;
    type Answer = UserObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        let user = engine.named_user(&params.username).await?;
        if user.id != caller.user {
            return Err(ErrorCode::PermissionDenied.into());
        }
        if let Some(status) = &params.status {
            text::check_line("status", status, STATUS_CHARACTERS_MAX)?;
        }
        let change = UserChange {
            info: params
                .info
                .map(|info| check_info(&info))
                .transpose()?
                .map(|info| info.bytes()),
            status: params.status,
            ..UserChange::default()
        };
        let user = engine
            .store
            .change_user(&caller.user, change)
            .await
            .map_err(failure::of_store)?;
        Answer::object(&UserObject::new(&user))
    }
}

fn check_info(info: &RawValue) -> Result<Payload, Error> {
    if !info.get().starts_with('{') {
        return Err(Error::new(ErrorCode::BadRequest, "info: expected a JSON object"));
    }
    let limits = PayloadLimits {
        bytes: INFO_BYTES_MAX,
        depth: INFO_DEPTH_MAX,
    };
    Payload::from_json(info.get().as_bytes(), &limits).map_err(|error| {
        let words = format!("info: {error}");
        Error::new(ErrorCode::Invalid, words)
    })
}
