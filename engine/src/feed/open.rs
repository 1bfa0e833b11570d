//! A feed begins, and takes further rooms in.

use std::{collections::HashMap, sync::Arc};

use protocol::{Error, ErrorCode, RoomId, payload::Payload};

use super::{Feed, Followed};
use crate::{Caller, Channel, Engine, access, failure, limits::FEED_ROOMS_MAX};

/// Rooms that one read of the user's list gives.
const PAGE: usize = 200;

impl Feed {
    /// Follows the user's own channel and the rooms with the newest activity, up to [`FEED_ROOMS_MAX`].
    ///
    /// # Errors
    /// `Unauthorized` for a caller who is not signed in; `Unavailable` when the store does not answer.
    pub async fn open(engine: &Arc<Engine>, caller: &Caller) -> Result<Self, Error> {
        if caller.is_anonymous() || caller.is_system() {
            return Err(ErrorCode::Unauthorized.into());
        }
        let mut feed = Self {
            engine: Arc::clone(engine),
            user: caller.user.clone(),
            inbox: Arc::default(),
            followed: HashMap::new(),
        };
        // The own channel first: a room that is added while the list is read is told there.
        feed.follow(Channel::of_user(&caller.user)).await?;
        let mut before = None;
        loop {
            let chats = engine
                .store
                .chats_of(&caller.user, before, PAGE)
                .await
                .map_err(failure::of_store)?;
            let is_last = chats.len() < PAGE;
            before = chats.last().map(|chat| (chat.last_activity_ms, chat.state.room.id));
            for chat in &chats {
                feed.follow_room(chat.state.room.id).await?;
            }
            if is_last || feed.followed.len() > FEED_ROOMS_MAX {
                return Ok(feed);
            }
        }
    }

    /// Follows a room that the user is in. Membership is asked for after the feed follows: a later removal is an entry that it sees.
    pub(super) async fn follow_room(&mut self, room: RoomId) -> Result<(), Error> {
        let channel = Channel::of_room(room);
        if self.followed.contains_key(&channel) || self.followed.len() > FEED_ROOMS_MAX {
            return Ok(());
        }
        let caller = Caller::person(self.user.clone(), storage::UserRole::User, None);
        let followed = self.follow(channel.clone()).await;
        let allowed = match followed {
            Ok(()) => access::may_listen(&self.engine, &caller, &channel).await,
            Err(error) => Err(error),
        };
        match allowed {
            Err(error) if error.code == ErrorCode::UnknownChannel => {
                self.let_go(&channel);
                Ok(())
            }
            other => other,
        }
    }

    /// Follows a room that the user was added to a moment ago, and gives what happened there since.
    pub(super) async fn join(&mut self, room: RoomId) -> Result<Vec<Payload>, Error> {
        self.follow_room(room).await?;
        let channel = Channel::of_room(room);
        let Some(last) = self.followed.get(&channel).map(|followed| followed.seq) else {
            return Ok(Vec::new());
        };
        let member = self
            .engine
            .store
            .member(room, &self.user)
            .await
            .map_err(failure::of_store)?;
        let Some(member) = member.filter(|member| member.joined_seq < last) else {
            return Ok(Vec::new());
        };
        let missed = self.engine.relays.read(&channel, member.joined_seq + 1, last).await;
        Ok(missed
            .map_err(failure::of_store)?
            .into_iter()
            .map(|entry| entry.data.clone())
            .collect())
    }

    async fn follow(&mut self, channel: Channel) -> Result<(), Error> {
        let now_ms = self.engine.clock.now_ms();
        let attachment = self.engine.relays.attach(&channel, &self.inbox, now_ms).await?;
        let followed = Followed {
            relay: attachment.relay,
            epoch: attachment.epoch,
            seq: attachment.seq,
            ephemeral_next: attachment.ephemeral_next,
        };
        self.followed.insert(channel, followed);
        Ok(())
    }

    pub(super) fn let_go(&mut self, channel: &Channel) {
        if let Some(followed) = self.followed.remove(channel) {
            self.engine.relays.detach(&followed.relay, &self.inbox);
        }
    }
}
