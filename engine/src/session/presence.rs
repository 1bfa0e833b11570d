//! Who listens to a channel.

use std::sync::Arc;

use actix::Context;
use protocol::{
    Error, ErrorCode,
    client::{CommandResult, PresenceStatsResult},
};

use super::Session;
use crate::{Caller, Channel, Engine, access, relay::Relay};

impl Session {
    pub(super) fn presence(&mut self, id: u32, channel: &str, ctx: &mut Context<Self>) {
        let (engine, caller, channel) = (Arc::clone(&self.engine), self.caller.clone(), channel.to_owned());
        let listed = async move {
            let Some(relay) = visible(&engine, &caller, &channel).await? else {
                return Ok(CommandResult::Presence(Default::default()));
            };
            let clients = relay.presence().ok_or(ErrorCode::NotAvailable)?;
            let clients = clients.into_iter().map(|(client, info)| (client.to_string(), info));
            Ok(CommandResult::Presence(clients.collect()))
        };
        self.reply_with(id, listed, ctx);
    }

    pub(super) fn presence_stats(&mut self, id: u32, channel: &str, ctx: &mut Context<Self>) {
        let (engine, caller, channel) = (Arc::clone(&self.engine), self.caller.clone(), channel.to_owned());
        let counted = async move {
            let relay = visible(&engine, &caller, &channel).await?;
            let stats = relay.map(|relay| relay.presence_stats());
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            Ok(CommandResult::PresenceStats(PresenceStatsResult {
                num_clients: stats.map_or(0, |stats| count(stats.clients)),
                num_users: stats.map_or(0, |stats| count(stats.users)),
            }))
        };
        self.reply_with(id, counted, ctx);
    }
}

/// The channel's relay, if the caller may know of the channel; None when nobody listens.
async fn visible(engine: &Engine, caller: &Caller, name: &str) -> Result<Option<Arc<Relay>>, Error> {
    let channel = Channel::parse(name).ok_or(ErrorCode::BadRequest)?;
    access::may_listen(engine, caller, &channel).await?;
    Ok(engine.relays.get(&channel))
}
