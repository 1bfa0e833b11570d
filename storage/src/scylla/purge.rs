//! Taking the past of a log out of reach, at once and for everybody, and removing its buckets as a whole after that.

use std::sync::Arc;

use protocol::{Epoch, RoomId};
use tokio::task::JoinHandle;

use super::{
    Shared,
    cells::{Cell, Known, Owner},
    client::Client,
    connect::Pauses,
    failure::{Fault, Result},
    index, marks,
    options::{APPEND_PATIENCE, RETRY_PAUSE, RETRY_PAUSE_MAX},
    rows::{signed, unsigned},
    search, settle,
};
use crate::{LogStart, RoomState, StoreError, bucket};

/// Deletes every entry: the log goes on from where it was, under a new epoch.
pub(super) async fn purge(shared: &Arc<Shared>, room: RoomId) -> Result<RoomState> {
    let cell = shared.cells.get(room);
    let mut owner = cell.owner.lock().await;
    let mut known = settle::settled(shared, &cell, &mut owner)
        .await?
        .ok_or(StoreError::NotFound)?;
    let start = LogStart {
        seq: known.state.head.seq + 1,
        number: known.state.head.number,
    };
    begin_at(shared, &cell, &mut owner, &mut known, start, Epoch::generate()).await?;
    search::forget(shared, &cell).await?;
    remove_behind(shared, room, start.seq);
    Ok(known.state)
}

/// Removes what was dropped of a log that begins at `log_first` now, whether or not anybody waits for it.
pub(super) fn remove_behind(shared: &Arc<Shared>, room: RoomId, log_first: u64) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Err(fault) = remove(&shared.client, room, log_first).await {
            let error = StoreError::from(fault);
            tracing::warn!(%room, %error, "what a log has dropped is removed later");
        }
    })
}

/// Has a log begin at the first seq of a bucket, or behind its end: nobody reads what lies before any more. What has to be removed is noted.
pub(super) async fn begin_at(
    shared: &Shared,
    cell: &Cell,
    owner: &mut Owner,
    known: &mut Known,
    start: LogStart,
    epoch: Epoch,
) -> Result<()> {
    let (client, room, from) = (&shared.client, cell.room, known.log_first());
    if start.seq > from {
        let values = (room.key(), signed(start.seq - 1), signed(from));
        client.write(&client.statements.insert_purge, values).await?;
    }
    // The head comes behind everything that follows from the entries, here too.
    let moved = cell.behind().marks.clone();
    marks::write_all(shared, room, &moved).await?;
    // Buckets are counted on from here: a number that was removed is never given again.
    settle::write_head(client, &known.state).await?;
    shared.check_lease()?;
    if let Err(fault) = write_start(shared, room, shared.salt.stored(epoch), start, from).await {
        // It may begin there all the same, now or later: it is read again.
        owner.is_settled = false;
        cell.set_known(None);
        return Err(fault);
    }
    owner.commands.forget();
    let state = &mut known.state;
    (state.start, state.head.epoch) = (start, epoch);
    if state.head.message_seq < start.seq {
        state.head.message_seq = 0;
    }
    if state.head.bucket.first_seq < start.seq {
        state.head.bucket = state.head.bucket.closed();
    }
    known.last = known.last.take().filter(|last| last.seq >= start.seq);
    cell.set_known(Some(known.clone()));
    Ok(())
}

/// Writes where a log begins, unless it begins elsewhere than at `from` already. A log without entries gets its epoch all the same.
async fn write_start(shared: &Shared, room: RoomId, epoch: i64, start: LogStart, from: u64) -> Result<()> {
    let client = &shared.client;
    let first = signed(start.seq);
    let values = (epoch, first, signed(start.number), room.key(), signed(from));
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
        if stored.is_some_and(|row| (row.4, row.5) == (epoch, first)) {
            return Ok(());
        }
        if tokio::time::Instant::now() > patience {
            return Err(Fault::Unavailable("a log could not be shortened yet".to_owned()));
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

/// Removes the buckets of what was dropped of a log that begins at `log_first` now. Called again, it goes on.
async fn remove(client: &Client, room: RoomId, log_first: u64) -> Result<()> {
    let purges = client
        .rows::<(i64, i64)>(&client.statements.purges, (room.key(),))
        .await?;
    for (last, first) in purges {
        let (first, last) = (unsigned(first)?, unsigned(last)?);
        // What was noted and has not come to pass, or not yet, is removed when the log begins behind it.
        if last >= log_first {
            continue;
        }
        for group in bucket::group(first)..=bucket::group(last) {
            remove_group(client, room, (group * bucket::GROUP_SEQS).max(first), last).await?;
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
