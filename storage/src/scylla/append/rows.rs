//! The rows of entries and of their commands, written as one mutation of one bucket. Take-overs write with it too.

use std::time::Instant;

use protocol::RoomId;

use super::{
    super::{
        Shared,
        client::{Client, Values},
        commands::{self, Record},
        effects,
        failure::{Fault, Result},
        options::COMMAND_TTL_S,
        rows::{NewEntryRow, signed},
        stamp::stamp,
    },
    plan::Planned,
    refusal::{Refusal, repeated},
};
use crate::{AppendBatch, StoreError};

/// The row of an entry, with the record of its command where it came from a client.
pub(in crate::scylla) type Row = (NewEntryRow, Option<Values>);

/// Writes a part of a plan, which lies in one bucket, of a batch that begins at `first`.
pub(super) async fn write_part(
    shared: &Shared,
    batch: &AppendBatch,
    part: &[Planned],
    first: u64,
    patience: Instant,
) -> Result<(), Refusal> {
    let rows = || -> Result<Vec<Row>> { part.iter().map(|one| row(batch.room, one, first)).collect() };
    // Values that the servers do not take are found before anything is sent.
    let first_try = rows()?;
    match write_rows(&shared.client, first_try).await {
        Ok(()) => Ok(()),
        Err(Fault::Unavailable(_)) => repeated(patience, || async { write_rows(&shared.client, rows()?).await }).await,
        Err(fault) => Err(Refusal::Doubt(StoreError::from(fault).to_string())),
    }
}

fn row(room: RoomId, one: &Planned, batch_first: u64) -> Result<Row> {
    let entry = &one.entry;
    let command = one.is_repeatable.then(|| {
        let record = commands::record(entry);
        command_values(room, one.bucket.bucket, record, stamp(entry.seq))
    });
    let changes = effects::encode(&one.changes)?;
    Ok((
        NewEntryRow::new(room, entry, &one.bucket, batch_first, changes),
        command,
    ))
}

/// The values of a command's record.
pub(in crate::scylla) fn command_values(room: RoomId, bucket: u64, record: Record, written: i64) -> Values {
    let (key, sender, time_ms, command_id, target) = record;
    let place = (room.key(), signed(bucket), key);
    Box::new((
        place.0,
        place.1,
        place.2,
        sender,
        time_ms,
        command_id,
        target,
        written,
        COMMAND_TTL_S,
    ))
}

/// Writes rows of one bucket as one mutation.
pub(in crate::scylla) async fn write_rows(client: &Client, rows: Vec<Row>) -> Result<()> {
    let statements = &client.statements;
    let mut writes: Vec<(_, Values)> = Vec::with_capacity(rows.len() * 2);
    for (row, command) in rows {
        writes.push((&statements.insert_entry, Box::new(row)));
        writes.extend(command.map(|command| (&statements.insert_command, command)));
    }
    client.batch(writes).await
}
