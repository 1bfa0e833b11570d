//! Users; their logins are in `sessions`. A name is claimed before its user is written, and a claim counts only if the user is there.

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::UserId;
use scylla::{DeserializeRow, value::MaybeUnset};
use uuid::Uuid;

use super::{
    ScyllaStore, Shared,
    client::Client,
    failure::{Fault, Result},
    options::{CALL_STATEMENTS_AT_ONCE, CLAIM_LIFETIME_MS},
    rows::{self, wrong},
    search, sessions,
};
use crate::{AccountRepository, AuthSession, Origin, RefreshOutcome, StoreError, User, UserChange, UserRole};

/// Characters of a name's beginning: the names of one beginning lie together.
pub(super) const BEGINNING_CHARACTERS: usize = 2;

#[async_trait]
impl AccountRepository for ScyllaStore {
    async fn create_user(&self, user: User) -> Result<(), StoreError> {
        let shared = self.shared();
        self.spawn(async move { create(&shared, &user).await }).await
    }

    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        Ok(by_id(&self.shared().client, user.as_str()).await?)
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        Ok(by_name(&self.shared().client, &username.to_lowercase()).await?)
    }

    async fn users_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<User>, StoreError> {
        Ok(by_prefix(&self.shared().client, &prefix.to_lowercase(), limit).await?)
    }

    async fn change_user(&self, user: &UserId, change: UserChange) -> Result<User, StoreError> {
        Ok(change_user(&self.shared().client, user, &change).await?)
    }

    async fn create_session(&self, session: AuthSession) -> Result<(), StoreError> {
        let shared = self.shared();
        self.spawn(async move { sessions::create(&shared.client, &session).await })
            .await
    }

    async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<RefreshOutcome, StoreError> {
        let shared = self.shared();
        self.spawn(async move { sessions::rotate(&shared.client, presented, next, now_ms, expires_ms).await })
            .await
    }

    async fn session(&self, session: Uuid) -> Result<Option<AuthSession>, StoreError> {
        Ok(sessions::by_id(&self.shared().client, session).await?)
    }

    async fn sessions_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>, StoreError> {
        Ok(sessions::of_user(&self.shared().client, user, now_ms).await?)
    }

    async fn end_session(&self, user: &UserId, session: Uuid) -> Result<bool, StoreError> {
        Ok(sessions::end_own(&self.shared().client, user, session).await?)
    }
}

/// A user as they are read.
#[derive(DeserializeRow)]
pub(super) struct UserRow {
    user: String,
    username: String,
    password_hash: Option<String>,
    origin: i8,
    role: i8,
    info: Option<Vec<u8>>,
    status: String,
    created_ms: i64,
}

impl UserRow {
    pub(super) fn user(self) -> Result<User> {
        let origin = [Origin::Own, Origin::Outside]
            .into_iter()
            .find(|known| *known as i8 == self.origin);
        let role = [UserRole::Guest, UserRole::User, UserRole::Support, UserRole::Admin]
            .into_iter()
            .find(|known| *known as i8 == self.role);
        Ok(User {
            id: rows::user(&self.user)?,
            username: self.username,
            password_hash: self.password_hash,
            origin: origin.ok_or_else(|| wrong("an origin"))?,
            role: role.ok_or_else(|| wrong("a role"))?,
            info: self.info.unwrap_or_default().into(),
            status: self.status,
            created_ms: self.created_ms,
        })
    }
}

pub(super) async fn by_id(client: &Client, user: &str) -> Result<Option<User>> {
    let found = client
        .acknowledged_row::<UserRow>(&client.statements.user, (user,))
        .await?;
    found.map(UserRow::user).transpose()
}

/// The same, after an answer that does not say.
async fn by_id_for_certain(client: &Client, user: &str) -> Result<Option<User>> {
    let found = client.row::<UserRow>(&client.statements.user, (user,)).await?;
    found.map(UserRow::user).transpose()
}

/// The user of a name in small letters.
async fn by_name(client: &Client, name: &str) -> Result<Option<User>> {
    let claim = client
        .acknowledged_row::<(String, i64)>(&client.statements.user_of_name, (name,))
        .await?;
    match claim {
        Some((user, _)) => Ok(named(name, by_id(client, &user).await?)),
        None => Ok(None),
    }
}

/// A user, if they carry this name.
fn named(name: &str, user: Option<User>) -> Option<User> {
    user.filter(|user| user.username.to_lowercase() == name)
}

/// The beginning of a name that its list is found by.
pub(super) fn beginning(name: &str) -> String {
    name.chars().take(BEGINNING_CHARACTERS).collect()
}

/// Behind every text with a prefix: no text goes on with a greater character.
pub(super) fn behind(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// The beginnings that a prefix may go on with, in order.
pub(super) async fn beginnings(client: &Client, prefix: &str) -> Result<Vec<String>> {
    if prefix.chars().count() >= BEGINNING_CHARACTERS {
        return Ok(vec![beginning(prefix)]);
    }
    let values = (prefix, behind(prefix));
    let found = client.rows::<(String,)>(&client.statements.beginnings, values).await?;
    Ok(found.into_iter().map(|(beginning,)| beginning).collect())
}

async fn by_prefix(client: &Client, prefix: &str, limit: usize) -> Result<Vec<User>> {
    let beginnings = beginnings(client, prefix).await?;
    let mut users = Vec::new();
    for beginning in beginnings {
        if users.len() >= limit {
            break;
        }
        let limit_once = i32::try_from(limit - users.len()).unwrap_or(i32::MAX);
        let values = (beginning, prefix, behind(prefix), limit_once);
        let names = client
            .rows::<(String, String)>(&client.statements.names_between, values)
            .await?;
        let found: Vec<Option<User>> = stream::iter(names)
            .map(|(name, user)| async move { Ok::<_, Fault>(named(&name, by_id(client, &user).await?)) })
            .buffered(CALL_STATEMENTS_AT_ONCE)
            .try_collect()
            .await?;
        users.extend(found.into_iter().flatten());
    }
    Ok(users)
}

async fn create(shared: &Shared, user: &User) -> Result<()> {
    let client = &shared.client;
    let name = user.username.to_lowercase();
    let _turn = shared.turn(&name).await;
    if by_id(client, user.id.as_str()).await?.is_some() || !claim_name(client, &name, user).await? {
        return Err(StoreError::Conflict.into());
    }
    let values = (
        user.id.as_str(),
        user.username.as_str(),
        user.password_hash.as_deref(),
        user.origin as i8,
        user.role as i8,
        user.info.as_ref(),
        user.status.as_str(),
        user.created_ms,
    );
    let is_written = match client.condition(&client.statements.insert_user, values).await {
        Err(Fault::Unknown(_)) => by_id_for_certain(client, user.id.as_str())
            .await?
            .is_some_and(|stored| stored == *user),
        other => other?,
    };
    if !is_written {
        let released = client
            .condition(&client.statements.release_name, (&name, user.id.as_str()))
            .await;
        released.or_else(|fault| {
            if matches!(fault, Fault::Unknown(_)) {
                Ok(false)
            } else {
                Err(fault)
            }
        })?;
        return Err(StoreError::Conflict.into());
    }
    if !user.is_listed() {
        return Ok(());
    }
    let beginning = beginning(&name);
    client.write(&client.statements.insert_beginning, (&beginning,)).await?;
    let values = (&beginning, &name, user.id.as_str());
    client.write(&client.statements.insert_user_name, values).await?;
    search::add_person(client, user).await
}

/// Claims a name; false: somebody has it. A claim whose user never came can be taken after a while.
async fn claim_name(client: &Client, name: &str, user: &User) -> Result<bool> {
    let statements = &client.statements;
    let id = user.id.as_str();
    let claim = || client.row::<(String, i64)>(&statements.user_of_name, (name,));
    let before = claim().await?;
    let outcome = match &before {
        None => {
            client
                .condition(&statements.claim_name, (name, id, user.created_ms))
                .await
        }
        Some((holder, claimed_ms)) => {
            let is_old = user.created_ms.saturating_sub(*claimed_ms) > CLAIM_LIFETIME_MS;
            if !is_old || named(name, by_id_for_certain(client, holder).await?).is_some() {
                return Ok(false);
            }
            let values = (id, user.created_ms, name, holder, claimed_ms);
            client.condition(&statements.take_name, values).await
        }
    };
    match outcome {
        Err(Fault::Unknown(_)) => Ok(claim().await?.is_some_and(|(holder, _)| holder == id)),
        other => other,
    }
}

async fn change_user(client: &Client, user: &UserId, change: &UserChange) -> Result<User> {
    let values = (
        MaybeUnset::from_option(change.info.as_deref()),
        MaybeUnset::from_option(change.status.as_deref()),
        MaybeUnset::from_option(change.password_hash.as_deref()),
        MaybeUnset::from_option(change.role.map(|role| role as i8)),
        user.as_str(),
    );
    let before = by_id(client, user.as_str()).await?.ok_or(StoreError::NotFound)?;
    // The same values again do no harm, so an answer that was lost is asked for once more.
    let is_there = match client.condition(&client.statements.change_user, &values).await {
        Err(Fault::Unknown(_)) => client.condition(&client.statements.change_user, &values).await?,
        other => other?,
    };
    if !is_there {
        return Err(StoreError::NotFound.into());
    }
    let changed = by_id(client, user.as_str()).await?.ok_or(StoreError::NotFound)?;
    search::change_person(client, &before, &changed).await?;
    Ok(changed)
}
