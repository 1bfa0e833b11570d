//! A shard begins to follow a channel.
//!
//! The relay stands in the directory before the log's end is read, so what is committed in between is not missed: it waits as "early" and is
//! taken in, or dropped as already counted, once the end is known.

use std::sync::Arc;

use protocol::{Epoch, Error, ErrorCode, RoomId};
use storage::{LogHead, NewRoom, RoomCreated, RoomKind, StoreError};

use super::{Inbox, Relay, Relays, state::Attached, state::Place};
use crate::{Channel, ChannelKind};

/// A relay that a shard follows from a place on.
#[derive(Debug)]
pub struct Attachment {
    /// The relay.
    pub relay: Arc<Relay>,
    /// The log's identity.
    pub epoch: Epoch,
    /// The last seq that came before the shard was attached.
    pub seq: u64,
    /// The index of the next short-lived frame.
    pub ephemeral_next: u64,
}

impl Relays {
    /// Attaches a shard to a channel. An open channel that is not there yet is created.
    ///
    /// # Errors
    /// [`ErrorCode::UnknownChannel`] when there is no such room; [`ErrorCode::Unavailable`] when the store does not answer.
    pub async fn attach(&self, channel: &Channel, inbox: &Arc<Inbox>, now_ms: i64) -> Result<Attachment, Error> {
        let hold = self.hold(channel);
        let relay = &hold.relay;
        let opened = relay.opened.get_or_try_init(|| self.open(relay, now_ms)).await;
        opened.map(|()| {
            let mut state = relay.lock();
            if !state
                .attached
                .iter()
                .any(|attached| Arc::ptr_eq(&attached.inbox, inbox))
            {
                state.attached.push(Attached {
                    inbox: Arc::clone(inbox),
                    is_dirty: false,
                });
            }
            let place = state.place.expect("an opened relay has a place");
            Attachment {
                relay: Arc::clone(relay),
                epoch: place.epoch,
                seq: place.seq,
                ephemeral_next: state.ephemeral_next,
            }
        })
    }

    async fn open(&self, relay: &Arc<Relay>, now_ms: i64) -> Result<(), Error> {
        let place = self.log_end(relay, now_ms).await?;
        self.settle(relay, place);
        Ok(())
    }

    async fn log_end(&self, relay: &Relay, now_ms: i64) -> Result<Place, Error> {
        let channel = &relay.channel;
        let of_head = |head: &LogHead| Place {
            epoch: head.epoch,
            seq: head.seq,
        };
        match channel.kind() {
            ChannelKind::Room(room) => match self.store.room(room).await.map_err(unavailable)? {
                Some(state) if !state.room.deleted => Ok(of_head(&state.head)),
                _ => Err(ErrorCode::UnknownChannel.into()),
            },
            ChannelKind::User(user) => {
                let head = self.store.user_log_head(&user).await.map_err(unavailable)?;
                Ok(Place {
                    epoch: head.epoch,
                    seq: head.seq,
                })
            }
            ChannelKind::Open => {
                let new = NewRoom {
                    id: RoomId::generate(now_ms),
                    kind: RoomKind::Channel,
                    name: channel.as_str().to_owned(),
                    initiator: None,
                    members: Vec::new(),
                    epoch: Epoch::generate(),
                    now_ms,
                };
                match self.store.create_room(new).await.map_err(unavailable)? {
                    RoomCreated::New(state) | RoomCreated::Existing(state) => {
                        // Whoever opens it a second time finds the same room.
                        let _ = relay.room.set(state.room.id);
                        Ok(of_head(&state.head))
                    }
                }
            }
            ChannelKind::Nothing => Err(ErrorCode::UnknownChannel.into()),
        }
    }
}

fn unavailable(error: StoreError) -> Error {
    tracing::warn!(%error, "the log's end could not be read");
    ErrorCode::Unavailable.into()
}
