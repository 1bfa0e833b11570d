//! What an entry changes beside the log, in the transaction of its append.

use protocol::UserId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    append::{Refusal, failed},
    faults::Step,
    job::Context,
    marks,
    rows::{self, signed},
};
use crate::{Effect, Mark, NewEntry, Role};

/// Changes the message that an edit or a deletion is about, before the entry's own row is written. Gives the message's
/// `version` until now: what the entry's row has to point at, so that the chain of versions has no hole.
pub(super) fn change_target(new: &NewEntry, room: i64, context: &Context<'_>) -> Result<Option<u64>, Refusal> {
    let seq = new.entry.seq;
    let mut before = None;
    for effect in &new.effects {
        match effect {
            Effect::Edit { target, body } => {
                context.faults.statement(Step::Effect)?;
                before = Some(edit(context.connection, room, *target, body, seq)?);
            }
            Effect::Delete { target } => {
                context.faults.statement(Step::Effect)?;
                before = Some(delete(context.connection, room, *target, seq)?);
                context.signals.text_was_deleted();
            }
            _ => {}
        }
    }
    Ok(before)
}

/// Where a row lies and what its chain goes on with.
struct Place {
    bucket: i64,
    version: u64,
    deleted: bool,
}

fn find(connection: &Connection, room: i64, seq: u64) -> Result<Option<Place>, Refusal> {
    let place = connection
        .prepare_cached(
            "SELECT bucket, version, deleted FROM entries WHERE room = ?1 AND seq = ?2 AND bucket = (SELECT bucket \
             FROM buckets_by_seq WHERE room = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1)",
        )?
        .query_row(params![room, signed(seq)], |row| {
            Ok(Place {
                bucket: row.get(0)?,
                version: rows::unsigned(row, 1)?,
                deleted: row.get(2)?,
            })
        })
        .optional()?;
    Ok(place)
}

fn edit(connection: &Connection, room: i64, target: u64, body: &[u8], seq: u64) -> Result<u64, Refusal> {
    let Some(place) = find(connection, room, target)? else {
        return failed(format!("no message at {target}"));
    };
    if place.deleted {
        return failed(format!("the message at {target} is deleted"));
    }
    connection
        .prepare_cached("UPDATE entries SET body = ?4, version = ?5 WHERE room = ?1 AND bucket = ?2 AND seq = ?3")?
        .execute(params![room, place.bucket, signed(target), body, signed(seq)])?;
    Ok(place.version)
}

/// Empties the message and walks its chain of edits, newest first, emptying each.
fn delete(connection: &Connection, room: i64, target: u64, seq: u64) -> Result<u64, Refusal> {
    let Some(message) = find(connection, room, target)? else {
        return failed(format!("no message at {target}"));
    };
    let mut empty = connection.prepare_cached(
        "UPDATE entries SET body = x'', deleted = 1, version = ?4 WHERE room = ?1 AND bucket = ?2 AND seq = ?3",
    )?;
    empty.execute(params![room, message.bucket, signed(target), signed(seq)])?;
    let mut next = message.version;
    while next != 0 {
        let Some(place) = find(connection, room, next)? else {
            return failed(format!("the versions of {target} break off at {next}"));
        };
        // Each version is older than the one before; anything else would be a circle.
        if place.version >= next {
            return failed(format!("the versions of {target} go round at {next}"));
        }
        empty.execute(params![room, place.bucket, signed(next), signed(place.version)])?;
        next = place.version;
    }
    Ok(message.version)
}

/// Everything but edits and deletions, after the entry's own row.
pub(super) fn apply(new: &NewEntry, room: i64, context: &Context<'_>) -> Result<(), Refusal> {
    let connection = context.connection;
    for effect in &new.effects {
        if matches!(effect, Effect::Edit { .. } | Effect::Delete { .. }) {
            continue;
        }
        context.faults.statement(Step::Effect)?;
        match effect {
            Effect::Edit { .. } | Effect::Delete { .. } => {}
            Effect::MemberAdded(user, role) => add_member(connection, room, user, *role, new)?,
            Effect::MemberRemoved(user) => remove_member(connection, room, user)?,
            Effect::Renamed(name) => {
                connection
                    .prepare_cached("UPDATE rooms SET name = ?2 WHERE room = ?1")?
                    .execute(params![room, name])?;
            }
            Effect::RetentionChanged(days) => {
                connection
                    .prepare_cached("UPDATE rooms SET retention_days = ?2 WHERE room = ?1")?
                    .execute(params![room, days])?;
            }
            Effect::RoomDeleted => {
                connection
                    .prepare_cached("UPDATE rooms SET deleted = 1 WHERE room = ?1")?
                    .execute([room])?;
            }
            Effect::Read { user, seq, number } => {
                let mark = Mark {
                    read_seq: *seq,
                    read_number: *number,
                    received_seq: *seq,
                };
                marks::advance(connection, room, user, mark)?;
            }
        }
    }
    Ok(())
}

fn add_member(connection: &Connection, room: i64, user: &UserId, role: Role, new: &NewEntry) -> Result<(), Refusal> {
    let changed = connection
        .prepare_cached("UPDATE members SET role = ?3 WHERE room = ?1 AND user = ?2")?
        .execute(params![room, user.as_str(), role as u8])?;
    if changed == 0 {
        connection
            .prepare_cached(
                "INSERT INTO members (room, user, role, joined_seq, joined_number, joined_ms, muted_until_ms) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
            )?
            .execute(params![
                room,
                user.as_str(),
                role as u8,
                signed(new.entry.seq),
                signed(new.entry.number),
                new.entry.time_ms,
            ])?;
        count_members(connection, room, 1)?;
    }
    Ok(())
}

fn remove_member(connection: &Connection, room: i64, user: &UserId) -> Result<(), Refusal> {
    let removed = connection
        .prepare_cached("DELETE FROM members WHERE room = ?1 AND user = ?2")?
        .execute(params![room, user.as_str()])?;
    connection
        .prepare_cached("DELETE FROM marks WHERE room = ?1 AND user = ?2")?
        .execute(params![room, user.as_str()])?;
    if removed > 0 {
        count_members(connection, room, -1)?;
    }
    Ok(())
}

fn count_members(connection: &Connection, room: i64, change: i64) -> Result<(), Refusal> {
    connection
        .prepare_cached("UPDATE rooms SET members_count = members_count + ?2 WHERE room = ?1")?
        .execute(params![room, change])?;
    Ok(())
}
