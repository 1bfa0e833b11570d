//! A feed takes what is new and notices what the user joins and leaves.

use protocol::{RoomId, payload::Payload};
use serde::Deserialize;

use super::{Feed, Lost};
use crate::{
    Channel, ChannelKind,
    relay::{Ephemeral, Item, Taken},
};

/// What a fact on the user's own channel is about.
#[derive(Deserialize)]
struct Fact<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
    data: FactData,
}

#[derive(Deserialize)]
struct FactData {
    chat_id: RoomId,
}

impl Feed {
    /// Everything new, without waiting.
    pub(super) async fn take(&mut self) -> Result<Vec<Payload>, Lost> {
        let mut events = Vec::new();
        for relay in self.inbox.take() {
            let channel = relay.channel().clone();
            let Some(items) = self.take_channel(&channel)? else {
                continue;
            };
            for item in items {
                self.take_item(&channel, item, &mut events).await?;
            }
        }
        Ok(events)
    }

    fn take_channel(&mut self, channel: &Channel) -> Result<Option<Vec<Item>>, Lost> {
        let Some(followed) = self.followed.get_mut(channel) else {
            return Ok(None);
        };
        match followed
            .relay
            .take(&self.inbox, followed.epoch, followed.seq, followed.ephemeral_next)
        {
            Taken::Items {
                items,
                seq,
                ephemeral_next,
            } => {
                followed.seq = seq;
                followed.ephemeral_next = ephemeral_next;
                Ok(Some(items))
            }
            Taken::Restart { .. } => Err(Lost),
        }
    }

    async fn take_item(&mut self, channel: &Channel, item: Item, events: &mut Vec<Payload>) -> Result<(), Lost> {
        let is_own = matches!(channel.kind(), ChannelKind::User(_));
        match item {
            // What happens in a room is told by the room; the own channel tells only what no followed room can.
            Item::Entry(entry) if is_own => self.take_fact(&entry.data, events).await?,
            Item::Entry(entry) => {
                // The feed may have been let go of the room by an earlier item.
                if !self.followed.contains_key(channel) {
                    return Ok(());
                }
                events.push(entry.data.clone());
                if entry.closes || entry.removed.contains(&self.user) {
                    self.let_go(channel);
                }
            }
            Item::Ephemeral(_, Ephemeral::Hint(data)) if !is_own => events.push(data),
            Item::Ephemeral(..) => {}
        }
        Ok(())
    }

    /// A room that the user has just been added to is news, and what was said there meanwhile.
    async fn take_fact(&mut self, data: &Payload, events: &mut Vec<Payload>) -> Result<(), Lost> {
        let Ok(fact) = data.to_value::<Fact<'_>>() else {
            return Ok(());
        };
        let channel = Channel::of_room(fact.data.chat_id);
        if fact.event != "chat.created" || self.followed.contains_key(&channel) {
            return Ok(());
        }
        let missed = self.join(fact.data.chat_id).await.map_err(|error| {
            tracing::warn!(%error, user = %self.user, "a feed could not follow a room");
            Lost
        })?;
        events.push(data.clone());
        events.extend(missed);
        Ok(())
    }
}
