//! How an incarnation gets its log: from storage, never from an earlier incarnation.

use std::time::Duration;

use protocol::{Epoch, RoomId, UserId};
use storage::{LogHead, NewRoom, Room, RoomCreated, RoomKind, RoomState, StoreError};

use super::{Desk, members::Members};
use crate::{ChannelKind, limits::OPEN_RETRY_PAUSE};

/// A room's log as its owner knows it.
pub(super) struct Log {
    /// The room, as of the last commit.
    pub(super) room: Room,
    /// The log's end, as of the last commit.
    pub(super) head: LogHead,
    /// Members that were looked up.
    pub(super) members: Members,
}

/// What opening found.
pub(super) enum Opened {
    /// The log.
    Here(Box<Log>),
    /// There is no such room.
    Absent,
    /// Storage failed.
    Failed,
}

/// Opens the room's log, after every append that was handed over earlier has ended. An open channel is made at its first need.
pub(super) async fn open(desk: &Desk) -> Opened {
    loop {
        match desk.storing(try_open(desk)).await {
            Ok(Some(RoomState { room, head, .. })) => {
                let rosters = &desk.shared.relays.warm.rosters;
                rosters.opened(room.id, desk.permit.incarnation(), &head);
                return Opened::Here(Box::new(Log {
                    room,
                    head,
                    members: Members::default(),
                }));
            }
            Ok(None) => return Opened::Absent,
            Err(StoreError::Busy) => pause(OPEN_RETRY_PAUSE).await,
            Err(error) => {
                tracing::error!(channel = %desk.cell.channel, %error, "a room's log can not be opened");
                return Opened::Failed;
            }
        }
    }
}

async fn pause(time: Duration) {
    actix::clock::sleep(time).await;
}

async fn try_open(desk: &Desk) -> Result<Option<RoomState>, StoreError> {
    match desk.cell.channel.kind() {
        ChannelKind::Room(id) => {
            let state = desk.shared.store.open_log(id, &desk.permit).await?;
            // An open channel has one name only: by its id it would have two owners.
            Ok(state.filter(|state| state.room.kind != RoomKind::Channel))
        }
        ChannelKind::Open => {
            let id = channel_id(desk).await?;
            desk.shared.store.open_log(id, &desk.permit).await
        }
        ChannelKind::User(_) | ChannelKind::Nothing => Ok(None),
    }
}

async fn channel_id(desk: &Desk) -> Result<RoomId, StoreError> {
    let store = &desk.shared.store;
    let name = desk.cell.channel.as_str();
    if let Some(room) = store.channel(name).await? {
        return Ok(room.id);
    }
    let now_ms = desk.shared.clock.now_ms();
    loop {
        let created = store.create_room(new_channel(name, now_ms)).await;
        match created {
            Ok(RoomCreated::New(state) | RoomCreated::Existing(state)) => return Ok(state.room.id),
            // Another room has this random id.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
}

fn new_channel(name: &str, now_ms: i64) -> NewRoom {
    let nobody: Option<UserId> = None;
    NewRoom {
        id: RoomId::generate(now_ms),
        kind: RoomKind::Channel,
        name: name.to_owned(),
        initiator: nobody,
        members: Vec::new(),
        epoch: Epoch::generate(),
        now_ms,
    }
}
