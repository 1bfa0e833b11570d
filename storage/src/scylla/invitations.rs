//! Invitations. A code is claimed before its room's row is written, and a claim counts only if that row has the code.

use async_trait::async_trait;
use protocol::RoomId;

use super::{
    ScyllaStore, Shared,
    client::Client,
    failure::{Fault, Result},
};
use crate::{Invitation, InvitationRepository, StoreError};

/// Code and time of a room's invitation.
type InvitationRow = (String, i64);

#[async_trait]
impl InvitationRepository for ScyllaStore {
    async fn create_invitation(&self, new: Invitation) -> Result<Invitation, StoreError> {
        let shared = self.shared();
        self.spawn(async move { create(&shared, new).await }).await
    }

    async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        let client = &self.shared().client;
        let claim = client.acknowledged_row::<(i64,)>(&client.statements.room_of_code, (code,));
        let Some((room,)) = claim.await? else {
            return Ok(None);
        };
        let invitation = self.invitation_of(RoomId::from_key(room)).await?;
        Ok(invitation.filter(|invitation| invitation.code == code))
    }

    async fn invitation_of(&self, room: RoomId) -> Result<Option<Invitation>, StoreError> {
        let client = &self.shared().client;
        let found = client
            .acknowledged_row::<InvitationRow>(&client.statements.invitation, (room.key(),))
            .await?;
        Ok(found.map(|row| invitation(room, row)))
    }

    async fn end_invitation(&self, room: RoomId) -> Result<bool, StoreError> {
        let shared = self.shared();
        self.spawn(async move { end(&shared, room).await }).await
    }
}

fn invitation(room: RoomId, (code, created_ms): InvitationRow) -> Invitation {
    Invitation { room, code, created_ms }
}

/// The room's invitation, after an answer that does not say.
async fn for_certain(client: &Client, room: RoomId) -> Result<Option<Invitation>> {
    let found = client
        .row::<InvitationRow>(&client.statements.invitation, (room.key(),))
        .await?;
    Ok(found.map(|row| invitation(room, row)))
}

async fn create(shared: &Shared, new: Invitation) -> Result<Invitation> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let _turn = shared.turn(&new.room).await;
    if let Some(counts) = for_certain(client, new.room).await? {
        return Ok(counts);
    }
    claim(client, &new).await?;
    let values = (new.room.key(), new.code.as_str(), new.created_ms);
    match client.condition(&statements.insert_invitation, values).await {
        Ok(true) => return Ok(new),
        Ok(false) | Err(Fault::Unknown(_)) => {}
        Err(fault) => return Err(fault),
    }
    let counts = for_certain(client, new.room).await?;
    let counts = counts.ok_or_else(|| Fault::Unavailable("an invitation could not be stored yet".to_owned()))?;
    if counts.code != new.code {
        release(client, &new).await?;
    }
    Ok(counts)
}

async fn claim(client: &Client, new: &Invitation) -> Result<()> {
    let values = (new.code.as_str(), new.room.key());
    let is_claimed = match client.condition(&client.statements.claim_code, values).await {
        Ok(true) => true,
        // It may be this room's from a creation that broke off.
        Ok(false) | Err(Fault::Unknown(_)) => {
            let holder = client.row::<(i64,)>(&client.statements.room_of_code, (new.code.as_str(),));
            holder.await? == Some((new.room.key(),))
        }
        Err(fault) => return Err(fault),
    };
    if is_claimed {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

/// Gives a code free. One that stays behind does no harm.
async fn release(client: &Client, old: &Invitation) -> Result<()> {
    let values = (old.code.as_str(), old.room.key());
    match client.condition(&client.statements.release_code, values).await {
        Ok(_) | Err(Fault::Unknown(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

async fn end(shared: &Shared, room: RoomId) -> Result<bool> {
    let client = &shared.client;
    let _turn = shared.turn(&room).await;
    let Some(old) = for_certain(client, room).await? else {
        return Ok(false);
    };
    let values = (room.key(), old.code.as_str());
    let is_ended = match client.condition(&client.statements.delete_invitation, values).await {
        Err(Fault::Unknown(_)) => for_certain(client, room).await?.is_none(),
        other => other?,
    };
    if !is_ended {
        return Err(Fault::Unavailable("an invitation could not be ended yet".to_owned()));
    }
    release(client, &old).await?;
    Ok(true)
}
