//! The step `Commit` of a message's walk: one batch of one room's log. Decide everything by reading, write the rows as one mutation per
//! bucket, do what follows, answer. The rows are the commit: before them nothing is visible, after them everything else can be done again.

mod commit;
mod plan;
mod refusal;
mod rows;

use std::{sync::Arc, time::Instant};

pub(super) use self::rows::{command_values, write_rows};
use self::{commit::commit, plan::plan, refusal::Refusal};
use super::{
    Shared,
    cells::{Cell, Owner},
    commands, settle, take_over,
};
use crate::{AppendBatch, AppendError, LogHead, NewEntry, order};

/// Bytes that a batch holds while it waits.
pub(super) fn cost(batch: &AppendBatch) -> usize {
    let size = |new: &NewEntry| new.entry.body.len() + size_of::<NewEntry>();
    batch.entries.iter().map(size).sum()
}

/// Appends a batch. Runs to its end whether or not anybody waits for it.
pub(super) async fn append(shared: Arc<Shared>, batch: AppendBatch) -> Result<LogHead, AppendError> {
    let cell = shared.cells.get(batch.room);
    let mut owner = cell.owner.lock().await;
    let begun = Instant::now();
    let ended = append_owned(&shared, &cell, &mut owner, &batch).await;
    let metrics = &shared.client.metrics;
    match ended {
        Ok(head) => {
            metrics.commits_ok.inc();
            metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
            metrics.commit_entries.observe(batch.entries.len() as f64);
            metrics.commit_jobs.observe(1.0);
            Ok(head)
        }
        Err(Refusal::Answer(error)) => Err(error),
        Err(Refusal::Doubt(reason)) => {
            metrics.commits_unknown.inc();
            owner.is_settled = false;
            owner.is_doubtful = true;
            cell.set_known(None);
            Err(AppendError::Unknown(reason))
        }
    }
}

async fn append_owned(
    shared: &Arc<Shared>,
    cell: &Cell,
    owner: &mut Owner,
    batch: &AppendBatch,
) -> Result<LogHead, Refusal> {
    if !batch.permit.is_valid() {
        return Err(AppendError::Fenced.into());
    }
    if Instant::now() > batch.deadline {
        return Err(AppendError::Expired.into());
    }
    shared.check_lease()?;
    let Some(mut known) = settle::settled(shared, cell, owner).await? else {
        return Err(AppendError::Failed("no such room".to_owned()).into());
    };
    let head = &known.state.head;
    if head.seq != batch.head.seq || head.epoch != batch.head.epoch {
        let (expected, actual) = (batch.head.seq, head.seq);
        return Err(AppendError::Moved { expected, actual }.into());
    }
    order::check(batch, head).map_err(AppendError::Failed)?;
    let repeated = commands::repetitions(&shared.client, batch, &known, &mut owner.commands).await?;
    if !repeated.is_empty() {
        return Err(AppendError::Duplicates(repeated).into());
    }
    let now_ms = batch.entries[0].entry.time_ms;
    match take_over::take_over(shared, cell, owner, &mut known, now_ms).await {
        Ok(true) => {}
        Ok(false) => return Err(AppendError::Fenced.into()),
        Err(fault) => {
            // It may have been taken over all the same: the index is asked before the next try.
            owner.is_settled = false;
            return Err(fault.into());
        }
    }
    let planned = plan(shared, batch, &known, owner.doubtful_bucket).await?;
    // The right is looked at once more: from here on the batch comes into the log.
    if !batch.permit.is_valid() {
        return Err(AppendError::Fenced.into());
    }
    match commit(shared, cell, owner, batch, known, planned).await {
        // Parts of it may be there, whatever became of the rest.
        Err(Refusal::Answer(error)) => Err(Refusal::Doubt(error.to_string())),
        ended => ended,
    }
}
