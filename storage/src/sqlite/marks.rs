//! Marks: how far people have read. They only move forward.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    SqliteStore,
    rows::{self, signed},
};
use crate::{Mark, MarkRepository, StoreError, TopMarks};

const TOP_READ: &str =
    "SELECT user, read_seq FROM marks WHERE room = ?1 AND read_seq > 0 ORDER BY read_seq DESC LIMIT 2";
const TOP_RECEIVED: &str =
    "SELECT user, received_seq FROM marks WHERE room = ?1 AND received_seq > 0 ORDER BY received_seq DESC LIMIT 2";

#[async_trait]
impl MarkRepository for SqliteStore {
    async fn advance_mark(&self, room: RoomId, user: &UserId, mark: Mark) -> Result<(Mark, Mark), StoreError> {
        let user = user.clone();
        self.write(move |context| Ok(advance(context.connection, room.key(), &user, mark)?))
            .await
    }

    async fn mark(&self, room: RoomId, user: &UserId) -> Result<Mark, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(stored(context.connection, room.key(), &user)?.unwrap_or_default()))
            .await
    }

    async fn top_marks(&self, room: RoomId) -> Result<TopMarks, StoreError> {
        self.read(move |context| {
            Ok(TopMarks {
                read: top(context.connection, TOP_READ, room.key())?,
                received: top(context.connection, TOP_RECEIVED, room.key())?,
            })
        })
        .await
    }
}

fn top(connection: &Connection, query: &str, room: i64) -> rusqlite::Result<Vec<(UserId, u64)>> {
    connection
        .prepare_cached(query)?
        .query_map([room], |row| Ok((rows::user(row, 0)?, rows::unsigned(row, 1)?)))?
        .collect()
}

pub(super) fn stored(connection: &Connection, room: i64, user: &UserId) -> rusqlite::Result<Option<Mark>> {
    connection
        .prepare_cached("SELECT read_seq, read_number, received_seq FROM marks WHERE room = ?1 AND user = ?2")?
        .query_row(params![room, user.as_str()], |row| rows::mark(row, 0))
        .optional()
}

/// Moves a mark forward; gives what it was and what it is now.
pub(super) fn advance(
    connection: &Connection,
    room: i64,
    user: &UserId,
    wanted: Mark,
) -> rusqlite::Result<(Mark, Mark)> {
    let before = stored(connection, room, user)?.unwrap_or_default();
    let now = before.advanced(wanted);
    if now != before {
        connection
            .prepare_cached(
                "INSERT INTO marks (room, user, read_seq, read_number, received_seq) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (room, user) DO UPDATE SET read_seq = ?3, read_number = ?4, received_seq = ?5",
            )?
            .execute(params![
                room,
                user.as_str(),
                signed(now.read_seq),
                signed(now.read_number),
                signed(now.received_seq),
            ])?;
    }
    Ok((before, now))
}
