//! Who listens to a channel, and how many.

use std::collections::HashMap;

use protocol::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

use super::{fields, methods::Method, reply::Client};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct PresenceRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
}

/// By connection.
#[derive(Serialize)]
pub(super) struct Present {
    presence: HashMap<String, Client>,
}

impl Method for PresenceRequest {
    type Answer = Present;

    async fn call(self, gateway: &Gateway) -> Result<Present, Error> {
        let channel = fields::channel(&self.channel)?;
        gateway.engine.require_channel(&channel).await?;
        let listed = match gateway.engine.relays.get(&channel) {
            Some(relay) => relay.presence().ok_or(ErrorCode::NotAvailable)?,
            None => HashMap::new(),
        };
        let presence = listed
            .into_iter()
            .map(|(client, info)| (client.to_string(), info.into()))
            .collect();
        Ok(Present { presence })
    }
}

#[derive(Deserialize)]
pub(super) struct PresenceStatsRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
}

/// Connections, and different users among them.
#[derive(Serialize)]
pub(super) struct Stats {
    num_clients: usize,
    num_users: usize,
}

impl Method for PresenceStatsRequest {
    type Answer = Stats;

    async fn call(self, gateway: &Gateway) -> Result<Stats, Error> {
        let channel = fields::channel(&self.channel)?;
        gateway.engine.require_channel(&channel).await?;
        let stats = gateway.engine.relays.get(&channel).map(|relay| relay.presence_stats());
        Ok(Stats {
            num_clients: stats.map_or(0, |stats| stats.clients),
            num_users: stats.map_or(0, |stats| stats.users),
        })
    }
}
