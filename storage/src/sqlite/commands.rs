//! Commands and their repetition: which entry a client's `client_msg_id` became.

use std::collections::HashMap;

use protocol::UserId;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{
    options::COMMAND_LIFETIME_MS,
    rows::{self, signed},
};
use crate::{AppendBatch, Entry};

/// Whose `client_msg_id` it is: of whoever did it.
fn issuer(entry: &Entry) -> UserId {
    let who = entry.actor.as_ref().or(entry.sender.as_ref());
    who.cloned().unwrap_or_else(UserId::anonymous)
}

/// Which entries of a batch are repetitions: of what the log holds, or of an earlier entry of the batch itself, whose
/// place in
/// the log is the one proposed.
pub(super) fn repetitions(batch: &AppendBatch, connection: &Connection) -> rusqlite::Result<Vec<(usize, u64)>> {
    let mut found = Vec::new();
    let mut seen: HashMap<(UserId, Uuid), u64> = HashMap::new();
    for (index, new) in batch.entries.iter().enumerate() {
        if !new.is_repeatable {
            continue;
        }
        let entry = &new.entry;
        let sender = issuer(entry);
        let before = find_command(connection, batch.room.key(), &sender, entry.command_id, entry.time_ms)?;
        let first = before.or_else(|| seen.get(&(sender.clone(), entry.command_id)).copied());
        match first {
            Some(seq) => found.push((index, seq)),
            None => {
                seen.insert((sender, entry.command_id), entry.seq);
            }
        }
    }
    Ok(found)
}

/// The seq that a command got, if its record is young enough and the row at that seq carries the id.
pub(super) fn find_command(
    connection: &Connection,
    room: i64,
    sender: &UserId,
    command_id: Uuid,
    now_ms: i64,
) -> rusqlite::Result<Option<u64>> {
    let record: Option<(u64, i64)> = connection
        .prepare_cached("SELECT seq, time_ms FROM client_msg_ids WHERE room = ?1 AND sender = ?2 AND command_id = ?3")?
        .query_row(params![room, sender.as_str(), command_id.as_bytes()], |row| {
            Ok((rows::unsigned(row, 0)?, row.get(1)?))
        })
        .optional()?;
    let Some((seq, time_ms)) = record else {
        return Ok(None);
    };
    if now_ms.saturating_sub(time_ms) >= COMMAND_LIFETIME_MS {
        return Ok(None);
    }
    let carried: Option<Vec<u8>> = connection
        .prepare_cached(concat!(
            "SELECT command_id FROM entries WHERE room = ?1 AND seq = ?2 AND bucket = (SELECT bucket FROM ",
            "buckets_by_seq WHERE room = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1)"
        ))?
        .query_row(params![room, signed(seq)], |row| row.get(0))
        .optional()?;
    Ok(carried.is_some_and(|id| id == command_id.as_bytes()).then_some(seq))
}

/// Writes the record of a command, over one whose time is past.
pub(super) fn record(connection: &Connection, room: i64, entry: &Entry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO client_msg_ids (room, sender, command_id, seq, time_ms) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (room, sender, command_id) DO UPDATE SET seq = ?4, time_ms = ?5",
        )?
        .execute(params![
            room,
            issuer(entry).as_str(),
            entry.command_id.as_bytes(),
            signed(entry.seq),
            entry.time_ms,
        ])?;
    Ok(())
}
