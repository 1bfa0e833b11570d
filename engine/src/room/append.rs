//! The step Append: one batch on its way into the store, and what its answer means for the room.

use std::{sync::atomic::Ordering, time::Instant};

use storage::{AppendBatch, AppendError, LogHead, NewEntry};
use tracing::Instrument;

use super::{Desk, open::Log};

/// What came of handing a batch to the store.
pub(super) enum Outcome {
    /// It is durable; the log's new end.
    Committed(LogHead),
    /// Nothing was appended: these (index, seq of the first result) were appended before.
    Repeated(Vec<(usize, u64)>),
    /// Nothing was appended; the room is sound.
    Refused,
    /// Nothing was appended, for a reason that only reading anew can clear up.
    Broken,
    /// It is open whether it was appended, or the log has moved: read it before anything else is given a seq.
    Uncertain,
    /// A newer incarnation owns the room.
    Superseded,
}

/// Hands the batch over and waits for the store.
pub(super) async fn append(desk: &Desk, log: &Log, entries: Vec<NewEntry>, deadline: Instant) -> Outcome {
    let metrics = &desk.shared.metrics;
    metrics.batch_entries.observe(entries.len() as f64);
    let span = tracing::debug_span!("append", channel = %desk.cell.channel, entries = entries.len());
    let batch = AppendBatch {
        room: log.room.id,
        permit: desk.permit.clone(),
        head: log.head.clone(),
        entries,
        deadline,
    };
    let begun = Instant::now();
    let answer = desk.storing(desk.shared.store.append(batch).instrument(span)).await;
    metrics.append_seconds.observe(begun.elapsed().as_secs_f64());
    desk.shared.store_answers.fetch_add(1, Ordering::Relaxed);
    match answer {
        Ok(head) => Outcome::Committed(head),
        Err(error) => outcome_of(desk, error),
    }
}

fn outcome_of(desk: &Desk, error: AppendError) -> Outcome {
    let outcome = match &error {
        AppendError::Duplicates(repetitions) => return Outcome::Repeated(repetitions.clone()),
        AppendError::Expired => return Outcome::Refused,
        AppendError::Fenced => Outcome::Superseded,
        AppendError::Busy | AppendError::Full(_) => Outcome::Refused,
        AppendError::Moved { .. } | AppendError::Unknown(_) => Outcome::Uncertain,
        AppendError::Failed(_) => Outcome::Broken,
    };
    tracing::warn!(channel = %desk.cell.channel, %error, "an append failed");
    outcome
}
