//! The writer's background lane: records of old commands, rows of purged logs, the write-ahead log. In slices of
//! milliseconds, when no append waits, or now and then between two commits.
//!
//! It reads no clock for data: "now" is the newest time that an append has carried.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::RoomId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    options::{
        COMMAND_LIFETIME_MS, COMMAND_PASS_PAUSE, EMPTY_REST, EMPTY_WAIT, FAILURE_REST, LOCK_WAIT, SLICE_ROWS,
        WAL_PAGES_BUSY, WAL_PAGES_IDLE, WAL_PAGES_MAX,
    },
    search,
};

/// Between two slices while the writer is idle and something is left to do.
const SLICE_PAUSE: Duration = Duration::from_millis(2);
/// How long an idle writer waits before it copies the write-ahead log back.
const COPY_PAUSE: Duration = Duration::from_millis(50);
/// How long an idle writer waits before it empties a write-ahead log that holds deleted text.
const EMPTY_PAUSE: Duration = Duration::from_secs(1);
/// How often an idle writer looks for something to do.
const IDLE_PAUSE: Duration = Duration::from_secs(30);

/// What jobs tell the background lane. Lives on the writer's thread.
pub(super) struct Signals {
    newest_ms: Cell<i64>,
    has_purge: Cell<bool>,
    has_deletion: Cell<bool>,
    wal_pages: Arc<AtomicUsize>,
    page_bytes: i64,
}

impl Signals {
    /// Counts the pages of the write-ahead log in `wal_pages`, of `page_bytes` bytes each.
    pub(super) fn new(wal_pages: Arc<AtomicUsize>, page_bytes: i64) -> Self {
        // An earlier process may have ended between a deletion or purge and the work that follows it.
        Self {
            newest_ms: Cell::new(0),
            has_purge: Cell::new(true),
            has_deletion: Cell::new(true),
            wal_pages,
            page_bytes,
        }
    }

    /// An append carried this time, Unix milliseconds.
    pub(super) fn saw(&self, time_ms: i64) {
        self.newest_ms.set(self.newest_ms.get().max(time_ms));
    }

    /// A log has been purged: its rows wait for removal.
    pub(super) fn log_was_purged(&self) {
        self.has_purge.set(true);
        self.has_deletion.set(true);
    }

    /// Text has been deleted: the write-ahead log still holds older copies of its pages.
    pub(super) fn text_was_deleted(&self) {
        self.has_deletion.set(true);
    }

    fn wal_pages(&self) -> usize {
        self.wal_pages.load(Ordering::Relaxed)
    }

    /// Bytes of the write-ahead log that have not been copied back.
    pub(super) fn wal_bytes(&self) -> i64 {
        i64::try_from(self.wal_pages())
            .unwrap_or(i64::MAX)
            .saturating_mul(self.page_bytes)
    }
}

/// Where the background work stands.
#[derive(Default)]
pub(super) struct Chores {
    /// The last record of a command that the running pass has looked at.
    pass: Option<Record>,
    is_passing: bool,
    passed_at: Option<Instant>,
    rest_until: Option<Instant>,
}

/// What came of looking at the write-ahead log's length.
enum Emptying {
    /// It is short enough, or was copied back in passing.
    Unneeded,
    /// It is empty.
    Done,
    /// Somebody reads an older state.
    HeldBack,
}

/// The key of a record of a command.
type Record = (i64, String, Vec<u8>);

impl Chores {
    /// How long the writer may wait for jobs before it gives a slice to background work.
    pub(super) fn patience(&self, signals: &Signals) -> Duration {
        let rest = self.rest();
        if !rest.is_zero() {
            rest
        } else if self.is_passing || signals.has_purge.get() {
            SLICE_PAUSE
        } else if signals.wal_pages() >= WAL_PAGES_IDLE {
            COPY_PAUSE
        } else if signals.has_deletion.get() {
            EMPTY_PAUSE
        } else {
            IDLE_PAUSE
        }
    }

    /// One slice of whatever is due. After a failure nothing is due for a while.
    pub(super) fn slice(&mut self, connection: &Connection, signals: &Signals, is_idle: bool) -> rusqlite::Result<()> {
        if !self.rest().is_zero() {
            return Ok(());
        }
        let done = self.work(connection, signals, is_idle);
        let rest = match &done {
            Ok(Emptying::HeldBack) => Some(EMPTY_REST),
            Ok(Emptying::Unneeded | Emptying::Done) => None,
            Err(_) => Some(FAILURE_REST),
        };
        self.rest_until = rest.map(|rest| Instant::now() + rest);
        done.map(|_| ())
    }

    fn rest(&self) -> Duration {
        let until = self
            .rest_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        until.unwrap_or_default()
    }

    fn work(&mut self, connection: &Connection, signals: &Signals, is_idle: bool) -> rusqlite::Result<Emptying> {
        if signals.has_purge.get() {
            signals.has_purge.set(remove_purged(connection)?);
        } else if self.is_pass_due(signals) {
            self.forget_commands(connection, signals)?;
        }
        copy_back(connection, signals, is_idle)
    }

    fn is_pass_due(&self, signals: &Signals) -> bool {
        let is_over = self.passed_at.is_none_or(|at| at.elapsed() >= COMMAND_PASS_PAUSE);
        self.is_passing || (signals.newest_ms.get() > 0 && is_over)
    }

    /// Looks at the next records of commands and removes the old ones among them.
    fn forget_commands(&mut self, connection: &Connection, signals: &Signals) -> rusqlite::Result<()> {
        let (room, sender, id) = self.pass.take().unwrap_or((i64::MIN, String::new(), Vec::new()));
        let last: Option<Record> = connection
            .prepare_cached(
                "SELECT room, sender, command_id FROM client_msg_ids WHERE (room, sender, command_id) > (?1, ?2, ?3) \
                 ORDER BY room, sender, command_id LIMIT 1 OFFSET ?4",
            )?
            .query_row(params![room, sender, id, SLICE_ROWS as i64 - 1], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let old_ms = signals.newest_ms.get() - COMMAND_LIFETIME_MS;
        match &last {
            Some((to_room, to_sender, to_id)) => connection
                .prepare_cached(
                    "DELETE FROM client_msg_ids WHERE (room, sender, command_id) > (?1, ?2, ?3) \
                     AND (room, sender, command_id) <= (?4, ?5, ?6) AND time_ms <= ?7",
                )?
                .execute(params![room, sender, id, to_room, to_sender, to_id, old_ms])?,
            None => connection
                .prepare_cached(
                    "DELETE FROM client_msg_ids WHERE (room, sender, command_id) > (?1, ?2, ?3) AND time_ms <= ?4",
                )?
                .execute(params![room, sender, id, old_ms])?,
        };
        self.is_passing = last.is_some();
        self.pass = last;
        if !self.is_passing {
            self.passed_at = Some(Instant::now());
        }
        Ok(())
    }
}

/// Removes a slice of a purged log; whether more is to do.
fn remove_purged(connection: &Connection) -> rusqlite::Result<bool> {
    let next: Option<(i64, i64)> = connection
        .prepare_cached("SELECT room, last_bucket FROM purges LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((room, last_bucket)) = next else {
        return Ok(false);
    };
    let removed = connection
        .prepare_cached(
            "DELETE FROM entries WHERE room = ?1 AND (bucket, seq) IN \
             (SELECT bucket, seq FROM entries WHERE room = ?1 AND bucket <= ?2 LIMIT ?3)",
        )?
        .execute(params![room, last_bucket, SLICE_ROWS as i64])?;
    if removed < SLICE_ROWS && !search::remove_forgotten(connection, RoomId::from_key(room))? {
        connection
            .prepare_cached("DELETE FROM purges WHERE room = ?1 AND last_bucket = ?2")?
            .execute([room, last_bucket])?;
    }
    Ok(true)
}

/// Copies the write-ahead log back into the file when it is long enough, and empties it when it is too long or holds
/// text
/// that has been deleted since.
fn copy_back(connection: &Connection, signals: &Signals, is_idle: bool) -> rusqlite::Result<Emptying> {
    let pages = signals.wal_pages();
    let holds_deleted = signals.has_deletion.get() && !signals.has_purge.get();
    if pages >= WAL_PAGES_MAX || (is_idle && holds_deleted) {
        connection.busy_timeout(EMPTY_WAIT)?;
        let emptied = checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        connection.busy_timeout(LOCK_WAIT)?;
        if !emptied? {
            return Ok(Emptying::HeldBack);
        }
        signals.has_deletion.set(false);
        signals.wal_pages.store(0, Ordering::Relaxed);
        return Ok(Emptying::Done);
    }
    if (pages >= WAL_PAGES_BUSY || (is_idle && pages >= WAL_PAGES_IDLE))
        && checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?
    {
        signals.wal_pages.store(0, Ordering::Relaxed);
    }
    Ok(Emptying::Unneeded)
}

/// Whether everything has been copied.
fn checkpoint(connection: &Connection, statement: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached(statement)?.query_row([], |row| {
        let (busy, pages, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && pages == copied)
    })
}
