//! Who listens to a channel, and how many.

use std::collections::HashMap;

use protocol::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

use super::{channels::own_connections, fields, methods::Method, reply::Client};
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
        let mut presence: HashMap<String, Client> = listed
            .into_iter()
            .map(|(client, info)| (client.to_string(), info.into()))
            .collect();
        if let Some((user, clients)) = own_connections(gateway, &channel) {
            let own = clients
                .into_iter()
                .map(|client| (client.to_string(), Client::of(&user, client)));
            presence.extend(own);
        }
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
        let own = own_connections(gateway, &channel).map_or(0, |(_, clients)| clients.len());
        Ok(Stats {
            num_clients: stats.map_or(0, |stats| stats.clients) + own,
            num_users: stats.map_or(0, |stats| stats.users) + usize::from(own > 0),
        })
    }
}
