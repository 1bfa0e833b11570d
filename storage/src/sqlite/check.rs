//! Whether everything that is derived from the logs agrees with them. For `plenum check-data` and for tests that kill
//! a node:
//! it computes again what appends have written, and compares.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{check_search, open, options::COMMAND_LIFETIME_MS};
use crate::StoreError;

/// Differences listed at most; one broken room need not fill the screen.
const DIFFERENCES_MAX: usize = 100;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Rooms looked at.
    pub rooms: u64,
    /// Entries looked at.
    pub entries: u64,
    /// What does not agree, in words; empty: all is well. At most 100.
    pub differences: Vec<String>,
}

/// Checks a file, in one reading transaction; a node may be running on it.
///
/// # Errors
/// When the file can not be read.
pub fn check_consistency(path: &Path) -> Result<Report, StoreError> {
    let connection = open::reader(path).map_err(|error| StoreError::Failed(error.to_string()))?;
    check(&connection).map_err(|error| super::failure::store_error(&error))
}

/// A rule as a query that lists what breaks it: a text for each.
struct Rule {
    name: &'static str,
    query: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "a room without the end of its log, or the reverse",
        query: "SELECT room FROM rooms WHERE room NOT IN (SELECT room FROM heads) \
                UNION ALL SELECT room FROM heads WHERE room NOT IN (SELECT room FROM rooms)",
    },
    Rule {
        name: "a count of members that is wrong",
        query: "SELECT room FROM rooms r WHERE members_count <> (SELECT count(*) FROM members m WHERE m.room = r.room)",
    },
    Rule {
        name: "a membership or mark beyond the end of the log",
        query: "SELECT m.room || ' ' || m.user FROM members m JOIN heads h ON h.room = m.room \
                WHERE m.joined_seq > h.seq OR m.joined_number > h.number \
                UNION ALL SELECT m.room || ' ' || m.user FROM marks m JOIN heads h ON h.room = m.room \
                WHERE m.read_seq > h.seq OR m.received_seq > h.seq OR m.received_seq < m.read_seq",
    },
    Rule {
        name: "a joining number or mark that is not the log's",
        query: "SELECT m.room || ' ' || m.user FROM members m CROSS JOIN reachable e \
                ON e.room = m.room AND e.seq = m.joined_seq WHERE e.number <> m.joined_number \
                UNION ALL SELECT m.room || ' ' || m.user FROM marks m CROSS JOIN reachable e \
                ON e.room = m.room AND e.seq = m.read_seq WHERE e.number <> m.read_number",
    },
    Rule {
        name: "a record of a command beyond the end of the log, or of another command",
        query: "SELECT c.room || ' ' || c.seq FROM client_msg_ids c JOIN heads h ON h.room = c.room \
                WHERE c.seq > h.seq \
                UNION ALL SELECT c.room || ' ' || c.seq FROM client_msg_ids c CROSS JOIN reachable e \
                ON e.room = c.room AND e.seq = c.seq WHERE e.command_id <> c.command_id",
    },
    Rule {
        name: "a deleted row that still has text, or a version of a deleted message that is not deleted",
        query: "SELECT room || ' ' || seq FROM reachable WHERE deleted = 1 AND length(body) > 0 \
                UNION ALL SELECT e.room || ' ' || e.seq FROM reachable e CROSS JOIN reachable m \
                ON m.room = e.room AND m.seq = e.target \
                WHERE e.kind = 2 AND m.deleted = 1 AND e.deleted = 0",
    },
    Rule {
        name: "a message whose newest version is not an edit or deletion of it",
        query: "SELECT m.room || ' ' || m.seq FROM reachable m WHERE m.kind = 1 AND m.version > 0 AND NOT EXISTS \
                (SELECT 1 FROM reachable e WHERE e.room = m.room AND e.seq = m.version AND e.target = m.seq \
                AND e.kind IN (2, 3))",
    },
    Rule {
        name: "an edit or deletion behind its message's newest version",
        query: "SELECT e.room || ' ' || e.seq FROM reachable e CROSS JOIN reachable m \
                ON m.room = e.room AND m.seq = e.target \
                WHERE e.kind IN (2, 3) AND m.version < e.seq",
    },
    Rule {
        name: "a bucket that the two indexes tell differently",
        query: "SELECT s.room || ' ' || s.bucket FROM buckets_by_seq s LEFT JOIN buckets_by_time t \
                ON t.room = s.room AND t.bucket = s.bucket WHERE t.first_seq IS NULL OR t.first_seq <> s.first_seq \
                UNION ALL SELECT t.room || ' ' || t.bucket FROM buckets_by_time t LEFT JOIN buckets_by_seq s \
                ON s.room = t.room AND s.first_seq = t.first_seq WHERE s.bucket IS NULL OR s.bucket <> t.bucket",
    },
    Rule {
        name: "a log that does not begin with its first bucket, or has counted wrongly what lies before",
        query: "SELECT h.room FROM heads h WHERE h.first_seq <> \
                coalesce((SELECT min(b.first_seq) FROM buckets_by_seq b WHERE b.room = h.room), h.seq + 1) \
                OR h.first_number > h.number",
    },
    Rule {
        name: "a user without a name, or a name without a user",
        query: "SELECT user FROM users WHERE user NOT IN (SELECT user FROM users_by_name) \
                UNION ALL SELECT name FROM users_by_name WHERE user NOT IN (SELECT user FROM users)",
    },
    Rule {
        name: "a light log whose end is not its newest entry",
        query: "SELECT l.user FROM user_logs l \
                WHERE l.seq <> (SELECT coalesce(max(seq), 0) FROM user_entries e WHERE e.user = l.user) \
                OR l.seq <> (SELECT count(*) FROM user_entries e WHERE e.user = l.user)",
    },
];

fn check(connection: &Connection) -> rusqlite::Result<Report> {
    let mut report = Report::default();
    // The rows that reads can find: those of a purged log wait for removal.
    connection.execute_batch(
        "PRAGMA query_only = OFF; \
         CREATE TEMP VIEW reachable AS SELECT e.* FROM main.buckets_by_seq b CROSS JOIN main.entries e \
         ON e.room = b.room AND e.bucket = b.bucket; \
         PRAGMA query_only = ON; \
         BEGIN DEFERRED;",
    )?;
    check_pages(connection, &mut report)?;
    check_logs(connection, &mut report)?;
    check_search::check_people(connection, &mut report)?;
    check_search::check_segments(connection, &mut report)?;
    for rule in RULES {
        check_rule(connection, rule, &mut report)?;
    }
    connection.execute_batch("ROLLBACK")?;
    Ok(report)
}

/// Notes a difference.
pub(super) fn tell(report: &mut Report, difference: String) {
    if report.differences.len() < DIFFERENCES_MAX {
        report.differences.push(difference);
    }
}

fn check_pages(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let mut lines = statement.query([])?;
    while let Some(line) = lines.next()? {
        let text: String = line.get(0)?;
        if text != "ok" {
            tell(report, text);
        }
    }
    Ok(())
}

fn check_rule(connection: &Connection, rule: &Rule, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(rule.query)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let what = match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(room) => protocol::RoomId::from_key(room).to_string(),
            other => String::from_utf8_lossy(other.as_bytes()?).into_owned(),
        };
        tell(report, format!("{}: {what}", rule.name));
    }
    Ok(())
}

/// What the end of a log must be, computed from its rows.
#[derive(Debug, PartialEq, Eq, Default, Clone, Copy)]
struct End {
    seq: i64,
    number: i64,
    time_ms: i64,
    message_seq: i64,
    bucket: i64,
    bucket_first_seq: i64,
    bucket_first_ms: i64,
    bucket_rows: i64,
    bucket_bytes: i64,
}

fn check_logs(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut heads = connection.prepare(
        "SELECT room, seq, number, time_ms, message_seq, bucket, bucket_first_seq, bucket_first_ms, bucket_rows, \
         bucket_bytes, first_seq FROM heads ORDER BY room",
    )?;
    let mut found = heads.query([])?;
    while let Some(row) = found.next()? {
        let stored = End {
            seq: row.get(1)?,
            number: row.get(2)?,
            time_ms: row.get(3)?,
            message_seq: row.get(4)?,
            bucket: row.get(5)?,
            bucket_first_seq: row.get(6)?,
            bucket_first_ms: row.get(7)?,
            bucket_rows: row.get(8)?,
            bucket_bytes: row.get(9)?,
        };
        report.rooms += 1;
        check_log(connection, row.get(0)?, &stored, report)?;
        let room = protocol::RoomId::from_key(row.get(0)?);
        let first_seq: i64 = row.get(10)?;
        let log = (first_seq.unsigned_abs(), stored.seq.unsigned_abs());
        check_search::check_index(connection, room, log, report)?;
    }
    Ok(())
}

fn check_log(connection: &Connection, room: i64, stored: &End, report: &mut Report) -> rusqlite::Result<()> {
    let name = protocol::RoomId::from_key(room);
    let mut rebuilt = End::default();
    let mut buckets =
        connection.prepare_cached("SELECT bucket, first_seq FROM buckets_by_seq WHERE room = ?1 ORDER BY first_seq")?;
    let mut found = buckets.query([room])?;
    while let Some(row) = found.next()? {
        let (bucket, first_seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        if bucket <= rebuilt.bucket {
            tell(
                report,
                format!("room {name}: bucket {bucket} follows {}", rebuilt.bucket),
            );
        }
        rebuilt.bucket = bucket;
        rebuilt.bucket_first_seq = first_seq;
        rebuilt.bucket_rows = 0;
        rebuilt.bucket_bytes = 0;
        check_bucket(connection, room, &mut rebuilt, report)?;
    }
    // An empty or purged log has no row to compute its end from.
    if rebuilt.seq == 0 {
        if stored.message_seq != 0 {
            tell(
                report,
                format!("room {name}: the end names a message, the log has none"),
            );
        }
    } else if rebuilt != *stored {
        tell(
            report,
            format!("room {name}: the end is {stored:?}, its rows say {rebuilt:?}"),
        );
    }
    Ok(())
}

/// Walks one bucket; `end` goes along.
fn check_bucket(connection: &Connection, room: i64, end: &mut End, report: &mut Report) -> rusqlite::Result<()> {
    let name = protocol::RoomId::from_key(room);
    let mut statement = connection.prepare_cached(
        "SELECT seq, number, kind, time_ms, bucket_rows, bucket_bytes, coalesce(actor, sender, ''), command_id \
         FROM entries WHERE room = ?1 AND bucket = ?2 ORDER BY seq",
    )?;
    let mut found = statement.query(params![room, end.bucket])?;
    while let Some(row) = found.next()? {
        let (seq, number, kind, time_ms): (i64, i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (bucket_rows, bucket_bytes): (i64, i64) = (row.get(4)?, row.get(5)?);
        let is_first = end.bucket_rows == 0;
        let expected = if is_first { end.bucket_first_seq } else { end.seq + 1 };
        if seq != expected || (end.seq > 0 && seq != end.seq + 1) {
            tell(
                report,
                format!("room {name}: entry {seq} stands where {expected} belongs"),
            );
        }
        if end.seq > 0 && (number < end.number || number > end.number + 1 || time_ms < end.time_ms) {
            tell(
                report,
                format!("room {name}: the number or time of entry {seq} does not follow"),
            );
        }
        if bucket_rows != end.bucket_rows + 1 || bucket_bytes <= end.bucket_bytes {
            tell(report, format!("room {name}: entry {seq} counts its bucket wrongly"));
        }
        if is_first {
            end.bucket_first_ms = time_ms;
        }
        (end.seq, end.number, end.time_ms) = (seq, number, time_ms);
        (end.bucket_rows, end.bucket_bytes) = (bucket_rows, bucket_bytes);
        if kind == i64::from(crate::EntryKind::Message as u8) {
            end.message_seq = seq;
        }
        check_record(connection, room, row, report)?;
        report.entries += 1;
    }
    Ok(())
}

/// A command stands once in a log: its record, while it counts, names this very row.
fn check_record(connection: &Connection, room: i64, row: &Row<'_>, report: &mut Report) -> rusqlite::Result<()> {
    let (seq, time_ms): (i64, i64) = (row.get(0)?, row.get(3)?);
    let (issuer, command_id): (String, Vec<u8>) = (row.get(6)?, row.get(7)?);
    let record: Option<(i64, i64)> = connection
        .prepare_cached("SELECT seq, time_ms FROM client_msg_ids WHERE room = ?1 AND sender = ?2 AND command_id = ?3")?
        .query_row(params![room, issuer, command_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let other = record.filter(|(at, at_ms)| *at != seq && (at_ms - time_ms).abs() < COMMAND_LIFETIME_MS);
    if let Some((at, _)) = other {
        let name = protocol::RoomId::from_key(room);
        tell(
            report,
            format!("room {name}: entries {at} and {seq} are the same command"),
        );
    }
    Ok(())
}
