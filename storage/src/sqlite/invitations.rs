//! Invitations.

use async_trait::async_trait;
use protocol::RoomId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{SqliteStore, failure::Fault};
use crate::{Invitation, InvitationRepository, StoreError};

/// The columns that [`invitation`] reads.
pub(super) const INVITATION: &str = "room, code, created_ms";

#[async_trait]
impl InvitationRepository for SqliteStore {
    async fn create_invitation(&self, new: Invitation) -> Result<Invitation, StoreError> {
        self.write(move |context| create(context.connection, &new)).await
    }

    async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        let code = code.to_owned();
        self.read(move |context| {
            let query = format!("SELECT {INVITATION} FROM invitations WHERE code = ?1");
            let mut statement = context.connection.prepare_cached(&query)?;
            Ok(statement.query_row([code], invitation).optional()?)
        })
        .await
    }

    async fn invitation_of(&self, room: RoomId) -> Result<Option<Invitation>, StoreError> {
        self.read(move |context| Ok(of_room(context.connection, room)?)).await
    }

    async fn end_invitation(&self, room: RoomId) -> Result<bool, StoreError> {
        self.write(move |context| {
            let mut statement = context
                .connection
                .prepare_cached("DELETE FROM invitations WHERE room = ?1")?;
            Ok(statement.execute([room.key()])? > 0)
        })
        .await
    }
}

/// A row of these columns.
pub(super) fn invitation(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        room: RoomId::from_key(row.get(0)?),
        code: row.get(1)?,
        created_ms: row.get(2)?,
    })
}

fn of_room(connection: &Connection, room: RoomId) -> rusqlite::Result<Option<Invitation>> {
    connection
        .prepare_cached(&format!("SELECT {INVITATION} FROM invitations WHERE room = ?1"))?
        .query_row([room.key()], invitation)
        .optional()
}

fn create(connection: &Connection, new: &Invitation) -> Result<Invitation, Fault> {
    insert(connection, new)?;
    // Without one of its own, another room has the code.
    let counts = of_room(connection, new.room)?;
    counts.ok_or_else(|| StoreError::Conflict.into())
}

/// Writes an invitation where neither its room has one nor its code is taken.
pub(super) fn insert(connection: &Connection, new: &Invitation) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO invitations (room, code, created_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![new.room.key(), new.code, new.created_ms])?;
    Ok(())
}
