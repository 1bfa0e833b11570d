//! Subscribes a user's connections to a channel from the server's side, and ends subscriptions.

use engine::session::Control;
use protocol::Error;
use serde::{Deserialize, de::IgnoredAny};

use super::{fields, methods::Method, reply::Nothing, sessions::Whom};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct SubscribeRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
    #[serde(flatten)]
    whom: Whom,
    #[serde(default, deserialize_with = "fields::nullable")]
    expire_at: i64,
    #[serde(default)]
    info: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "fields::nullable")]
    b64info: String,
    #[serde(default)]
    data: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "fields::nullable")]
    b64data: String,
    #[serde(default)]
    recover_since: Option<IgnoredAny>,
}

impl Method for SubscribeRequest {
    type Answer = Nothing;

    async fn call(self, gateway: &Gateway) -> Result<Nothing, Error> {
        let channel = fields::channel(&self.channel)?;
        fields::refuse("expire_at", self.expire_at != 0)?;
        fields::refuse("info", self.info.is_some() || !self.b64info.is_empty())?;
        fields::refuse("data", self.data.is_some() || !self.b64data.is_empty())?;
        fields::refuse("recover_since", self.recover_since.is_some())?;
        gateway.engine.require_channel(&channel).await?;
        self.whom.tell(gateway, &Control::Subscribe(channel))?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
pub(super) struct UnsubscribeRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
    #[serde(flatten)]
    whom: Whom,
}

impl Method for UnsubscribeRequest {
    type Answer = Nothing;

    async fn call(self, gateway: &Gateway) -> Result<Nothing, Error> {
        let channel = fields::channel(&self.channel)?;
        self.whom.tell(gateway, &Control::Unsubscribe(channel))?;
        Ok(Nothing {})
    }
}
