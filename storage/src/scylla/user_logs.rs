//! The light log of each user. The end of a log belongs to its partition, so one conditional batch moves it and writes the entries:
//! whoever appends at the same time is told and tries again.

use async_trait::async_trait;
use protocol::{Epoch, UserId};

use super::{
    ScyllaStore, Shared,
    client::Values,
    connect::Pauses,
    failure::{Fault, Result},
    options::{APPEND_PATIENCE, RETRY_PAUSE, RETRY_PAUSE_MAX},
    rows::{signed, unsigned},
};
use crate::{StoreError, UserEntry, UserFact, UserLogHead, UserLogRepository};

#[async_trait]
impl UserLogRepository for ScyllaStore {
    async fn append_facts(&self, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>, StoreError> {
        let shared = self.shared();
        self.spawn(async move { append(&shared, facts, now_ms).await }).await
    }

    async fn user_log_head(&self, user: &UserId) -> Result<UserLogHead, StoreError> {
        Ok(head(&self.shared(), user).await?)
    }

    async fn user_entries(
        &self,
        user: &UserId,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<UserEntry>, StoreError> {
        Ok(entries(&self.shared(), user, (first, last), limit).await?)
    }
}

/// The end of a log as it is read.
type HeadRow = (String, Option<i64>, Option<i64>);

fn of_row(shared: &Shared, found: Option<HeadRow>) -> Result<Option<UserLogHead>> {
    let Some((_, Some(epoch), head)) = found else {
        return Ok(None);
    };
    Ok(Some(UserLogHead {
        epoch: shared.salt.out(epoch),
        seq: unsigned(head.unwrap_or_default())?,
    }))
}

/// The end of a user's log; it is begun where there is none.
async fn head(shared: &Shared, user: &UserId) -> Result<UserLogHead> {
    let (client, statement, key) = (&shared.client, &shared.client.statements.user_log, (user.as_str(),));
    let found = client.acknowledged_row::<HeadRow>(statement, key).await?;
    if let Some(head) = of_row(shared, found)? {
        return Ok(head);
    }
    let values = (Epoch::generate().key(), user.as_str());
    match client.condition(&client.statements.begin_user_log, values).await {
        Ok(_) | Err(Fault::Unknown(_)) => {}
        Err(fault) => return Err(fault),
    }
    let begun = of_row(shared, client.row::<HeadRow>(statement, key).await?)?;
    begun.ok_or_else(|| Fault::Unavailable("a log could not be begun yet".to_owned()))
}

/// An entry as it is read.
type EntryRow = (i64, i64, Option<Vec<u8>>);

pub(super) async fn entries(
    shared: &Shared,
    user: &UserId,
    (first, last): (u64, u64),
    limit: usize,
) -> Result<Vec<UserEntry>> {
    let client = &shared.client;
    let limit = i32::try_from(limit).unwrap_or(i32::MAX).max(1);
    let values = (user.as_str(), signed(first), signed(last), limit);
    let found = client
        .acknowledged_rows::<EntryRow>(&client.statements.user_entries, values)
        .await?;
    of_rows(found)
}

fn of_rows(found: Vec<EntryRow>) -> Result<Vec<UserEntry>> {
    let entries = found.into_iter().map(|(seq, time_ms, body)| {
        Ok(UserEntry {
            seq: unsigned(seq)?,
            time_ms,
            body: body.unwrap_or_default().into(),
        })
    });
    entries.collect()
}

/// Appends facts, those of each user together; the places of each in the order in which they were given.
async fn append(shared: &Shared, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>> {
    let mut seqs = vec![0; facts.len()];
    let mut users: Vec<&UserId> = facts.iter().map(|fact| &fact.user).collect();
    users.sort_unstable();
    users.dedup();
    // Every log is there before the first entry is written: what can fail for one user fails before another one's is stored.
    for user in &users {
        head(shared, user).await?;
    }
    for user in users {
        let own: Vec<usize> = (0..facts.len()).filter(|at| facts[*at].user == *user).collect();
        let bodies: Vec<&UserFact> = own.iter().map(|at| &facts[*at]).collect();
        let first = append_own(shared, user, &bodies, now_ms).await?;
        for (place, at) in own.into_iter().enumerate() {
            seqs[at] = first + place as u64;
        }
    }
    Ok(seqs)
}

/// Appends facts of one user; gives the first one's seq.
async fn append_own(shared: &Shared, user: &UserId, facts: &[&UserFact], now_ms: i64) -> Result<u64> {
    let _turn = shared.turn(user).await;
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    let patience = tokio::time::Instant::now() + APPEND_PATIENCE;
    loop {
        let from = head(shared, user).await?.seq;
        match try_append(shared, user, facts, from, now_ms).await {
            Ok(true) => return Ok(from + 1),
            Ok(false) => {}
            Err(Fault::Unknown(reason)) => {
                if was_appended(shared, user, facts, from, now_ms).await? {
                    return Ok(from + 1);
                }
                if tokio::time::Instant::now() > patience {
                    return Err(Fault::Unknown(reason));
                }
            }
            Err(fault) => return Err(fault),
        }
        if tokio::time::Instant::now() > patience {
            return Err(Fault::Unavailable("a log is being written by too many".to_owned()));
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

async fn try_append(shared: &Shared, user: &UserId, facts: &[&UserFact], from: u64, now_ms: i64) -> Result<bool> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let name = user.as_str().to_owned();
    let end = from + facts.len() as u64;
    let mut writes: Vec<(_, Values)> = vec![(
        &statements.move_user_log,
        Box::new((signed(end), name.clone(), signed(from))),
    )];
    for (place, fact) in facts.iter().enumerate() {
        let seq = signed(from + 1 + place as u64);
        writes.push((
            &statements.insert_user_entry,
            Box::new((name.clone(), seq, now_ms, fact.body.clone())),
        ));
    }
    client.conditional_batch(writes).await
}

/// Whether these facts stand behind `from`, after an answer that does not say.
async fn was_appended(shared: &Shared, user: &UserId, facts: &[&UserFact], from: u64, now_ms: i64) -> Result<bool> {
    let client = &shared.client;
    let last = from + facts.len() as u64;
    let values = (user.as_str(), signed(from + 1), signed(last), i32::MAX);
    let found = client.rows::<EntryRow>(&client.statements.user_entries, values).await?;
    let found = of_rows(found)?;
    let is_same = |(entry, fact): (&UserEntry, &&UserFact)| entry.body == fact.body && entry.time_ms == now_ms;
    Ok(found.len() == facts.len() && found.iter().zip(facts).all(is_same))
}
