//! Posts into a channel: a message in a chat, data in an open channel.

use std::sync::Arc;

use actix::Context;
use protocol::{
    Error, ErrorCode, RoomId,
    client::{CommandResult, PublishRequest},
    payload::Payload,
};
use serde_json::{Map, Value};

use super::Session;
use crate::{
    Channel, ChannelKind,
    metrics::Limit,
    rooms::{Command, Verb},
};

impl Session {
    pub(super) fn publish(&mut self, id: u32, request: PublishRequest, ctx: &mut Context<Self>) {
        match self.published(request) {
            Err(error) => self.reply(id, Err(error)),
            Ok((channel, data)) => match channel.kind() {
                ChannelKind::Room(room) => self.publish_message(id, room, &data, ctx),
                _ => self.publish_data(id, &channel, data, ctx),
            },
        }
    }

    /// What can be decided without waiting, so that the order of commands is the order in the log.
    fn published(&mut self, request: PublishRequest) -> Result<(Channel, Payload), Error> {
        let _span = tracing::debug_span!("publish", channel = request.channel, client = %self.client).entered();
        let channel = Channel::parse(&request.channel).ok_or(ErrorCode::BadRequest)?;
        if !self.caller.reaches_channel(&channel) {
            return Err(ErrorCode::UnknownChannel.into());
        }
        match channel.kind() {
            ChannelKind::User(user) if user == self.caller.user => return Err(ErrorCode::PermissionDenied.into()),
            ChannelKind::User(_) | ChannelKind::Nothing => return Err(ErrorCode::UnknownChannel.into()),
            ChannelKind::Open if !self.engine.limits.open_channels => return Err(ErrorCode::UnknownChannel.into()),
            ChannelKind::Open | ChannelKind::Room(_) => {}
        }
        let data = request.data?;
        self.may_publish_now()?;
        Ok((channel, data))
    }

    /// # Errors
    /// `TooManyRequests` above the session's rate.
    pub(super) fn may_publish_now(&mut self) -> Result<(), Error> {
        let is_allowed = self.rate.take(self.engine.clock.now_ms());
        if is_allowed {
            Ok(())
        } else {
            self.engine.metrics.limited(Limit::PublishRate);
            Err(ErrorCode::TooManyRequests.into())
        }
    }

    fn publish_message(&mut self, id: u32, room: RoomId, data: &Payload, ctx: &mut Context<Self>) {
        let Ok(mut body) = data.to_value::<Map<String, Value>>() else {
            return self.reply(id, Err(Error::new(ErrorCode::BadRequest, "data is not a message")));
        };
        body.insert("chat_id".to_owned(), room.to_string().into());
        let body = Payload::from_value(&body).expect("a JSON object");
        let (engine, caller) = (Arc::clone(&self.engine), self.caller.clone());
        let sent = async move {
            let sent = engine.call(&caller, "message.send", body.as_bytes()).await;
            sent.map(|_| CommandResult::Publish).map_err(|error| match error.code {
                ErrorCode::NotFound => ErrorCode::UnknownChannel.into(),
                _ => error,
            })
        };
        self.reply_with(id, sent, ctx);
    }

    fn publish_data(&mut self, id: u32, channel: &Channel, data: Payload, ctx: &mut Context<Self>) {
        let verb = Verb::Publish { data };
        let command = Command {
            caller: self.caller.clone(),
            verb,
            client_msg_id: None,
        };
        let answer = self.engine.rooms.submit(channel, command);
        let appended = async move {
            let appended = answer.await.unwrap_or_else(|_| Err(ErrorCode::Unavailable.into()));
            appended.map(|_| CommandResult::Publish)
        };
        self.reply_with(id, appended, ctx);
    }
}
