//! Rooms: creating, finding, purging.
//!
//! A room's own row comes first and carries all that a creation consists of; then the name or pair is claimed; what is derived comes last,
//! and is ended by whoever meets the room next if it broke off. A room whose claim was lost is in no list and nobody finds it.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use protocol::{RoomId, UserId};

use super::{
    ScyllaStore, Shared,
    cells::{Cell, Known},
    connect::Pauses,
    failure::{Fault, Result},
    options::{APPEND_PATIENCE, CALL_STATEMENTS_AT_ONCE, RETRY_PAUSE, RETRY_PAUSE_MAX},
    purge, settle,
};
use crate::{
    AppendError, LogStart, NewRoom, Permit, Room, RoomCreated, RoomKind, RoomRepository, RoomState, StoreError,
};

#[async_trait]
impl RoomRepository for ScyllaStore {
    async fn create_room(&self, room: NewRoom) -> Result<RoomCreated, StoreError> {
        let shared = self.shared();
        self.spawn(async move {
            shared.check_lease()?;
            create(&shared, room).await
        })
        .await
    }

    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        let known = settle::known(&self.shared(), room).await?;
        Ok(known.map(|known| known.state))
    }

    async fn channel(&self, name: &str) -> Result<Option<Room>, StoreError> {
        let shared = self.shared();
        let Some(room) = claimed(&shared, &Claim::Channel(name.to_owned())).await? else {
            return Ok(None);
        };
        let known = settle::known(&shared, room).await?;
        Ok(known.map(|known| known.state.room))
    }

    async fn rooms(&self, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, StoreError> {
        Ok(list(&self.shared(), kind, after, limit).await?)
    }

    async fn purge_log(&self, room: RoomId, permit: &Permit) -> Result<RoomState, StoreError> {
        let (shared, permit) = (self.shared(), permit.clone());
        self.spawn(async move {
            if !permit.is_valid() {
                return Err(Fault::Refused(StoreError::Failed(AppendError::Fenced.to_string())));
            }
            shared.check_lease()?;
            purge::purge(&shared, room).await
        })
        .await
    }
}

/// What is given to one room only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Claim {
    /// The chat of two people, the lesser id first. A chat with oneself is a pair of one.
    Pair(String, String),
    /// A channel's name.
    Channel(String),
}

fn claim_of(new: &NewRoom) -> Result<Option<Claim>> {
    let users: Vec<&UserId> = new.members.iter().map(|(user, _)| user).collect();
    let pair = |low: &UserId, high: &UserId| Claim::Pair(low.as_str().to_owned(), high.as_str().to_owned());
    match (new.kind, users.as_slice()) {
        (RoomKind::Group, _) => Ok(None),
        (RoomKind::Channel, _) => Ok(Some(Claim::Channel(new.name.clone()))),
        (RoomKind::Direct, [only]) => Ok(Some(pair(only, only))),
        (RoomKind::Direct, [one, other]) => Ok(Some(pair(one.min(other), one.max(other)))),
        (RoomKind::Direct, _) => Err(Fault::Broken("a direct chat has two members".to_owned())),
    }
}

/// The room that has been given a claim.
async fn claimed(shared: &Shared, claim: &Claim) -> Result<Option<RoomId>> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let found = match claim {
        Claim::Pair(low, high) => {
            let values = (low, high);
            client
                .acknowledged_row::<(i64,)>(&statements.direct_room, values)
                .await?
        }
        Claim::Channel(name) => client.acknowledged_row::<(i64,)>(&statements.channel, (name,)).await?,
    };
    Ok(found.map(|(room,)| RoomId::from_key(room)))
}

/// The same for whoever claims, and may have claimed without an answer.
async fn claimed_for_certain(shared: &Shared, claim: &Claim) -> Result<Option<RoomId>> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let found = match claim {
        Claim::Pair(low, high) => client.row::<(i64,)>(&statements.direct_room, (low, high)).await?,
        Claim::Channel(name) => client.row::<(i64,)>(&statements.channel, (name,)).await?,
    };
    Ok(found.map(|(room,)| RoomId::from_key(room)))
}

async fn create(shared: &Arc<Shared>, new: NewRoom) -> Result<RoomCreated> {
    let claim = claim_of(&new)?;
    // Two of this node that want the same go one after the other.
    let _turn = match &claim {
        Some(claim) => Some(shared.turn(claim).await),
        None => None,
    };
    if let Some(claim) = &claim
        && let Some(state) = holder(shared, claim).await?
    {
        return Ok(RoomCreated::Existing(state));
    }
    let cell = shared.cells.get(new.id);
    let mut owner = cell.owner.lock().await;
    insert(shared, &new).await?;
    if let Some(claim) = &claim
        && let Some(existing) = take(shared, claim, new.id).await?
    {
        return Ok(RoomCreated::Existing(existing));
    }
    let state = derive(shared, &cell, &new).await?;
    settle::settle_new(&cell, &mut owner, state.clone());
    Ok(RoomCreated::New(state))
}

/// The room that holds a claim already; one that is deleted holds none.
async fn holder(shared: &Shared, claim: &Claim) -> Result<Option<RoomState>> {
    let Some(room) = claimed(shared, claim).await? else {
        return Ok(None);
    };
    let known = settle::known(shared, room).await?;
    Ok(known.map(|known| known.state).filter(|state| !state.room.deleted))
}

/// First members, everybody once, with the first role that was given.
fn first_members(new: &NewRoom) -> Vec<(String, u8)> {
    let mut members: Vec<(String, u8)> = Vec::new();
    for (user, role) in &new.members {
        if members.iter().all(|(known, _)| known != user.as_str()) {
            members.push((user.as_str().to_owned(), *role as u8));
        }
    }
    members
}

/// Writes the room's own row.
async fn insert(shared: &Shared, new: &NewRoom) -> Result<()> {
    let (client, epoch) = (&shared.client, shared.salt.stored(new.epoch));
    let members = rmp_serde::to_vec(&first_members(new)).map_err(|error| Fault::Broken(error.to_string()))?;
    let values = (
        new.id.key(),
        new.kind as i8,
        new.name.as_str(),
        new.initiator.as_ref().map(UserId::as_str),
        new.now_ms,
        epoch,
        members,
    );
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    for _ in 0..8 {
        match client.condition(&client.statements.insert_room, &values).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(StoreError::Conflict.into()),
            Err(Fault::Unknown(_)) => {}
            Err(fault) => return Err(fault),
        }
        if let Some(stored) = epoch_of(shared, new.id).await? {
            return if stored == epoch {
                Ok(())
            } else {
                Err(StoreError::Conflict.into())
            };
        }
        tokio::time::sleep(pauses.next()).await;
    }
    Err(Fault::Unavailable("a room could not be created yet".to_owned()))
}

async fn epoch_of(shared: &Shared, room: RoomId) -> Result<Option<i64>> {
    let client = &shared.client;
    let found = client
        .row::<settle::RoomRow>(&client.statements.room, (room.key(),))
        .await?;
    Ok(found.map(|row| row.4))
}

/// Takes a claim for a room; gives the room that has it if somebody else was first.
async fn take(shared: &Shared, claim: &Claim, room: RoomId) -> Result<Option<RoomState>> {
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    let patience = tokio::time::Instant::now() + APPEND_PATIENCE;
    loop {
        match try_take(shared, claim, room).await {
            Ok(true) => return Ok(None),
            Ok(false) | Err(Fault::Unknown(_)) => {}
            Err(fault) => return Err(fault),
        }
        match claimed_for_certain(shared, claim).await? {
            Some(found) if found == room => return Ok(None),
            Some(found) => {
                let known = settle::known(shared, found).await?;
                if let Some(state) = known.map(|known| known.state).filter(|state| !state.room.deleted) {
                    return Ok(Some(state));
                }
            }
            None => {}
        }
        if tokio::time::Instant::now() > patience {
            return Err(Fault::Unavailable("a name could not be claimed yet".to_owned()));
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

async fn try_take(shared: &Shared, claim: &Claim, room: RoomId) -> Result<bool> {
    let (client, statements, key) = (&shared.client, &shared.client.statements, room.key());
    let before = claimed_for_certain(shared, claim).await?.map(RoomId::key);
    match (claim, before) {
        (Claim::Pair(low, high), None) => client.condition(&statements.claim_direct_room, (low, high, key)).await,
        // Its chat is deleted: the pair gets a new one.
        (Claim::Pair(low, high), Some(from)) => {
            client
                .condition(&statements.replace_direct_room, (key, low, high, from))
                .await
        }
        (Claim::Channel(name), _) => client.condition(&statements.claim_channel, (name, key)).await,
    }
}

/// Writes what follows from a creation.
async fn derive(shared: &Shared, cell: &Cell, new: &NewRoom) -> Result<RoomState> {
    let members = first_members(new);
    let count = members.len() as u64;
    let encoded = rmp_serde::to_vec(&members).map_err(|error| Fault::Broken(error.to_string()))?;
    let row = (
        new.kind as i8,
        new.name.clone(),
        new.initiator.as_ref().map(|user| user.as_str().to_owned()),
        new.now_ms,
        shared.salt.stored(new.epoch),
        1,
        Some(encoded),
        None,
    );
    settle::create_derived(shared, cell.room, &row).await?;
    Ok(RoomState {
        room: Room {
            id: new.id,
            kind: new.kind,
            name: new.name.clone(),
            initiator: new.initiator.clone(),
            created_ms: new.now_ms,
            deleted: false,
            members_count: count,
            retention_days: None,
        },
        start: LogStart::default(),
        head: settle::empty_head(new.epoch),
    })
}

/// Ids of rooms of these kinds in order, from behind `after`.
pub(super) async fn ids(
    shared: &Shared,
    kinds: &[RoomKind],
    after: Option<RoomId>,
    limit: usize,
) -> Result<Vec<RoomId>> {
    let client = &shared.client;
    let after = after.map_or(i64::MIN, RoomId::key);
    let limit_once = i32::try_from(limit).unwrap_or(i32::MAX);
    let parts = kinds.iter().flat_map(|kind| {
        let kind = *kind as i8;
        (0..settle::KIND_PARTS).map(move |part| {
            let values = (kind, part, after, limit_once);
            client.rows::<(i64,)>(&client.statements.rooms_by_kind, values)
        })
    });
    let found = try_join_all(parts).await?;
    let mut ids: Vec<i64> = found.into_iter().flatten().map(|(room,)| room).collect();
    ids.sort_unstable();
    ids.truncate(limit);
    Ok(ids.into_iter().map(RoomId::from_key).collect())
}

async fn list(shared: &Shared, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>> {
    let ids = ids(shared, &[kind], after, limit).await?;
    let known: Vec<Option<Known>> = stream::iter(ids)
        .map(|room| settle::known(shared, room))
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(known.into_iter().flatten().map(|known| known.state.room).collect())
}
