//! Users; their logins are in `sessions`.

use async_trait::async_trait;
use protocol::UserId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::{
    SqliteStore,
    failure::Fault,
    rows::{self, signed},
    search, sessions,
};
use crate::{AccountRepository, AuthSession, Origin, RefreshOutcome, StoreError, User, UserChange, UserRole};

pub(super) const USER: &str = "u.user, u.username, u.password_hash, u.origin, u.role, u.info, u.status, u.created_ms";

#[async_trait]
impl AccountRepository for SqliteStore {
    async fn create_user(&self, user: User) -> Result<(), StoreError> {
        self.write(move |context| create(context.connection, &user)).await
    }

    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(by_id(context.connection, &user)?)).await
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let name = username.to_lowercase();
        self.read(move |context| {
            let query = format!("SELECT {USER} FROM users_by_name n JOIN users u ON u.user = n.user WHERE n.name = ?1");
            let mut statement = context.connection.prepare_cached(&query)?;
            Ok(statement.query_row([name], read_user).optional()?)
        })
        .await
    }

    async fn users_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<User>, StoreError> {
        let first = prefix.to_lowercase();
        // Behind every name with the prefix: no text goes on with a greater character.
        let behind = format!("{first}{}", char::MAX);
        self.read(move |context| {
            let query = format!(
                "SELECT {USER} FROM users_by_name n JOIN users u ON u.user = n.user \
                 WHERE n.name >= ?1 AND n.name < ?2 AND u.role <> ?3 ORDER BY n.name LIMIT ?4"
            );
            let mut statement = context.connection.prepare_cached(&query)?;
            let (guest, limit) = (UserRole::Guest as u8, signed(limit as u64));
            let found = statement.query_map(params![first, behind, guest, limit], read_user)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn change_user(&self, user: &UserId, change: UserChange) -> Result<User, StoreError> {
        let user = user.clone();
        self.write(move |context| change_user(context.connection, &user, &change))
            .await
    }

    async fn create_session(&self, session: AuthSession) -> Result<(), StoreError> {
        self.write(move |context| sessions::create(context.connection, &session))
            .await
    }

    async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<RefreshOutcome, StoreError> {
        self.write(move |context| sessions::rotate(context.connection, presented, next, now_ms, expires_ms))
            .await
    }

    async fn session(&self, session: Uuid) -> Result<Option<AuthSession>, StoreError> {
        self.read(move |context| Ok(sessions::by_id(context.connection, session)?))
            .await
    }

    async fn sessions_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(sessions::of_user(context.connection, &user, now_ms)?))
            .await
    }

    async fn end_session(&self, user: &UserId, session: Uuid) -> Result<bool, StoreError> {
        let user = user.clone();
        self.write(move |context| sessions::end_own(context.connection, &user, session))
            .await
    }
}

fn origin(number: u8) -> Option<Origin> {
    [Origin::Own, Origin::Outside]
        .into_iter()
        .find(|origin| *origin as u8 == number)
}

fn user_role(number: u8) -> Option<UserRole> {
    [UserRole::Guest, UserRole::User, UserRole::Support, UserRole::Admin]
        .into_iter()
        .find(|role| *role as u8 == number)
}

pub(super) fn read_user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: rows::user(row, 0)?,
        username: row.get(1)?,
        password_hash: row.get(2)?,
        origin: rows::closed(row, 3, origin, "an origin")?,
        role: rows::closed(row, 4, user_role, "a role")?,
        info: rows::bytes(row, 5)?,
        status: row.get(6)?,
        created_ms: row.get(7)?,
    })
}

/// A user by id.
pub(super) fn by_id(connection: &Connection, user: &UserId) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {USER} FROM users u WHERE u.user = ?1"))?
        .query_row([user.as_str()], read_user)
        .optional()
}

/// Users in the order of their ids, from behind `after`.
pub(super) fn page(connection: &Connection, after: &str, limit: usize) -> rusqlite::Result<Vec<User>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {USER} FROM users u WHERE u.user > ?1 ORDER BY u.user LIMIT ?2"
    ))?;
    let found = statement.query_map(params![after, signed(limit as u64)], read_user)?;
    found.collect()
}

/// Writes a user and their name, each only where it is not there; whether both were new.
pub(super) fn insert(connection: &Connection, user: &User) -> rusqlite::Result<bool> {
    let name = user.username.to_lowercase();
    let claimed = connection
        .prepare_cached("INSERT INTO users_by_name (name, user) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")?
        .execute([name.as_str(), user.id.as_str()])?;
    let created = connection
        .prepare_cached(
            "INSERT INTO users (user, username, password_hash, origin, role, info, status, created_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (user) DO NOTHING",
        )?
        .execute(params![
            user.id.as_str(),
            user.username,
            user.password_hash,
            user.origin as u8,
            user.role as u8,
            user.info.as_ref(),
            user.status,
            user.created_ms,
        ])?;
    Ok(claimed > 0 && created > 0)
}

fn create(connection: &Connection, user: &User) -> Result<(), Fault> {
    if !insert(connection, user)? {
        return Err(StoreError::Conflict.into());
    }
    search::add_person(connection, user)?;
    Ok(())
}

fn change_user(connection: &Connection, user: &UserId, change: &UserChange) -> Result<User, Fault> {
    let before = by_id(connection, user)?;
    let changed = connection
        .prepare_cached(
            "UPDATE users SET info = coalesce(?2, info), status = coalesce(?3, status), \
             password_hash = coalesce(?4, password_hash), role = coalesce(?5, role) WHERE user = ?1",
        )?
        .execute(params![
            user.as_str(),
            change.info.as_deref(),
            change.status,
            change.password_hash,
            change.role.map(|role| role as u8),
        ])?;
    if changed == 0 {
        return Err(StoreError::NotFound.into());
    }
    let changed = by_id(connection, user)?.ok_or(Fault::Refused(StoreError::NotFound))?;
    if let Some(before) = before.filter(|before| before.info != changed.info) {
        search::remove_person(connection, &before)?;
        search::add_person(connection, &changed)?;
    }
    Ok(changed)
}
