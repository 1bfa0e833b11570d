//! The light log of each user.

use async_trait::async_trait;
use protocol::{Epoch, UserId};
use rusqlite::{OptionalExtension as _, params};

use super::{
    SqliteStore,
    failure::Fault,
    job::Context,
    rows::{self, signed},
};
use crate::{StoreError, UserEntry, UserFact, UserLogHead, UserLogRepository};

#[async_trait]
impl UserLogRepository for SqliteStore {
    async fn append_facts(&self, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>, StoreError> {
        self.write(move |context| facts.iter().map(|fact| append(context, fact, now_ms)).collect())
            .await
    }

    async fn user_log_head(&self, user: &UserId) -> Result<UserLogHead, StoreError> {
        let wanted = user.clone();
        let found = self
            .read(move |context| {
                let mut statement = context
                    .connection
                    .prepare_cached("SELECT epoch, seq FROM user_logs WHERE user = ?1")?;
                let head = statement.query_row([wanted.as_str()], |row| {
                    Ok(UserLogHead {
                        epoch: context.salt.out(row.get(0)?),
                        seq: rows::unsigned(row, 1)?,
                    })
                });
                Ok(head.optional()?)
            })
            .await?;
        if let Some(head) = found {
            return Ok(head);
        }
        let user = user.clone();
        self.write(move |context| head(context, &user)).await
    }

    async fn user_entries(
        &self,
        user: &UserId,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<UserEntry>, StoreError> {
        let user = user.clone();
        self.read(move |context| {
            let mut statement = context.connection.prepare_cached(
                "SELECT seq, time_ms, body FROM user_entries WHERE user = ?1 AND seq BETWEEN ?2 AND ?3 \
                 ORDER BY seq LIMIT ?4",
            )?;
            let bounds = params![user.as_str(), signed(first), signed(last), signed(limit as u64)];
            let found = statement.query_map(bounds, |row| {
                Ok(UserEntry {
                    seq: rows::unsigned(row, 0)?,
                    time_ms: row.get(1)?,
                    body: rows::bytes(row, 2)?,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// The end of a user's log; it is begun where there is none.
fn head(context: &Context<'_>, user: &UserId) -> Result<UserLogHead, Fault> {
    context
        .connection
        .prepare_cached("INSERT INTO user_logs (user, epoch, seq) VALUES (?1, ?2, 0) ON CONFLICT (user) DO NOTHING")?
        .execute(params![user.as_str(), Epoch::generate().key()])?;
    let mut statement = context
        .connection
        .prepare_cached("SELECT epoch, seq FROM user_logs WHERE user = ?1")?;
    let head = statement.query_row([user.as_str()], |row| {
        Ok(UserLogHead {
            epoch: context.salt.out(row.get(0)?),
            seq: rows::unsigned(row, 1)?,
        })
    })?;
    Ok(head)
}

fn append(context: &Context<'_>, fact: &UserFact, now_ms: i64) -> Result<u64, Fault> {
    let seq = head(context, &fact.user)?.seq + 1;
    context
        .connection
        .prepare_cached("INSERT INTO user_entries (user, seq, time_ms, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![fact.user.as_str(), signed(seq), now_ms, fact.body.as_ref()])?;
    context
        .connection
        .prepare_cached("UPDATE user_logs SET seq = ?2 WHERE user = ?1")?
        .execute(params![fact.user.as_str(), signed(seq)])?;
    Ok(seq)
}
