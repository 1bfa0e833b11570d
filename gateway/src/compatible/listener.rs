//! Everything that happens in one user's rooms, as one bounded stream of payloads.
//!
//! It follows the rooms' relays the way a shard does, each from its own place. A room joined later is followed from the joining on; a
//! room left, or deleted, is followed no more. While nobody takes payloads nothing is taken from the relays either, and a listener that
//! falls out of what they keep ends: its client connects again and reads the rest.

use std::{collections::HashMap, sync::Arc};

use engine::{
    Caller, Channel, ChannelKind, Engine,
    relay::{Ephemeral, Inbox, Item, Relay, Taken},
};
use protocol::{Epoch, Error, ErrorCode, RoomId, payload::Payload};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::limits::{
    SUBSCRIPTIONS_CATCH_UP_MAX, SUBSCRIPTIONS_PAGE, SUBSCRIPTIONS_QUEUE_PAYLOADS, SUBSCRIPTIONS_ROOMS_MAX,
};

/// Events that listeners are shown, of rooms and of the user's own channel.
const EVENTS: [&str; 9] = [
    "message.created",
    "message.updated",
    "message.deleted",
    "message.received",
    "message.read",
    "chat.created",
    "chat.updated",
    "chat.deleted",
    "participants.changed",
];
/// The one event of the user's own channel that no room tells: the others would come twice.
const JOINED: &str = "chat.created";

/// A relay and how far it has been taken.
struct Followed {
    relay: Arc<Relay>,
    epoch: Epoch,
    seq: u64,
    ephemeral_next: u64,
}

struct Listener {
    engine: Arc<Engine>,
    caller: Caller,
    inbox: Arc<Inbox>,
    followed: HashMap<Channel, Followed>,
    payloads: mpsc::Sender<Payload>,
}

/// Why listening ended.
enum End {
    /// Nobody takes payloads any more.
    Gone,
    /// The listener was too slow, or a log began anew.
    Behind,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: &'a str,
    #[serde(default)]
    data: Named,
}

#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    chat_id: Option<String>,
}

/// Listens to everything that the caller may see. The stream ends when listening can't go on.
///
/// # Errors
/// `Unavailable` when the store does not answer.
pub(super) async fn listen(engine: Arc<Engine>, caller: Caller) -> Result<mpsc::Receiver<Payload>, Error> {
    let (payloads, receiver) = mpsc::channel(SUBSCRIPTIONS_QUEUE_PAYLOADS);
    let mut listener = Listener {
        engine,
        caller,
        inbox: Arc::default(),
        followed: HashMap::new(),
        payloads,
    };
    listener.follow_everything().await?;
    actix_rt::spawn(async move {
        let payloads = listener.payloads.clone();
        tokio::select! {
            () = payloads.closed() => {}
            () = listener.run() => {}
        }
    });
    Ok(receiver)
}

impl Listener {
    /// The user's own channel first: a room joined meanwhile is told there.
    async fn follow_everything(&mut self) -> Result<(), Error> {
        self.follow(Channel::of_user(&self.caller.user)).await?;
        let mut before = None;
        while self.followed.len() <= SUBSCRIPTIONS_ROOMS_MAX {
            let chats = self
                .engine
                .store
                .chats_of(&self.caller.user, before, SUBSCRIPTIONS_PAGE)
                .await
                .map_err(unavailable)?;
            let Some(last) = chats.last() else { break };
            before = Some((last.last_activity_ms, last.state.room.id));
            for chat in &chats {
                self.follow_room(chat.state.room.id).await?;
            }
            if chats.len() < SUBSCRIPTIONS_PAGE {
                break;
            }
        }
        Ok(())
    }

    /// Follows a channel from now on; gives the last seq before that.
    async fn follow(&mut self, channel: Channel) -> Result<u64, Error> {
        let now_ms = self.engine.clock.now_ms();
        let attached = self.engine.relays.attach(&channel, &self.inbox, now_ms).await?;
        let followed = Followed {
            relay: attached.relay,
            epoch: attached.epoch,
            seq: attached.seq,
            ephemeral_next: attached.ephemeral_next,
        };
        let seq = followed.seq;
        self.followed.insert(channel, followed);
        Ok(seq)
    }

    /// Follows a room, if the user is in it: asked after attaching, so that a removal is either seen here or comes as an entry.
    /// Gives what came between the joining and now.
    async fn follow_room(&mut self, room: RoomId) -> Result<(u64, u64), Error> {
        let channel = Channel::of_room(room);
        if self.followed.contains_key(&channel) || !self.caller.reaches(room) {
            return Ok((1, 0));
        }
        let seq = match self.follow(channel.clone()).await {
            Ok(seq) => seq,
            Err(error) if error.code == ErrorCode::UnknownChannel => return Ok((1, 0)),
            Err(error) => return Err(error),
        };
        match self.engine.store.member(room, &self.caller.user).await {
            Ok(Some(member)) => Ok((member.joined_seq + 1, seq)),
            Ok(None) => {
                self.leave(&channel);
                Ok((1, 0))
            }
            Err(error) => {
                self.leave(&channel);
                Err(unavailable(error))
            }
        }
    }

    fn leave(&mut self, channel: &Channel) {
        if let Some(followed) = self.followed.remove(channel) {
            self.engine.relays.detach(&followed.relay, &self.inbox);
        }
    }

    async fn run(&mut self) {
        loop {
            self.inbox.changed().await;
            for relay in self.inbox.take() {
                if let Err(end) = self.take(&relay).await {
                    if matches!(end, End::Behind) {
                        tracing::debug!(channel = %relay.channel(), "a listener fell behind");
                    }
                    return;
                }
            }
        }
    }

    /// Takes what is new in one relay.
    async fn take(&mut self, relay: &Arc<Relay>) -> Result<(), End> {
        let channel = relay.channel().clone();
        let Some(followed) = self.followed.get_mut(&channel) else {
            return Ok(());
        };
        let taken = followed
            .relay
            .take(&self.inbox, followed.epoch, followed.seq, followed.ephemeral_next);
        let Taken::Items {
            items,
            seq,
            ephemeral_next,
        } = taken
        else {
            return Err(End::Behind);
        };
        (followed.seq, followed.ephemeral_next) = (seq, ephemeral_next);
        for item in items {
            match item {
                Item::Entry(entry) => {
                    self.pass_on(&channel, &entry.data).await?;
                    if entry.closes || entry.removed.contains(&self.caller.user) {
                        self.leave(&channel);
                        return Ok(());
                    }
                }
                Item::Ephemeral(_, Ephemeral::Hint(data)) => self.pass_on(&channel, &data).await?,
                Item::Ephemeral(..) => {}
            }
        }
        Ok(())
    }

    /// Passes an event on, if it is one that is shown; of the user's own channel only that they joined a room, which is followed then.
    async fn pass_on(&mut self, channel: &Channel, data: &Payload) -> Result<(), End> {
        let Ok(event) = data.to_value::<Event<'_>>() else {
            return Ok(());
        };
        if !EVENTS.contains(&event.event) {
            return Ok(());
        }
        if !matches!(channel.kind(), ChannelKind::User(_)) {
            return self.give(data.clone()).await;
        }
        if event.event != JOINED {
            return Ok(());
        }
        self.give(data.clone()).await?;
        match event.data.chat_id.and_then(|id| id.parse().ok()) {
            Some(room) => self.joined(room).await,
            None => Ok(()),
        }
    }

    async fn joined(&mut self, room: RoomId) -> Result<(), End> {
        let (first, last) = match self.follow_room(room).await {
            Ok(range) => range,
            Err(error) => {
                tracing::warn!(%room, %error, "a joined room can't be followed");
                return Err(End::Behind);
            }
        };
        if first > last {
            return Ok(());
        }
        let first = first.max(last.saturating_sub(SUBSCRIPTIONS_CATCH_UP_MAX));
        let channel = Channel::of_room(room);
        let missed = self
            .engine
            .relays
            .read(&channel, first, last)
            .await
            .map_err(|_| End::Behind)?;
        for entry in missed {
            self.give(entry.data.clone()).await?;
        }
        Ok(())
    }

    async fn give(&self, payload: Payload) -> Result<(), End> {
        self.payloads.send(payload).await.map_err(|_| End::Gone)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for (_, followed) in self.followed.drain() {
            self.engine.relays.detach(&followed.relay, &self.inbox);
        }
    }
}

fn unavailable(error: storage::StoreError) -> Error {
    tracing::warn!(%error, "a user's rooms can't be read");
    ErrorCode::Unavailable.into()
}
