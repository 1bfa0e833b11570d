//! Memberships, and the lists of chats that follow from them.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    SqliteStore,
    epoch::Salt,
    log::{self, room_state},
    marks,
    rows::{self, MEMBER, ROOM_STATE, ROOM_STATE_WIDTH, signed},
};
use crate::{Chat, Mark, Member, MemberRepository, RoomState, StoreError};

/// When something last happened in a room.
const ACTIVITY: &str = "CASE WHEN h.seq = 0 THEN r.created_ms ELSE h.time_ms END";
const CHAT_TABLES: &str = "members m JOIN rooms r ON r.room = m.room JOIN heads h ON h.room = m.room";

#[async_trait]
impl MemberRepository for SqliteStore {
    async fn room_for(&self, room: RoomId, user: &UserId) -> Result<Option<(RoomState, Option<Member>)>, StoreError> {
        let user = user.clone();
        self.read(move |context| {
            let Some(state) = room_state(context.connection, room, context.salt)? else {
                return Ok(None);
            };
            Ok(Some((state, member(context.connection, room, &user)?)))
        })
        .await
    }

    async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(member(context.connection, room, &user)?))
            .await
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>, StoreError> {
        let after = after.cloned();
        self.read(move |context| {
            // No id is empty but the anonymous user's, who is never a member.
            let query =
                format!("SELECT {MEMBER} FROM members m WHERE m.room = ?1 AND m.user > ?2 ORDER BY m.user LIMIT ?3");
            let after = after.as_ref().map_or("", UserId::as_str);
            let mut statement = context.connection.prepare_cached(&query)?;
            let found = statement.query_map(params![room.key(), after, signed(limit as u64)], |row| {
                rows::member(row, 0)
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn members_of(&self, room: RoomId, users: &[UserId]) -> Result<Vec<Member>, StoreError> {
        let users = users.to_vec();
        self.read(move |context| {
            let found = users
                .iter()
                .filter_map(|user| member(context.connection, room, user).transpose());
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn chats_of(
        &self,
        user: &UserId,
        before: Option<(i64, RoomId)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(chats(context.connection, context.salt, &user, before, limit)?))
            .await
    }

    async fn chat_of(&self, user: &UserId, room: RoomId) -> Result<Option<Chat>, StoreError> {
        let user = user.clone();
        self.read(move |context| Ok(chat(context.connection, context.salt, &user, room)?))
            .await
    }

    async fn mute_member(&self, room: RoomId, user: &UserId, until_ms: i64) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |context| {
            let changed = context
                .connection
                .prepare_cached("UPDATE members SET muted_until_ms = ?3 WHERE room = ?1 AND user = ?2")?
                .execute(params![room.key(), user.as_str(), until_ms])?;
            if changed == 0 {
                return Err(StoreError::NotFound.into());
            }
            Ok(())
        })
        .await
    }
}

fn member(connection: &Connection, room: RoomId, user: &UserId) -> rusqlite::Result<Option<Member>> {
    let query = format!("SELECT {MEMBER} FROM members m WHERE m.room = ?1 AND m.user = ?2");
    let mut statement = connection.prepare_cached(&query)?;
    let found = statement.query_row(params![room.key(), user.as_str()], |row| rows::member(row, 0));
    found.optional()
}

/// A line of the list but its mark and last message, which are read for the lines that are given out.
fn line(row: &Row<'_>, salt: &Salt) -> rusqlite::Result<Chat> {
    let state = rows::room_state(row, salt)?;
    let member = rows::member(row, ROOM_STATE_WIDTH)?;
    let last_activity_ms = if state.head.seq == 0 {
        state.room.created_ms
    } else {
        state.head.time_ms
    };
    Ok(Chat {
        state,
        member,
        mark: Mark::default(),
        last: None,
        last_activity_ms,
    })
}

fn fill(connection: &Connection, mut chat: Chat) -> rusqlite::Result<Chat> {
    let room = chat.state.room.id.key();
    chat.mark = marks::stored(connection, room, &chat.member.user)?.unwrap_or_default();
    if chat.state.head.message_seq > 0 {
        chat.last = log::entry_at(connection, room, chat.state.head.message_seq)?;
    }
    Ok(chat)
}

fn chats(
    connection: &Connection,
    salt: &Salt,
    user: &UserId,
    before: Option<(i64, RoomId)>,
    limit: usize,
) -> rusqlite::Result<Vec<Chat>> {
    let query = format!(
        "SELECT {ROOM_STATE}, {MEMBER} FROM {CHAT_TABLES} WHERE m.user = ?1 AND r.deleted = 0 \
         AND ({ACTIVITY}, r.room) < (?2, ?3) ORDER BY {ACTIVITY} DESC, r.room DESC LIMIT ?4"
    );
    let (activity_ms, room) = before.map_or((i64::MAX, i64::MAX), |(at_ms, room)| (at_ms, room.key()));
    let mut statement = connection.prepare_cached(&query)?;
    let found = statement.query_map(params![user.as_str(), activity_ms, room, signed(limit as u64)], |row| {
        line(row, salt)
    })?;
    found.map(|chat| fill(connection, chat?)).collect()
}

fn chat(connection: &Connection, salt: &Salt, user: &UserId, room: RoomId) -> rusqlite::Result<Option<Chat>> {
    let query = format!("SELECT {ROOM_STATE}, {MEMBER} FROM {CHAT_TABLES} WHERE m.room = ?1 AND m.user = ?2");
    let found = connection
        .prepare_cached(&query)?
        .query_row(params![room.key(), user.as_str()], |row| line(row, salt))
        .optional()?;
    found.map(|chat| fill(connection, chat)).transpose()
}
