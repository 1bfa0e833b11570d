//! Writing what was planned, bucket by bucket, and what others read at once because of it.

use std::time::Instant;

use super::{
    super::{
        Shared,
        cells::{Cell, Known, Owner},
        commands,
        effects::{self, Change},
        index::{self, Opened},
        marks,
        options::{APPEND_PATIENCE, BATCH_BYTES_MAX, BATCH_ROWS_MAX},
        rows::{self, signed},
    },
    plan::Planned,
    refusal::{Refusal, repeated},
    rows::write_part,
};
use crate::{
    AppendBatch, AppendError, EntryKind, LogHead,
    bucket::{self, BucketHead},
};

/// Writes what was planned. Whatever fails from here on leaves a doubt.
pub(super) async fn commit(
    shared: &Shared,
    cell: &Cell,
    owner: &mut Owner,
    batch: &AppendBatch,
    mut known: Known,
    planned: Vec<Planned>,
) -> Result<LogHead, Refusal> {
    let patience = Instant::now() + APPEND_PATIENCE;
    let first = batch.head.seq + 1;
    let mut bucket = known.state.head.bucket;
    for part in parts(&planned) {
        if part[0].opens {
            open_bucket(shared, cell, owner, &known, &bucket, &part[0], patience).await?;
        }
        bucket = part[0].bucket;
        owner.doubtful_bucket = owner.doubtful_bucket.max(bucket.bucket);
        write_part(shared, batch, part, first, patience).await?;
        remember_commands(owner, part);
        bucket = part.last().map_or(bucket, |last| last.bucket);
        known.state.head.seq = part.last().map_or(known.state.head.seq, |last| last.entry.seq);
        known.state.head.time_ms = part.last().map_or(known.state.head.time_ms, |last| last.entry.time_ms);
    }
    shared
        .check_lease()
        .map_err(|_| Refusal::Doubt("the lease ended while the batch was written".to_owned()))?;
    follow(shared, cell, &planned, patience).await?;
    for one in &planned {
        effects::fold(&mut known.state, &one.entry, &one.changes);
        if one.entry.kind == EntryKind::Message {
            known.last = Some(one.entry.clone());
        }
        if one
            .changes
            .iter()
            .any(|change| matches!(change, Change::Edited(_) | Change::EditedAs(..) | Change::Deleted(..)))
        {
            known.last = None;
        }
    }
    owner.doubtful_bucket = 0;
    known.state.head.bucket = bucket;
    let head = known.state.head.clone();
    cell.set_known(Some(known));
    cell.behind().head = true;
    Ok(head)
}

/// Takes in the commands of what was written, before its bucket is sealed: the bucket's filter has to hold them.
fn remember_commands(owner: &mut Owner, part: &[Planned]) {
    for one in part.iter().filter(|one| one.is_repeatable) {
        let key = commands::key(&commands::issuer(&one.entry), one.entry.command_id);
        owner
            .commands
            .written(one.bucket.bucket, key, one.entry.seq, one.entry.time_ms);
    }
}

/// Cuts a plan into mutations: each of one bucket, bounded in rows and bytes.
fn parts(planned: &[Planned]) -> Vec<&[Planned]> {
    let mut parts = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, one) in planned.iter().enumerate() {
        let size = one.entry.body.len();
        if at > from && (one.opens || at - from >= BATCH_ROWS_MAX || bytes + size > BATCH_BYTES_MAX) {
            parts.push(&planned[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&planned[from..]);
    parts
}

/// Seals the bucket before and opens the next one.
async fn open_bucket(
    shared: &Shared,
    cell: &Cell,
    owner: &mut Owner,
    known: &Known,
    before: &BucketHead,
    next: &Planned,
    patience: Instant,
) -> Result<(), Refusal> {
    let (client, room, head) = (&shared.client, cell.room, &known.state.head);
    // What a purge has left behind is nobody's, and what another owner opened was sealed when the log was taken over.
    let is_ours = bucket::term(before.bucket) == shared.term();
    if before.bucket != 0 && before.first_seq >= known.log_first() && is_ours {
        let sealed = repeated(patience, || index::seal(client, room, before, head.seq, head.time_ms)).await?;
        if !sealed {
            return Err(AppendError::Fenced.into());
        }
        let sealed = (before, head.seq);
        commands::leave_filter(client, room, &mut owner.commands, sealed, next.entry.time_ms).await;
    }
    let new = &next.bucket;
    match repeated(patience, || index::open(client, room, new)).await? {
        Opened::Ours => {}
        // An empty bucket that was opened before a crash is harmless; one that somebody writes into is not ours.
        Opened::Theirs(found) => {
            let range = (room.key(), signed(found.number));
            let used = client.row::<(i64, i64)>(&client.statements.last_entry, range).await?;
            let is_older = bucket::term(found.number) <= shared.term();
            let is_taken = used.is_none() && found.last_seq.is_none() && is_older;
            if !is_taken || !repeated(patience, || index::adopt_empty(client, room, &found, new)).await? {
                return Err(AppendError::Fenced.into());
            }
        }
    }
    owner.commands.opened(new.bucket, new.first_seq, new.first_ms);
    Ok(())
}

/// Does what follows from the entries: what others read at once, now; the rest is written behind.
async fn follow(shared: &Shared, cell: &Cell, planned: &[Planned], patience: Instant) -> Result<(), Refusal> {
    for one in planned {
        if effects::is_awaited(&one.changes) {
            let apply = || effects::apply(shared, cell.room, &one.entry, &one.changes);
            repeated(patience, apply).await?;
        }
        for change in &one.changes {
            if let Change::Left(user) = change {
                let forget = || effects::forget_mark_ahead(&shared.client, cell.room, user, one.entry.seq);
                repeated(patience, forget).await?;
                marks::forget(cell, &rows::user(user)?).await;
            }
        }
        marks::moved_with(cell, &effects::marks(&one.changes)?);
    }
    Ok(())
}
