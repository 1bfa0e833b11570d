//! What other back ends may do and no client: the server API in the gateway calls this, always on behalf of the system.
//!
//! Who calls has shown the server's key, so nobody's rights are asked here; only whether the thing is there.

use protocol::{
    Epoch, Error, ErrorCode, RoomId, UserId,
    client::{HistoryRequest, HistoryResult},
    payload::Payload,
};
use storage::{Permit, RoomKind, UserEntry, UserFact};

use crate::{Caller, Channel, ChannelKind, Engine, failure, session};

impl Engine {
    /// Whether the channel can be spoken of: a chat that is not deleted, a user with an account, or any open channel.
    ///
    /// # Errors
    /// `UnknownChannel` when there is no such chat or user; `Unavailable` when the store does not answer.
    pub async fn require_channel(&self, channel: &Channel) -> Result<(), Error> {
        let is_there = match channel.kind() {
            ChannelKind::Room(room) => {
                let state = self.store.room(room).await.map_err(failure::of_store)?;
                // An open channel has one name only: it is not there by its id.
                state.is_some_and(|state| !state.room.deleted && state.room.kind != RoomKind::Channel)
            }
            ChannelKind::User(user) => self.store.user(&user).await.map_err(failure::of_store)?.is_some(),
            ChannelKind::Open => true,
            ChannelKind::Nothing => false,
        };
        is_there.then_some(()).ok_or_else(|| ErrorCode::UnknownChannel.into())
    }

    /// One page of any channel's log.
    ///
    /// # Errors
    /// `UnknownChannel`, or `UnrecoverablePosition` for a place in another epoch.
    pub async fn history_of(&self, channel: &Channel, request: &HistoryRequest) -> Result<HistoryResult, Error> {
        self.require_channel(channel).await?;
        session::history_page(self, &Caller::system(), request).await
    }

    /// Deletes every entry of a chat's or open channel's log; offsets go on from where they were, under a new epoch. Listeners begin anew.
    ///
    /// # Errors
    /// `UnknownChannel`; `NotAvailable` for a user's own channel, whose facts are kept.
    pub async fn remove_history(&self, channel: &Channel) -> Result<(), Error> {
        self.require_channel(channel).await?;
        match channel.kind() {
            ChannelKind::Room(room) => self.purge(channel, room).await,
            ChannelKind::Open => {
                let known = self.store.channel(channel.as_str()).await.map_err(failure::of_store)?;
                match known {
                    Some(room) => self.purge(channel, room.id).await,
                    // Nobody has used it yet.
                    None => Ok(()),
                }
            }
            ChannelKind::User(_) => Err(ErrorCode::NotAvailable.into()),
            ChannelKind::Nothing => Err(ErrorCode::UnknownChannel.into()),
        }
    }

    /// The room's actor need not know beforehand: the store compares the epoch of every append, and an actor whose epoch is over reads its log
    /// anew and appends what waits behind the purge.
    async fn purge(&self, channel: &Channel, room: RoomId) -> Result<(), Error> {
        let permit = Permit::take_over(&std::sync::Arc::default());
        let purged = self
            .store
            .purge_log(room, &permit)
            .await
            .map_err(failure::of_store)?
            .head;
        self.relays.warm.forget(room);
        self.relays.reset(channel, purged.epoch, purged.seq);
        // What was appended under the new epoch before the relay knew of it was dropped there.
        let now = self.store.room(room).await.map_err(failure::of_store)?;
        let followed = self.relays.get(channel).and_then(|relay| relay.position());
        if let (Some(state), Some((_, seq))) = (now, followed)
            && seq < state.head.seq
        {
            self.relays.reset(channel, state.head.epoch, state.head.seq);
        }
        Ok(())
    }

    /// Stores a fact in a user's own log and shows it to their devices; gives its place once it is durable.
    ///
    /// # Errors
    /// `UnknownChannel` when there is no such user; `Unavailable` when the store does not answer.
    pub async fn publish_fact(&self, user: &UserId, data: Payload) -> Result<(u64, Epoch), Error> {
        self.require_channel(&Channel::of_user(user)).await?;
        let time_ms = self.clock.now_ms();
        let body = data.bytes();
        let fact = UserFact {
            user: user.clone(),
            body: body.clone(),
        };
        let seqs = self
            .store
            .append_facts(vec![fact], time_ms)
            .await
            .map_err(failure::of_store)?;
        let seq = *seqs.first().ok_or(ErrorCode::Internal)?;
        let head = self.store.user_log_head(user).await.map_err(failure::of_store)?;
        self.relays
            .publish_user(user, head.epoch, UserEntry { seq, time_ms, body });
        Ok((seq, head.epoch))
    }
}
