//! Logins: refresh tokens are replaced at each use, and a replaced one that comes back ends its login.
//!
//! A token is replaced by a conditional statement on its own row: of two that present it at once, one gets through.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::UserId;
use scylla::DeserializeRow;
use uuid::Uuid;

use super::{
    client::Client,
    failure::{Fault, Result},
    options::{CALL_STATEMENTS_AT_ONCE, REPLACED_TOKENS_MAX},
    rows::{self, wrong},
};
use crate::{AuthSession, RefreshOutcome, StoreError};

/// A login as it is read.
#[derive(DeserializeRow)]
pub(super) struct SessionRow {
    session: Uuid,
    user: String,
    refresh_hash: Vec<u8>,
    created_ms: i64,
    refreshed_ms: i64,
    expires_ms: i64,
    agent: String,
}

impl SessionRow {
    pub(super) fn login(self) -> Result<AuthSession> {
        Ok(AuthSession {
            id: self.session,
            user: rows::user(&self.user)?,
            refresh_hash: self.refresh_hash.try_into().map_err(|_| wrong("a SHA-256"))?,
            created_ms: self.created_ms,
            refreshed_ms: self.refreshed_ms,
            expires_ms: self.expires_ms,
            agent: self.agent,
        })
    }
}

pub(super) async fn by_id(client: &Client, id: Uuid) -> Result<Option<AuthSession>> {
    let found = client
        .acknowledged_row::<SessionRow>(&client.statements.auth_session, (id,))
        .await?;
    found.map(SessionRow::login).transpose()
}

/// The same, where a conditional statement may not have been answered.
async fn by_id_for_certain(client: &Client, id: Uuid) -> Result<Option<AuthSession>> {
    let found = client.row::<SessionRow>(&client.statements.auth_session, (id,)).await?;
    found.map(SessionRow::login).transpose()
}

/// All logins of a user, also those whose time is over.
async fn all_of(client: &Client, user: &UserId) -> Result<Vec<AuthSession>> {
    let ids = client
        .rows::<(Uuid,)>(&client.statements.auth_sessions_of, (user.as_str(),))
        .await?;
    let logins: Vec<Option<AuthSession>> = stream::iter(ids)
        .map(|(id,)| by_id(client, id))
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(logins.into_iter().flatten().collect())
}

pub(super) async fn of_user(client: &Client, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>> {
    let mut logins = all_of(client, user).await?;
    logins.retain(|login| login.expires_ms > now_ms);
    logins.sort_by_key(|login| std::cmp::Reverse((login.created_ms, login.id)));
    Ok(logins)
}

/// Stores a login. The user's logins whose time is over go: nobody has to look for them.
pub(super) async fn create(client: &Client, new: &AuthSession) -> Result<()> {
    let statements = &client.statements;
    for login in all_of(client, &new.user).await? {
        if login.expires_ms <= new.created_ms {
            end(client, &login).await?;
        }
    }
    let hash = new.refresh_hash.as_slice();
    let owner = || client.row::<(Uuid, i64)>(&statements.refresh_hash, (hash,));
    let is_new = match client.condition(&statements.insert_refresh_hash, (hash, new.id)).await {
        Err(Fault::Unknown(_)) => owner().await?.is_some_and(|(session, _)| session == new.id),
        other => other?,
    };
    if !is_new {
        return Err(StoreError::Conflict.into());
    }
    let values = (
        new.id,
        new.user.as_str(),
        hash,
        new.created_ms,
        new.refreshed_ms,
        new.expires_ms,
        new.agent.as_str(),
    );
    let is_written = match client.condition(&statements.insert_auth_session, values).await {
        Err(Fault::Unknown(_)) => by_id_for_certain(client, new.id)
            .await?
            .is_some_and(|stored| stored == *new),
        other => other?,
    };
    if !is_written {
        return Err(StoreError::Conflict.into());
    }
    client
        .write(&statements.insert_refresh_hash_of, (new.id, 0_i64, hash))
        .await?;
    client
        .write(&statements.insert_auth_session_of, (new.user.as_str(), new.id))
        .await
}

pub(super) async fn rotate(
    client: &Client,
    presented: [u8; 32],
    next: [u8; 32],
    now_ms: i64,
    expires_ms: i64,
) -> Result<RefreshOutcome> {
    let owner = client
        .row::<(Uuid, i64)>(&client.statements.refresh_hash, (presented.as_slice(),))
        .await?;
    let Some((id, replaced)) = owner else {
        return Ok(RefreshOutcome::Unknown);
    };
    let Some(login) = by_id_for_certain(client, id).await? else {
        return Ok(RefreshOutcome::Unknown);
    };
    if replaced > 0 {
        end(client, &login).await?;
        return Ok(RefreshOutcome::Reused);
    }
    if login.expires_ms <= now_ms {
        end(client, &login).await?;
        return Ok(RefreshOutcome::Unknown);
    }
    if !replace_token(client, id, &presented, &next).await? {
        // Somebody else has presented the same token: somebody has a copy.
        end(client, &login).await?;
        return Ok(RefreshOutcome::Reused);
    }
    let values = (next.as_slice(), now_ms, expires_ms, id, presented.as_slice());
    match client.condition(&client.statements.refresh_auth_session, values).await {
        Ok(true) => {}
        // The token is replaced all the same. A login that is gone was ended behind that.
        Ok(false) | Err(Fault::Unknown(_)) => {
            let login = by_id_for_certain(client, id).await?;
            let is_behind = login.is_some_and(|login| login.refresh_hash != next);
            if is_behind {
                return Err(Fault::Unavailable(
                    "a login could not be refreshed to its end".to_owned(),
                ));
            }
        }
        Err(fault) => return Err(fault),
    }
    Ok(RefreshOutcome::Rotated(AuthSession {
        refresh_hash: next,
        refreshed_ms: now_ms,
        expires_ms,
        ..login
    }))
}

/// Replaces a token in force; false: it is not in force any more.
async fn replace_token(client: &Client, id: Uuid, old: &[u8], next: &[u8]) -> Result<bool> {
    let statements = &client.statements;
    let mut tokens = client
        .rows::<(i64, Vec<u8>)>(&statements.refresh_hashes_of, (id,))
        .await?;
    tokens.sort_unstable();
    let number = tokens.last().map_or(1, |(newest, _)| newest + 1);
    // The new one first: if this breaks off, the old one still counts.
    let is_new = match client.condition(&statements.insert_refresh_hash, (next, id)).await {
        Err(Fault::Unknown(_)) => {
            let owner = client.row::<(Uuid, i64)>(&statements.refresh_hash, (next,)).await?;
            owner.is_some_and(|(session, _)| session == id)
        }
        other => other?,
    };
    if !is_new {
        return Err(StoreError::Conflict.into());
    }
    let is_replaced = match client.condition(&statements.replace_refresh_hash, (number, old)).await {
        Err(Fault::Unknown(_)) => {
            let owner = client.row::<(Uuid, i64)>(&statements.refresh_hash, (old,)).await?;
            owner.is_some_and(|(_, replaced)| replaced == number)
        }
        other => other?,
    };
    if !is_replaced {
        forget_token(client, next).await?;
        return Ok(false);
    }
    client
        .write(&statements.insert_refresh_hash_of, (id, number, old))
        .await?;
    client
        .write(&statements.insert_refresh_hash_of, (id, 0_i64, next))
        .await?;
    for (replaced, hash) in tokens {
        if replaced > 0 && replaced <= number - REPLACED_TOKENS_MAX {
            forget_token(client, &hash).await?;
            client.write(&statements.delete_refresh_hash_of, (id, replaced)).await?;
        }
    }
    Ok(true)
}

/// Removes a token. That it was gone already is fine.
async fn forget_token(client: &Client, hash: &[u8]) -> Result<()> {
    let removed = client.condition(&client.statements.delete_refresh_hash, (hash,)).await;
    removed.map(drop)
}

/// Ends a login of this user; whether there was one.
pub(super) async fn end_own(client: &Client, user: &UserId, id: Uuid) -> Result<bool> {
    let login = by_id(client, id).await?.filter(|login| login.user == *user);
    if let Some(login) = &login {
        end(client, login).await?;
    }
    Ok(login.is_some())
}

/// Ends a login: its row first, without which no token of it counts.
async fn end(client: &Client, login: &AuthSession) -> Result<()> {
    let statements = &client.statements;
    let ended = client.condition(&statements.delete_auth_session, (login.id,)).await;
    if matches!(ended, Err(Fault::Unknown(_))) && by_id_for_certain(client, login.id).await?.is_none() {
        // It is gone, whoever did it.
    } else {
        ended?;
    }
    let tokens = client
        .rows::<(i64, Vec<u8>)>(&statements.refresh_hashes_of, (login.id,))
        .await?;
    for (_, hash) in tokens {
        forget_token(client, &hash).await?;
    }
    forget_token(client, &login.refresh_hash).await?;
    client.write(&statements.delete_refresh_hashes_of, (login.id,)).await?;
    client
        .write(&statements.delete_auth_session_of, (login.user.as_str(), login.id))
        .await
}
