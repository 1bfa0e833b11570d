//! The index of messages: states and blocks by their keys. What they mean is in `crate::search`.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

use super::{
    SqliteStore, accounts, log,
    options::{SLICE_BLOCKS, SLICE_ROWS},
    rows::{self, signed},
};
use crate::{
    Entry, SearchBacklog, SearchRepository, SearchScope, SegmentId, StoreError, User,
    search::{Block, Retired, SearchState, fold_name, person_words},
};

#[async_trait]
impl SearchRepository for SqliteStore {
    async fn search_scope(&self, user: &UserId, limit: usize) -> Result<Vec<SearchScope>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(scope(context.connection, &user, limit)?))
            .await
    }

    async fn search_state(&self, room: RoomId) -> Result<SearchState, StoreError> {
        self.read(move |context| Ok(state(context.connection, room)?)).await
    }

    async fn replace_search_state(&self, room: RoomId, state: SearchState) -> Result<bool, StoreError> {
        self.write(move |context| Ok(replace_state(context.connection, room, &state)?))
            .await
    }

    async fn put_search_blocks(&self, segment: SegmentId, blocks: Vec<Block>) -> Result<(), StoreError> {
        self.write(move |context| {
            let mut put = context.connection.prepare_cached(
                "INSERT INTO search_blocks (room, segment, key, data) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (room, segment, key) DO UPDATE SET data = excluded.data",
            )?;
            for block in &blocks {
                put.execute(params![
                    segment.room.key(),
                    signed(segment.segment),
                    block.key,
                    &*block.data
                ])?;
            }
            Ok(())
        })
        .await
    }

    async fn search_blocks(&self, places: Vec<(SegmentId, Vec<u8>)>) -> Result<Vec<Option<Block>>, StoreError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |context| {
            let mut before = context.connection.prepare_cached(
                "SELECT key, data FROM search_blocks WHERE room = ?1 AND segment = ?2 AND key <= ?3 \
                 ORDER BY key DESC LIMIT 1",
            )?;
            let mut found = Vec::with_capacity(places.len());
            for (segment, key) in &places {
                let place = params![segment.room.key(), signed(segment.segment), key];
                found.push(before.query_row(place, block).optional()?);
            }
            Ok(found)
        })
        .await
    }

    async fn search_blocks_behind(
        &self,
        segment: SegmentId,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        self.read(move |context| Ok(blocks_behind(context.connection, segment, after, limit)?))
            .await
    }

    async fn remove_search_blocks(&self, segment: SegmentId) -> Result<bool, StoreError> {
        self.write(move |context| Ok(remove_blocks(context.connection, segment)?))
            .await
    }

    async fn search_backlog(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>, StoreError> {
        self.read(move |context| Ok(backlog(context.connection, after, limit)?))
            .await
    }

    async fn entries_at(&self, places: Vec<(RoomId, u64)>) -> Result<Vec<Option<Entry>>, StoreError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |context| {
            let entry = |(room, seq): &(RoomId, u64)| log::entry_at(context.connection, room.key(), *seq);
            Ok(places.iter().map(entry).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn people_by_word(&self, beginning: &str, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let first = fold_name(beginning);
        self.read(move |context| Ok(people(context.connection, &first, limit)?))
            .await
    }

    async fn users_at(&self, users: Vec<UserId>) -> Result<Vec<User>, StoreError> {
        self.read(move |context| {
            let read = users.iter().map(|user| accounts::by_id(context.connection, user));
            Ok(read.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

/// `revision, indexed_to, state` from the column `at`, where a LEFT JOIN may have found none.
fn read_state(row: &Row<'_>, at: usize) -> rusqlite::Result<SearchState> {
    let Some(bytes) = row.get_ref(at + 2)?.as_blob_or_null()? else {
        return Ok(SearchState::default());
    };
    let state = SearchState::decode(rows::unsigned(row, at)?, rows::unsigned(row, at + 1)?, bytes);
    state.ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(at + 2, Type::Blob, "not the state of an index".into())
    })
}

fn block(row: &Row<'_>) -> rusqlite::Result<Block> {
    Ok(Block {
        key: row.get(0)?,
        data: row.get::<_, Vec<u8>>(1)?.into(),
    })
}

fn scope(connection: &Connection, user: &UserId, limit: usize) -> rusqlite::Result<Vec<SearchScope>> {
    let mut statement = connection.prepare_cached(
        "SELECT r.room, r.name, h.seq, CASE WHEN h.seq = 0 THEN r.created_ms ELSE h.time_ms END AS activity_ms, \
         s.revision, s.indexed_to, s.state \
         FROM members m JOIN rooms r ON r.room = m.room JOIN heads h ON h.room = m.room \
         LEFT JOIN search_rooms s ON s.room = m.room \
         WHERE m.user = ?1 AND r.deleted = 0 AND r.kind IN (1, 2) ORDER BY activity_ms DESC, r.room DESC LIMIT ?2",
    )?;
    let found = statement.query_map(params![user.as_str(), signed(limit as u64)], |row| {
        Ok(SearchScope {
            room: RoomId::from_key(row.get(0)?),
            name: row.get(1)?,
            head_seq: rows::unsigned(row, 2)?,
            last_activity_ms: row.get(3)?,
            state: read_state(row, 4)?,
        })
    })?;
    found.collect()
}

/// The state of a room's index.
pub(super) fn state(connection: &Connection, room: RoomId) -> rusqlite::Result<SearchState> {
    let found = connection
        .prepare_cached("SELECT revision, indexed_to, state FROM search_rooms WHERE room = ?1")?
        .query_row([room.key()], |row| read_state(row, 0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn replace_state(connection: &Connection, room: RoomId, state: &SearchState) -> rusqlite::Result<bool> {
    let columns = params![
        room.key(),
        signed(state.revision),
        signed(state.indexed_to),
        state.encode()
    ];
    let changed = if state.revision == 0 {
        connection
            .prepare_cached(
                "INSERT INTO search_rooms (room, revision, indexed_to, state) VALUES (?1, ?2 + 1, ?3, ?4) \
                 ON CONFLICT (room) DO NOTHING",
            )?
            .execute(columns)?
    } else {
        connection
            .prepare_cached(
                "UPDATE search_rooms SET revision = ?2 + 1, indexed_to = ?3, state = ?4 \
                 WHERE room = ?1 AND revision = ?2",
            )?
            .execute(columns)?
    };
    Ok(changed > 0)
}

/// Blocks of a segment from behind a key.
pub(super) fn blocks_behind(
    connection: &Connection,
    segment: SegmentId,
    after: Option<Vec<u8>>,
    limit: usize,
) -> rusqlite::Result<Vec<Block>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, data FROM search_blocks WHERE room = ?1 AND segment = ?2 AND key > ?3 ORDER BY key LIMIT ?4",
    )?;
    let after = after.unwrap_or_default();
    let place = params![segment.room.key(), signed(segment.segment), after, signed(limit as u64)];
    statement.query_map(place, block)?.collect()
}

fn remove_blocks(connection: &Connection, segment: SegmentId) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM search_blocks WHERE rowid IN \
             (SELECT rowid FROM search_blocks WHERE room = ?1 AND segment = ?2 LIMIT ?3)",
        )?
        .execute(params![
            segment.room.key(),
            signed(segment.segment),
            signed(SLICE_BLOCKS as u64)
        ])?;
    Ok(removed >= SLICE_BLOCKS)
}

fn backlog(connection: &Connection, after: Option<RoomId>, limit: usize) -> rusqlite::Result<Vec<SearchBacklog>> {
    let mut statement = connection.prepare_cached(
        "SELECT h.room, h.seq, h.time_ms, s.revision, s.indexed_to, s.state \
         FROM heads h JOIN rooms r ON r.room = h.room LEFT JOIN search_rooms s ON s.room = h.room \
         WHERE h.room > ?1 AND r.kind IN (1, 2) ORDER BY h.room LIMIT ?2",
    )?;
    let after = after.map_or(i64::MIN, RoomId::key);
    let found = statement.query_map(params![after, signed(limit as u64)], |row| {
        let state = read_state(row, 3)?;
        Ok(SearchBacklog {
            room: RoomId::from_key(row.get(0)?),
            head_seq: rows::unsigned(row, 1)?,
            head_ms: row.get(2)?,
            indexed_to: if state.is_current() { state.indexed_to } else { 0 },
            has_retired: !state.retired.is_empty(),
        })
    })?;
    found.collect()
}

/// The log has been purged: nothing of its index counts any more.
pub(super) fn forget(connection: &Connection, room: RoomId) -> rusqlite::Result<()> {
    let old = state(connection, room)?;
    if old.revision == 0 {
        return Ok(());
    }
    let retired = old.segments.iter().map(|segment| segment.id);
    let retired = retired.chain(old.retired.iter().map(|retired| retired.id));
    let new = SearchState {
        revision: old.revision,
        // Nobody may go on reading them: they are due at once.
        retired: retired.map(|id| Retired { id, since_ms: 0 }).collect(),
        ..SearchState::default()
    };
    replace_state(connection, room, &new).map(|_| ())
}

/// Removes a slice of the postings of a purged log; whether more is to do.
pub(super) fn remove_forgotten(connection: &Connection, room: RoomId) -> rusqlite::Result<bool> {
    let mut state = state(connection, room)?;
    let Some(next) = state.retired.iter().position(|retired| retired.since_ms == 0) else {
        return Ok(false);
    };
    let segment = SegmentId {
        room,
        segment: state.retired[next].id,
    };
    if !remove_blocks(connection, segment)? {
        state.retired.remove(next);
        replace_state(connection, room, &state)?;
    }
    Ok(true)
}

fn people(connection: &Connection, first: &str, limit: usize) -> rusqlite::Result<Vec<UserId>> {
    let behind = format!("{first}{}", char::MAX);
    let mut statement = connection
        .prepare_cached("SELECT user FROM people_words WHERE word >= ?1 AND word < ?2 ORDER BY word, user")?;
    let mut found = statement.query([first, &behind])?;
    let mut seen = std::collections::HashSet::new();
    let mut people = Vec::new();
    while people.len() < limit
        && let Some(row) = found.next()?
    {
        let user = rows::user(row, 0)?;
        if seen.insert(user.clone()) {
            people.push(user);
        }
    }
    Ok(people)
}

/// Files a person under their names.
pub(super) fn add_person(connection: &Connection, user: &User) -> rusqlite::Result<()> {
    let mut add = connection
        .prepare_cached("INSERT INTO people_words (word, user) VALUES (?1, ?2) ON CONFLICT (word, user) DO NOTHING")?;
    for word in person_words(user) {
        add.execute([word.as_str(), user.id.as_str()])?;
    }
    Ok(())
}

/// Takes a person out, as they were.
pub(super) fn remove_person(connection: &Connection, user: &User) -> rusqlite::Result<()> {
    let mut remove = connection.prepare_cached("DELETE FROM people_words WHERE word = ?1 AND user = ?2")?;
    for word in person_words(user) {
        remove.execute([word.as_str(), user.id.as_str()])?;
    }
    Ok(())
}

/// Files everybody: after the schema has come to the version with this table.
pub(super) fn add_everybody(connection: &Connection) -> rusqlite::Result<()> {
    let mut last = String::new();
    loop {
        let page = accounts::page(connection, &last, SLICE_ROWS)?;
        let Some(end) = page.last() else { return Ok(()) };
        last = end.id.as_str().to_owned();
        for user in &page {
            add_person(connection, user)?;
        }
    }
}
