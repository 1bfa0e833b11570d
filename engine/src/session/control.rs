//! What others decide about a session: operators by the server API, the user by logging out.

use std::sync::Arc;

use actix::{Context, Handler};
use protocol::{
    Disconnect, Unsubscribe,
    client::{Event, Push, RefreshPush, SubscribePush},
};

use super::{
    Control, Session,
    actor::Stage,
    expire::seconds_left,
    subscribe::{Listening, listen},
};
use crate::Channel;

impl Handler<Control> for Session {
    type Result = ();

    fn handle(&mut self, control: Control, ctx: &mut Context<Self>) {
        match control {
            Control::Disconnect(why) => self.close(why),
            Control::Unsubscribe(channel) => {
                if self.end_subscription(&channel) {
                    self.push_unsubscribe(&channel, Unsubscribe::Server);
                    self.shard.flush(self.key);
                }
            }
            Control::Refresh(expires_at) => {
                self.expires_at(expires_at);
                let ttl = seconds_left(expires_at, self.engine.clock.now_ms());
                let event = Event::Refresh(RefreshPush {
                    expires: expires_at.is_some(),
                    ttl,
                });
                self.push(&Push {
                    channel: "".into(),
                    event,
                });
                self.shard.flush(self.key);
            }
            Control::Subscribe(channel) => self.subscribe_from_server(channel, ctx),
            Control::LoggedOut(login) => {
                if self.caller.auth_session == Some(login) {
                    self.close(Disconnect::InvalidToken);
                }
            }
        }
    }
}

impl Session {
    fn subscribe_from_server(&mut self, channel: Channel, ctx: &mut Context<Self>) {
        let known = self.subscription(&channel).is_some_and(|known| !known.is_ended);
        if known || self.stage != Stage::Connected || !self.caller.reaches_channel(&channel) {
            return;
        }
        let (engine, shard, key) = (Arc::clone(&self.engine), self.shard.clone(), self.key);
        let future = async move { listen(&engine, &shard, key, &channel, None, true, async || Ok(())).await };
        self.in_order(future, ctx, |session, listening, _| match listening {
            Ok(listening) => session.subscribed_from_server(&listening),
            Err(error) => tracing::debug!(%error, "a server-side subscription failed"),
        });
    }

    fn subscribed_from_server(&mut self, listening: &Listening) {
        let result = listening.result();
        let channel = listening.held.channel.clone();
        let event = Event::Subscribe(SubscribePush {
            recoverable: result.recoverable,
            epoch: result.epoch,
            offset: result.offset,
            positioned: result.positioned,
            data: None,
        });
        self.push(&Push {
            channel: channel.as_str().into(),
            event,
        });
        self.shard.release(&listening.held);
        self.follow(channel, None, None);
    }
}
