//! Moves the end of a user's connections.

use engine::session::Control;
use protocol::{Disconnect, Error};
use serde::{Deserialize, de::IgnoredAny};

use super::{fields, methods::Method, reply::Nothing, sessions::Whom};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    #[serde(flatten)]
    whom: Whom,
    #[serde(default, deserialize_with = "fields::nullable")]
    expired: bool,
    /// Unix seconds; 0: the connection does not end any more.
    #[serde(default, deserialize_with = "fields::nullable")]
    expire_at: i64,
    #[serde(default)]
    info: Option<IgnoredAny>,
}

impl Method for RefreshRequest {
    type Answer = Nothing;

    async fn call(self, gateway: &Gateway) -> Result<Nothing, Error> {
        fields::refuse("info", self.info.is_some())?;
        let expires_at = (self.expire_at > 0).then_some(self.expire_at);
        let is_over = expires_at.is_some_and(|at| at <= gateway.clock.now_ms() / 1_000);
        let control = if self.expired || is_over {
            Control::Disconnect(Disconnect::Expired)
        } else {
            Control::Refresh(expires_at)
        };
        self.whom.tell(gateway, &control)?;
        Ok(Nothing {})
    }
}
