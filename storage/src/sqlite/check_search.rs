//! The part of the check that concerns the search index: what appends did not write, and what can be made again out of
//! the logs.

use protocol::RoomId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    accounts,
    check::{Report, tell},
    rows::{self, signed},
    search,
};
use crate::{
    Entry, EntryKind, SegmentId,
    search::{LogDocument, Segment, person_words, verify, verify_state},
};

/// Checks the index of a room whose log ends with this seq.
pub(super) fn check_index(
    connection: &Connection,
    room: RoomId,
    head_seq: u64,
    report: &mut Report,
) -> rusqlite::Result<()> {
    let state = search::state(connection, room)?;
    for difference in verify_state(&state, head_seq) {
        tell(report, format!("search index of room {room}: {difference}"));
    }
    if !state.is_current() {
        // Of another version of the analyzer: searches do without it.
        return Ok(());
    }
    for segment in &state.segments {
        check_segment(connection, room, segment, report)?;
    }
    Ok(())
}

fn check_segment(
    connection: &Connection,
    room: RoomId,
    segment: &Segment,
    report: &mut Report,
) -> rusqlite::Result<()> {
    let id = SegmentId {
        room,
        segment: segment.id,
    };
    let blocks = search::blocks_behind(connection, id, None, usize::MAX)?;
    let documents = documents(connection, room, segment)?;
    for difference in verify(segment, &blocks, &documents) {
        tell(report, format!("search index of room {room}: {difference}"));
    }
    Ok(())
}

fn documents(connection: &Connection, room: RoomId, segment: &Segment) -> rusqlite::Result<Vec<LogDocument>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM reachable WHERE room = ?1 AND seq BETWEEN ?2 AND ?3 AND kind IN (1, 2)",
        rows::ENTRY
    ))?;
    let range = params![room.key(), signed(segment.first_seq), signed(segment.last_seq)];
    let entries = statement.query_map(range, rows::entry)?;
    entries
        .map(|entry| {
            let entry = entry?;
            Ok(LogDocument {
                is_newest: is_newest(connection, room, &entry)?,
                entry,
            })
        })
        .collect()
}

fn is_newest(connection: &Connection, room: RoomId, entry: &Entry) -> rusqlite::Result<bool> {
    if entry.kind == EntryKind::Message {
        return Ok(entry.version == 0 && !entry.deleted);
    }
    let version: Option<u64> = connection
        .prepare_cached("SELECT version FROM reachable WHERE room = ?1 AND seq = ?2 AND deleted = 0")?
        .query_row(params![room.key(), signed(entry.target)], |row| rows::unsigned(row, 0))
        .optional()?;
    Ok(version == Some(entry.seq))
}

/// Checks that every block belongs to a segment that its room's state names.
pub(super) fn check_segments(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut segments = connection.prepare("SELECT DISTINCT room, segment FROM search_blocks")?;
    let mut found = segments.query([])?;
    while let Some(row) = found.next()? {
        let (room, segment) = (RoomId::from_key(row.get(0)?), rows::unsigned(row, 1)?);
        let state = search::state(connection, room)?;
        let is_named = state.segments.iter().any(|known| known.id == segment)
            || state.retired.iter().any(|retired| retired.id == segment);
        if !is_named {
            tell(
                report,
                format!("search index of room {room}: a block belongs to no segment"),
            );
        }
    }
    Ok(())
}

/// Checks that people are filed under the words of their names, and under nothing else.
pub(super) fn check_people(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut filed = connection.prepare("SELECT count(*) FROM people_words WHERE user = ?1 AND word = ?2")?;
    let mut expected = 0;
    let mut users = connection.prepare(&format!("SELECT {} FROM users u", accounts::USER))?;
    let mut found = users.query([])?;
    while let Some(row) = found.next()? {
        let user = accounts::read_user(row)?;
        for word in person_words(&user) {
            expected += 1;
            let count: i64 = filed.query_row([user.id.as_str(), &word], |row| row.get(0))?;
            if count == 0 {
                tell(report, format!("{} is not found by a word of their names", user.id));
            }
        }
    }
    let all: i64 = connection.query_row("SELECT count(*) FROM people_words", [], |row| row.get(0))?;
    if all != expected {
        tell(
            report,
            format!("{all} words of people's names are filed, {expected} belong there"),
        );
    }
    Ok(())
}
