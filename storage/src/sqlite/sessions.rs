//! Logins: refresh tokens are replaced at each use, and a replaced one that comes back ends its login.

use protocol::UserId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::{failure::Fault, options::REPLACED_TOKENS_MAX, rows};
use crate::{AuthSession, RefreshOutcome, StoreError};

pub(super) const SESSION: &str = "session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent";

pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<AuthSession> {
    Ok(AuthSession {
        id: rows::uuid(row, 0)?,
        user: rows::user(row, 1)?,
        refresh_hash: rows::hash(row, 2)?,
        created_ms: row.get(3)?,
        refreshed_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        agent: row.get(6)?,
    })
}

pub(super) fn by_id(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<AuthSession>> {
    connection
        .prepare_cached(&format!("SELECT {SESSION} FROM auth_sessions WHERE session = ?1"))?
        .query_row([id.as_bytes()], session)
        .optional()
}

pub(super) fn of_user(connection: &Connection, user: &UserId, now_ms: i64) -> rusqlite::Result<Vec<AuthSession>> {
    connection
        .prepare_cached(&format!(
            "SELECT {SESSION} FROM auth_sessions WHERE user = ?1 AND expires_ms > ?2 \
             ORDER BY created_ms DESC, session DESC"
        ))?
        .query_map(params![user.as_str(), now_ms], session)?
        .collect()
}

/// Stores a login. The user's logins whose time is over go: nobody has to look for them.
pub(super) fn create(connection: &Connection, new: &AuthSession) -> Result<(), Fault> {
    let over: Vec<Uuid> = connection
        .prepare_cached("SELECT session FROM auth_sessions WHERE user = ?1 AND expires_ms <= ?2")?
        .query_map(params![new.user.as_str(), new.created_ms], |row| rows::uuid(row, 0))?
        .collect::<Result<_, _>>()?;
    for id in over {
        end(connection, id)?;
    }
    let token = insert_token(connection, &new.refresh_hash, new.id, 0)?;
    let login = insert(connection, new)?;
    if !token || !login {
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

/// Writes a login alone; false: one with its id is there.
pub(super) fn insert(connection: &Connection, new: &AuthSession) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO auth_sessions (session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.user.as_str(),
            new.refresh_hash,
            new.created_ms,
            new.refreshed_ms,
            new.expires_ms,
            new.agent,
        ])?;
    Ok(inserted > 0)
}

/// Writes a login's token: the one in force (0) or one that was replaced (numbered from 1). False: it is there.
pub(super) fn insert_token(
    connection: &Connection,
    hash: &[u8; 32],
    login: Uuid,
    replaced: u64,
) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO refresh_hashes (refresh_hash, session, replaced) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![hash, login.as_bytes(), rows::signed(replaced)])?;
    Ok(inserted > 0)
}

pub(super) fn rotate(
    connection: &Connection,
    presented: [u8; 32],
    next: [u8; 32],
    now_ms: i64,
    expires_ms: i64,
) -> Result<RefreshOutcome, Fault> {
    let owner = connection
        .prepare_cached("SELECT session, replaced FROM refresh_hashes WHERE refresh_hash = ?1")?
        .query_row([presented], |row| Ok((rows::uuid(row, 0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let Some((id, replaced)) = owner else {
        return Ok(RefreshOutcome::Unknown);
    };
    let Some(login) = by_id(connection, id)? else {
        return Ok(RefreshOutcome::Unknown);
    };
    if replaced > 0 {
        end(connection, id)?;
        return Ok(RefreshOutcome::Reused);
    }
    if login.expires_ms <= now_ms {
        end(connection, id)?;
        return Ok(RefreshOutcome::Unknown);
    }
    replace_token(connection, id, presented, next)?;
    connection
        .prepare_cached(
            "UPDATE auth_sessions SET refresh_hash = ?2, refreshed_ms = ?3, expires_ms = ?4 WHERE session = ?1",
        )?
        .execute(params![id.as_bytes(), next, now_ms, expires_ms])?;
    Ok(RefreshOutcome::Rotated(AuthSession {
        refresh_hash: next,
        refreshed_ms: now_ms,
        expires_ms,
        ..login
    }))
}

fn replace_token(connection: &Connection, id: Uuid, old: [u8; 32], next: [u8; 32]) -> Result<(), Fault> {
    let number: i64 = connection
        .prepare_cached("SELECT max(replaced) + 1 FROM refresh_hashes WHERE session = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE refresh_hashes SET replaced = ?2 WHERE refresh_hash = ?1")?
        .execute(params![old, number])?;
    connection
        .prepare_cached("DELETE FROM refresh_hashes WHERE session = ?1 AND replaced > 0 AND replaced <= ?2")?
        .execute(params![id.as_bytes(), number - REPLACED_TOKENS_MAX])?;
    if !insert_token(connection, &next, id, 0)? {
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

/// Ends a login of this user; whether there was one.
pub(super) fn end_own(connection: &Connection, user: &UserId, id: Uuid) -> Result<bool, Fault> {
    let is_own = by_id(connection, id)?.is_some_and(|login| login.user == *user);
    if is_own {
        end(connection, id)?;
    }
    Ok(is_own)
}

fn end(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    for table in ["auth_sessions", "refresh_hashes"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE session = ?1"))?
            .execute([id.as_bytes()])?;
    }
    Ok(())
}
