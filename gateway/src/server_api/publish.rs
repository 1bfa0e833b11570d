//! Publishes into a channel: a chat's message by the system, a fact for a user's devices, or data in an open channel.

use std::collections::BTreeMap;

use engine::{
    Caller, Channel, ChannelKind,
    relay::Ephemeral,
    rooms::{Command, Verb},
};
use protocol::{Epoch, Error, ErrorCode, RoomId, UserId, payload::Payload};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::{fields, idempotency::command_id, methods::Method, reply::as_documented};
use crate::server::Gateway;

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct PublishRequest(Content);

/// What is published, how, and where: one channel for `publish`, some for `broadcast`.
#[derive(Deserialize)]
pub(super) struct Content {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
    #[serde(default, deserialize_with = "fields::nullable")]
    pub(super) channels: Vec<String>,
    #[serde(default, deserialize_with = "fields::value")]
    data: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "fields::nullable")]
    b64data: String,
    #[serde(default, deserialize_with = "fields::nullable")]
    skip_history: bool,
    #[serde(default, deserialize_with = "fields::nullable")]
    tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "fields::nullable")]
    idempotency_key: String,
    #[serde(default, deserialize_with = "fields::nullable")]
    version: u64,
}

/// Where it stands now; nowhere for what is not kept.
#[derive(Serialize, Default)]
pub(super) struct Published {
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    epoch: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Published {
    fn at(offset: u64, epoch: Epoch) -> Self {
        Self {
            offset,
            epoch: epoch.to_string(),
        }
    }
}

impl Method for PublishRequest {
    type Answer = Published;

    async fn call(self, gateway: &Gateway) -> Result<Published, Error> {
        let data = self.0.checked(gateway)?;
        self.0.publish(gateway, &self.0.channel, data).await
    }
}

impl Content {
    /// The payload, if nothing is asked for that is not offered: what would have to be kept with an entry and is not.
    pub(super) fn checked(&self, gateway: &Gateway) -> Result<Payload, Error> {
        fields::refuse("tags", !self.tags.is_empty())?;
        fields::refuse("version", self.version != 0)?;
        fields::payload(self.data.as_deref(), &self.b64data, gateway.engine.limits.message_bytes)
    }

    /// Publishes the payload into one channel.
    pub(super) async fn publish(&self, gateway: &Gateway, name: &str, data: Payload) -> Result<Published, Error> {
        let channel = fields::channel(name)?;
        let published = if self.skip_history {
            show(gateway, &channel, data).await
        } else {
            match channel.kind() {
                ChannelKind::Room(room) => self.post(gateway, room, &data).await,
                ChannelKind::User(user) => self.tell(gateway, &user, data).await,
                ChannelKind::Open => self.append(gateway, &channel, data).await,
                ChannelKind::Nothing => Err(ErrorCode::UnknownChannel.into()),
            }
        };
        published.map_err(as_documented)
    }

    /// The body of `message.send`, with the key as its `client_msg_id`.
    async fn post(&self, gateway: &Gateway, room: RoomId, data: &Payload) -> Result<Published, Error> {
        let Ok(mut body) = data.to_value::<Map<String, Value>>() else {
            return Err(Error::new(ErrorCode::BadRequest, "data is not a message"));
        };
        body.insert("chat_id".to_owned(), room.to_string().into());
        if let Some(id) = command_id(&self.idempotency_key) {
            body.insert("client_msg_id".to_owned(), id.to_string().into());
        }
        let body = Payload::from_value(&body).map_err(|_| ErrorCode::Internal)?;
        let sent = gateway
            .engine
            .call(&Caller::system(), "message.send", body.as_bytes())
            .await?;
        let place: Place = sent.to_value().map_err(|_| ErrorCode::Internal)?;
        Ok(Published {
            offset: place.offset,
            epoch: place.epoch,
        })
    }

    async fn tell(&self, gateway: &Gateway, user: &UserId, data: Payload) -> Result<Published, Error> {
        let publish = || gateway.engine.publish_fact(user, data);
        let (offset, epoch) = match command_id(&self.idempotency_key) {
            Some(key) => gateway.repeats.once(user, key, gateway.clock.now_ms(), publish).await?,
            None => publish().await?,
        };
        Ok(Published::at(offset, epoch))
    }

    async fn append(&self, gateway: &Gateway, channel: &Channel, data: Payload) -> Result<Published, Error> {
        let command = Command {
            caller: Caller::system(),
            verb: Verb::Publish { data },
            client_msg_id: command_id(&self.idempotency_key),
        };
        let answer = gateway.engine.rooms.submit(channel, command).await;
        let appended = answer.map_err(|_| ErrorCode::Unavailable)??;
        Ok(Published::at(appended.entry.seq, appended.epoch))
    }
}

/// The place in a Message.
#[derive(Deserialize)]
struct Place {
    offset: u64,
    epoch: String,
}

/// `skip_history`: whoever listens now is shown it, nobody else ever.
async fn show(gateway: &Gateway, channel: &Channel, data: Payload) -> Result<Published, Error> {
    gateway.engine.require_channel(channel).await?;
    // Everything that a chat shows is in its log.
    fields::refuse("skip_history", matches!(channel.kind(), ChannelKind::Room(_)))?;
    gateway.engine.relays.publish_ephemeral(channel, Ephemeral::Hint(data));
    Ok(Published::default())
}
