//! The step `Commit` of a message's walk: one batch of one room's log, in the savepoint of the writer's transaction.

use std::time::Instant;

use protocol::UserId;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::{
    commands, effects, failure,
    faults::Step,
    job::{Context, End, Job, Ran},
    rows::{self, signed},
};
use crate::{AppendBatch, AppendError, Entry, EntryKind, LogHead, NewEntry, StoreError, bucket::BucketHead, order};

/// Why a batch was not written.
pub(super) enum Refusal {
    /// The contract's answer.
    Append(AppendError),
    /// SQLite's answer.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        Self::Append(error)
    }
}

pub(super) fn failed<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Append(AppendError::Failed(reason.into())))
}

/// One batch on its way through the writer.
pub(super) struct Append {
    batch: AppendBatch,
    result: Option<Result<LogHead, AppendError>>,
    reply: oneshot::Sender<Result<LogHead, AppendError>>,
}

impl Append {
    pub(super) fn new(batch: AppendBatch, reply: oneshot::Sender<Result<LogHead, AppendError>>) -> Self {
        Self {
            batch,
            result: None,
            reply,
        }
    }
}

/// Bytes that a batch holds while it waits.
pub(super) fn cost(batch: &AppendBatch) -> usize {
    batch
        .entries
        .iter()
        .map(|new| new.entry.body.len() + size_of::<NewEntry>())
        .sum()
}

impl Job for Append {
    fn entries(&self) -> usize {
        self.batch.entries.len()
    }

    fn is_valid(&self) -> bool {
        self.batch.permit.is_valid()
    }

    fn run(&mut self, context: &Context<'_>) -> Ran {
        match write(&self.batch, context) {
            Ok(head) => {
                self.result = Some(Ok(head));
                Ran::Done
            }
            Err(Refusal::Append(error)) => {
                self.result = Some(Err(error));
                Ran::Refused
            }
            Err(Refusal::Sqlite(error)) => {
                self.result = Some(Err(failure::append_error(&error)));
                Ran::Broken(error)
            }
        }
    }

    fn finish(self: Box<Self>, end: End) {
        let answer = match end {
            End::Settled => self
                .result
                .unwrap_or_else(|| Err(AppendError::Failed("the batch was not run".to_owned()))),
            End::Fenced => Err(AppendError::Fenced),
            End::RolledBack(StoreError::Full(reason)) => Err(AppendError::Full(reason)),
            End::RolledBack(StoreError::Busy) => Err(AppendError::Busy),
            End::RolledBack(error) => Err(AppendError::Failed(error.to_string())),
            End::Unknown(reason) => Err(AppendError::Unknown(reason)),
        };
        // A room that was given up needs no answer.
        let _ = self.reply.send(answer);
    }
}

fn write(batch: &AppendBatch, context: &Context<'_>) -> Result<LogHead, Refusal> {
    context.faults.statement(Step::Turn)?;
    if !batch.permit.is_valid() {
        return Err(AppendError::Fenced.into());
    }
    if Instant::now() > batch.deadline {
        return Err(AppendError::Expired.into());
    }
    let (mut head, retention_days) = read_head(batch, context)?;
    order::check(batch, &head).map_err(AppendError::Failed)?;
    let repetitions = commands::repetitions(batch, context.connection)?;
    if !repetitions.is_empty() {
        return Err(AppendError::Duplicates(repetitions).into());
    }
    for new in &batch.entries {
        append_one(batch, new, &mut head, retention_days, context)?;
    }
    context.faults.statement(Step::Head)?;
    write_head(batch, &head, context)?;
    Ok(head)
}

/// The log's end, and how long the room keeps its entries.
fn read_head(batch: &AppendBatch, context: &Context<'_>) -> Result<(LogHead, Option<u32>), Refusal> {
    let stored = context
        .connection
        .prepare_cached(
            "SELECT epoch, seq, number, time_ms, message_seq, bucket, bucket_first_seq, bucket_first_ms, \
             bucket_rows, bucket_bytes, (SELECT retention_days FROM rooms r WHERE r.room = h.room) \
             FROM heads h WHERE room = ?1",
        )?
        .query_row([batch.room.key()], |row| {
            Ok((rows::head(row, 0, context.salt)?, row.get(10)?))
        })
        .optional()?;
    let Some((head, retention_days)) = stored else {
        return failed("no such room");
    };
    if head.seq != batch.head.seq || head.epoch != batch.head.epoch {
        let (expected, actual) = (batch.head.seq, head.seq);
        return Err(AppendError::Moved { expected, actual }.into());
    }
    Ok((head, retention_days))
}

fn append_one(
    batch: &AppendBatch,
    new: &NewEntry,
    head: &mut LogHead,
    retention_days: Option<u32>,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let entry = &new.entry;
    let room = batch.room.key();
    let bucket = head.bucket.within(retention_days, entry.time_ms);
    let place = bucket.place(0, entry.seq, entry.time_ms, entry.body.len());
    if place.opens {
        open_bucket(context, room, &place.head)?;
    }
    if new.is_repeatable {
        context.faults.statement(Step::Command)?;
        commands::record(context.connection, room, entry)?;
    }
    let version = effects::change_target(new, room, context)?.unwrap_or(entry.version);
    context.faults.statement(Step::Entry)?;
    insert(context.connection, room, entry, version, &place.head)?;
    head.seq = entry.seq;
    head.number = entry.number;
    head.time_ms = entry.time_ms;
    head.bucket = place.head;
    if entry.kind == EntryKind::Message {
        head.message_seq = entry.seq;
    }
    effects::apply(new, room, context)?;
    context.signals.saw(entry.time_ms);
    Ok(())
}

/// Writes a new bucket into the index, before its first row.
pub(super) fn open_bucket(context: &Context<'_>, room: i64, bucket: &BucketHead) -> rusqlite::Result<()> {
    let (number, first_seq) = (signed(bucket.bucket), signed(bucket.first_seq));
    context
        .connection
        .prepare_cached("INSERT INTO buckets_by_seq (room, first_seq, bucket) VALUES (?1, ?2, ?3)")?
        .execute(params![room, first_seq, number])?;
    context.faults.statement(Step::Bucket)?;
    context
        .connection
        .prepare_cached("INSERT INTO buckets_by_time (room, first_ms, bucket, first_seq) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![room, bucket.first_ms, number, first_seq])?;
    Ok(())
}

/// Writes a row of a log.
pub(super) fn insert(
    connection: &Connection,
    room: i64,
    entry: &Entry,
    version: u64,
    bucket: &BucketHead,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO entries (room, bucket, seq, number, kind, sender, actor, client, time_ms, created_ms, \
             command_id, reply_to, target, version, deleted, bucket_rows, bucket_bytes, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            room,
            signed(bucket.bucket),
            signed(entry.seq),
            signed(entry.number),
            entry.kind as u8,
            entry.sender.as_ref().map(UserId::as_str),
            entry.actor.as_ref().map(UserId::as_str),
            entry.client.as_ref().map(|client| client.as_bytes()),
            entry.time_ms,
            entry.created_ms,
            entry.command_id.as_bytes(),
            signed(entry.reply_to),
            signed(entry.target),
            signed(version),
            entry.deleted,
            bucket.rows,
            signed(bucket.bytes),
            entry.body.as_ref(),
        ])?;
    Ok(())
}

fn write_head(batch: &AppendBatch, head: &LogHead, context: &Context<'_>) -> Result<(), Refusal> {
    context
        .connection
        .prepare_cached(
            "UPDATE heads SET seq = ?2, number = ?3, time_ms = ?4, message_seq = ?5, bucket = ?6, \
             bucket_first_seq = ?7, bucket_first_ms = ?8, bucket_rows = ?9, bucket_bytes = ?10 WHERE room = ?1",
        )?
        .execute(params![
            batch.room.key(),
            signed(head.seq),
            signed(head.number),
            head.time_ms,
            signed(head.message_seq),
            signed(head.bucket.bucket),
            signed(head.bucket.first_seq),
            head.bucket.first_ms,
            head.bucket.rows,
            signed(head.bucket.bytes),
        ])?;
    Ok(())
}
