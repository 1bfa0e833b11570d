//! Taking the past of a log out of reach, at once and for everybody, and removing its buckets as a whole after that.

use std::sync::Arc;

use protocol::{Epoch, RoomId};

use super::{
    Shared,
    client::Client,
    connect::Pauses,
    failure::{Fault, Result},
    index, marks,
    options::{APPEND_PATIENCE, RETRY_PAUSE, RETRY_PAUSE_MAX},
    rows::{signed, unsigned},
    search, settle,
};
use crate::{RoomState, StoreError, bucket};

/// Deletes every entry: the log goes on from where it was, under a new epoch.
pub(super) async fn purge(shared: &Arc<Shared>, room: RoomId) -> Result<RoomState> {
    let cell = shared.cells.get(room);
    let mut owner = cell.owner.lock().await;
    let mut known = settle::settled(shared, &cell, &mut owner)
        .await?
        .ok_or(StoreError::NotFound)?;
    let (from, to, epoch) = (known.log_first, known.state.head.seq + 1, Epoch::generate());
    let client = &shared.client;
    if to > from {
        let values = (room.key(), signed(to - 1), signed(from));
        client.write(&client.statements.insert_purge, values).await?;
    }
    // The head comes behind everything that follows from the entries, here too.
    let moved = cell.behind().marks.clone();
    marks::write_all(shared, room, &moved).await?;
    // Buckets are counted on from here: a number that was removed is never given again.
    settle::write_head(client, &known.state).await?;
    begin_log(shared, room, shared.salt.stored(epoch), to, from).await?;
    owner.commands.forget();
    let head = &mut known.state.head;
    (head.epoch, head.message_seq, head.bucket) = (epoch, 0, head.bucket.closed());
    (known.log_first, known.last) = (to, None);
    let state = known.state.clone();
    cell.set_known(Some(known));
    search::forget(shared, &cell).await?;
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Err(fault) = remove(&shared.client, room, to).await {
            let error = StoreError::from(fault);
            tracing::warn!(%room, %error, "what was purged is removed later");
        }
    });
    Ok(state)
}

/// Moves the beginning of a log. A log without entries gets its epoch all the same.
async fn begin_log(shared: &Shared, room: RoomId, epoch: i64, to: u64, from: u64) -> Result<()> {
    let client = &shared.client;
    let values = (epoch, signed(to), room.key(), signed(from));
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    let patience = tokio::time::Instant::now() + APPEND_PATIENCE;
    loop {
        match client.condition(&client.statements.begin_log, values).await {
            Ok(true) => return Ok(()),
            Ok(false) | Err(Fault::Unknown(_)) => {}
            Err(fault) => return Err(fault),
        }
        let stored = client
            .row::<settle::RoomRow>(&client.statements.room, (room.key(),))
            .await?;
        if stored.is_some_and(|row| row.4 == epoch) {
            return Ok(());
        }
        if tokio::time::Instant::now() > patience {
            return Err(Fault::Unavailable("a log could not be purged yet".to_owned()));
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

/// Removes the buckets of what was purged of a log that begins at `log_first` now. Called again, it goes on.
pub(super) async fn remove(client: &Client, room: RoomId, log_first: u64) -> Result<()> {
    let purges = client
        .rows::<(i64, i64)>(&client.statements.purges, (room.key(),))
        .await?;
    for (last, first) in purges {
        let (first, last) = (unsigned(first)?, unsigned(last)?);
        // A purge that was noted and never came to pass removes nothing.
        if last < log_first {
            for group in bucket::group(first)..=bucket::group(last) {
                remove_group(client, room, (group * bucket::GROUP_SEQS).max(first), last).await?;
            }
        }
        client
            .write(&client.statements.delete_purge, (room.key(), signed(last)))
            .await?;
    }
    Ok(())
}

async fn remove_group(client: &Client, room: RoomId, mut from: u64, last: u64) -> Result<()> {
    let group = signed(bucket::group(from));
    loop {
        let buckets = index::buckets_from(client, room, from).await?;
        for found in &buckets {
            if found.first_seq > last {
                return Ok(());
            }
            let statements = &client.statements;
            for number in [Some(found.number), found.former].into_iter().flatten() {
                let bucket = (room.key(), signed(number));
                client.write(&statements.delete_bucket, bucket).await?;
            }
            let first_seq = signed(found.first_seq);
            let time = (room.key(), group, found.first_ms, first_seq);
            client.write(&statements.delete_bucket_time, time).await?;
            client
                .condition(&statements.delete_bucket_index, (room.key(), group, first_seq))
                .await?;
        }
        match buckets.last() {
            Some(newest) => from = newest.first_seq + 1,
            None => return Ok(()),
        }
    }
}
