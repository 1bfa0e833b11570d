//! Channels that somebody listens to now.

use std::collections::HashMap;

use engine::{Channel, ChannelKind};
use protocol::{Error, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
        let channels = listened(gateway)
            .filter(|(channel, _)| is_wanted(channel.as_str()))
            .map(|(channel, num_clients)| (channel.to_string(), ChannelInfo { num_clients }))
            .collect();
        Ok(Channels { channels })
    }
}

/// Every channel with listeners, and how many it has.
pub(super) fn listened(gateway: &Gateway) -> impl Iterator<Item = (Channel, usize)> {
    let channels = gateway.engine.relays.channels().into_iter();
    let counted = channels.map(|(channel, listeners)| {
        let count = listeners + own_connections(gateway, &channel).map_or(0, |(_, clients)| clients.len());
        (channel, count)
    });
    // A channel is followed for a moment after its last listener.
    counted.filter(|(_, count)| *count > 0)
}

/// Whose own channel it is, and their connections: those follow it without being announced there.
pub(super) fn own_connections(gateway: &Gateway, channel: &Channel) -> Option<(UserId, Vec<Uuid>)> {
    let ChannelKind::User(user) = channel.kind() else {
        return None;
    };
    let clients = gateway.engine.sessions.clients(&user);
    (!clients.is_empty()).then_some((user, clients))
}
