//! Channels that somebody listens to now.

use std::collections::HashMap;

use protocol::Error;
use serde::{Deserialize, Serialize};

use super::{fields, methods::Method, pattern};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct ChannelsRequest {
    /// Empty: all.
    #[serde(default, deserialize_with = "fields::nullable")]
    pattern: String,
}

#[derive(Serialize)]
pub(super) struct Channels {
    channels: HashMap<String, ChannelInfo>,
}

#[derive(Serialize)]
struct ChannelInfo {
    num_clients: usize,
}

impl Method for ChannelsRequest {
    type Answer = Channels;

    async fn call(self, gateway: &Gateway) -> Result<Channels, Error> {
        let is_wanted = |name: &str| self.pattern.is_empty() || pattern::matches(&self.pattern, name);
        let channels = gateway
            .engine
            .relays
            .channels()
            .into_iter()
            // A relay stays for a moment after its last listener.
            .filter(|(channel, listeners)| *listeners > 0 && is_wanted(channel.as_str()))
            .map(|(channel, num_clients)| (channel.to_string(), ChannelInfo { num_clients }))
            .collect();
        Ok(Channels { channels })
    }
}
