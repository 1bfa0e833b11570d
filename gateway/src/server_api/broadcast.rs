//! Publishes the same data into many channels; each has its own response.

use futures_util::{StreamExt as _, stream};
use protocol::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

use super::{
    methods::Method,
    publish::Content,
    reply::{Reply, raw},
};
use crate::{limits::SERVER_API_AT_ONCE, server::Gateway};

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct BroadcastRequest(Content);

/// In the order of the channels.
#[derive(Serialize)]
pub(super) struct Responses {
    responses: Vec<Reply>,
}

impl Method for BroadcastRequest {
    type Answer = Responses;

    async fn call(self, gateway: &Gateway) -> Result<Responses, Error> {
        let Self(content) = self;
        if content.channels.is_empty() {
            return Err(ErrorCode::BadRequest.into());
        }
        let data = content.checked(gateway)?;
        let responses = stream::iter(&content.channels)
            .map(|channel| content.publish(gateway, channel, data.clone()))
            .buffered(SERVER_API_AT_ONCE)
            .map(|published| Reply::new(0, published.map(|published| raw(&published))))
            .collect()
            .await;
        Ok(Responses { responses })
    }
}
