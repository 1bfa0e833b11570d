//! Memberships, and the lists of chats that follow from them.

use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::{try_join, try_join_all},
    stream,
};
use protocol::{RoomId, UserId};

use super::{
    ScyllaStore, Shared,
    cells::Known,
    client::Client,
    failure::Result,
    log, marks,
    options::{CALL_STATEMENTS_AT_ONCE, MEMBERS_PER_READ},
    rows::{self, MarkRow, MembershipRow},
    settle,
    stamp::stamp_between,
};
use crate::{Chat, Entry, Mark, Member, MemberRepository, RoomState, StoreError};

#[async_trait]
impl MemberRepository for ScyllaStore {
    async fn room_for(&self, room: RoomId, user: &UserId) -> Result<Option<(RoomState, Option<Member>)>, StoreError> {
        let shared = self.shared();
        // The room first: what a former owner left undone is done before the membership is read.
        let Some(known) = settle::known(&shared, room).await? else {
            return Ok(None);
        };
        let member = stored(&shared.client, room, user).await?;
        Ok(Some((known.state, member)))
    }

    async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, StoreError> {
        let shared = self.shared();
        if settle::known(&shared, room).await?.is_none() {
            return Ok(None);
        }
        Ok(stored(&shared.client, room, user).await?)
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>, StoreError> {
        let shared = self.shared();
        if settle::known(&shared, room).await?.is_none() {
            return Ok(Vec::new());
        }
        Ok(list(&shared.client, room, after, limit).await?)
    }

    async fn members_of(&self, room: RoomId, users: &[UserId]) -> Result<Vec<Member>, StoreError> {
        let shared = self.shared();
        if settle::known(&shared, room).await?.is_none() {
            return Ok(Vec::new());
        }
        Ok(named(&shared.client, room, users).await?)
    }

    async fn chats_of(
        &self,
        user: &UserId,
        before: Option<(i64, RoomId)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError> {
        Ok(chats(&self.shared(), user, before, limit).await?)
    }

    async fn chat_of(&self, user: &UserId, room: RoomId) -> Result<Option<Chat>, StoreError> {
        let shared = self.shared();
        let Some(known) = settle::known(&shared, room).await? else {
            return Ok(None);
        };
        let cell = shared.cells.get(room);
        let (member, mark) = try_join(stored(&shared.client, room, user), marks::stored(&shared, &cell, user)).await?;
        let Some(member) = member else {
            return Ok(None);
        };
        Ok(Some(filled(&shared, line(known, member, mark)).await?))
    }

    async fn mute_member(&self, room: RoomId, user: &UserId, until_ms: i64) -> Result<(), StoreError> {
        let shared = self.shared();
        shared.check_lease()?;
        Ok(mute(&shared, room, user, until_ms).await?)
    }
}

/// One membership.
pub(super) async fn stored(client: &Client, room: RoomId, user: &UserId) -> Result<Option<Member>> {
    let values = (room.key(), user.as_str());
    let found = client
        .row::<MembershipRow<String>>(&client.statements.member, values)
        .await?;
    Ok(found.map(|row| rows::member(&row, user.clone())).transpose()?.flatten())
}

/// The memberships of these people, by one statement for many.
async fn named(client: &Client, room: RoomId, users: &[UserId]) -> Result<Vec<Member>> {
    let lists = users.chunks(MEMBERS_PER_READ).map(|users| {
        let names: Vec<String> = users.iter().map(|user| user.as_str().to_owned()).collect();
        let values = (room.key(), names);
        async move {
            client
                .rows::<MembershipRow<String>>(&client.statements.members_in, values)
                .await
        }
    });
    let mut members = Vec::new();
    for found in try_join_all(lists).await? {
        for row in &found {
            members.extend(rows::member(row, rows::user(&row.0)?)?);
        }
    }
    Ok(members)
}

pub(super) async fn list(client: &Client, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>> {
    let mut after = after.map_or(String::new(), |user| user.as_str().to_owned());
    let mut members = Vec::new();
    let limit_once = i32::try_from(limit).unwrap_or(i32::MAX);
    while members.len() < limit {
        let values = (room.key(), after.as_str(), limit_once);
        let found = client
            .rows::<MembershipRow<String>>(&client.statements.members_after, values)
            .await?;
        let is_last = found.len() < limit;
        for row in &found {
            members.extend(rows::member(row, rows::user(&row.0)?)?);
        }
        match found.into_iter().next_back() {
            // Rows that are none may have taken places.
            Some(last) if !is_last => after = last.0,
            _ => break,
        }
    }
    members.truncate(limit);
    Ok(members)
}

/// A line of the list but its last message, which is read for the lines that are given out.
fn line(known: Known, member: Member, mark: Mark) -> (Chat, Option<Entry>) {
    let state = known.state;
    let last_activity_ms = if state.head.seq == 0 {
        state.room.created_ms
    } else {
        state.head.time_ms
    };
    let chat = Chat {
        state,
        member,
        mark,
        last: None,
        last_activity_ms,
    };
    (chat, known.last)
}

/// A line with its last message as it is now: from memory, or read once and kept until it changes.
async fn filled(shared: &Shared, (mut chat, last): (Chat, Option<Entry>)) -> Result<Chat> {
    let (room, head) = (chat.state.room.id, &chat.state.head);
    if head.message_seq == 0 {
        return Ok(chat);
    }
    chat.last = last.filter(|last| last.seq == head.message_seq);
    if chat.last.is_none() {
        chat.last = log::entry_at(shared, room, head.message_seq).await?;
        if let Some(last) = &chat.last {
            shared.cells.get(room).set_last(head.seq, last);
        }
    }
    Ok(chat)
}

async fn chats(shared: &Shared, user: &UserId, before: Option<(i64, RoomId)>, limit: usize) -> Result<Vec<Chat>> {
    let client = &shared.client;
    let by_user = (user.as_str(),);
    let behind = &marks::behind_of(shared, user);
    let (memberships, marked) = try_join(
        client.rows::<MembershipRow<i64>>(&client.statements.rooms_of_user, by_user),
        marks_of(shared, user),
    )
    .await?;
    let marked = &marked;
    let lines: Vec<Option<(Chat, Option<Entry>)>> = stream::iter(memberships)
        .map(|row| async move {
            let Some(member) = rows::member(&row, user.clone())? else {
                return Ok(None);
            };
            let room = RoomId::from_key(row.0);
            let Some(known) = settle::known(shared, room).await? else {
                return Ok(None);
            };
            let mark = marked.get(&room).copied().unwrap_or_default();
            let mark = behind.get(&room).map_or(mark, |behind| mark.advanced(*behind));
            let mark = marks::with_behind(&shared.cells.get(room), user, mark);
            Ok::<_, super::failure::Fault>(Some(line(known, member, mark)))
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    let order = |chat: &Chat| (chat.last_activity_ms, chat.state.room.id.key());
    let limit_place = before.map_or((i64::MAX, i64::MAX), |(at_ms, room)| (at_ms, room.key()));
    let mut lines: Vec<_> = lines.into_iter().flatten().collect();
    lines.retain(|(chat, _)| !chat.state.room.deleted && order(chat) < limit_place);
    lines.sort_by_key(|(chat, _)| std::cmp::Reverse(order(chat)));
    lines.truncate(limit);
    stream::iter(lines)
        .map(|line| filled(shared, line))
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await
}

async fn marks_of(shared: &Shared, user: &UserId) -> Result<HashMap<RoomId, Mark>> {
    let client = &shared.client;
    let values = (user.as_str(),);
    let found = client
        .rows::<(i64, Option<i64>, Option<i64>, Option<i64>)>(&client.statements.marks_of_user, values)
        .await?;
    let marks = found.into_iter().map(|(room, read_seq, read_number, received_seq)| {
        let row = MarkRow::new(read_seq, read_number, received_seq);
        Ok((RoomId::from_key(room), row.mark()?))
    });
    marks.collect()
}

async fn mute(shared: &Shared, room: RoomId, user: &UserId, until_ms: i64) -> Result<()> {
    let (client, key) = (&shared.client, (room.key(), user.as_str()));
    let Some(known) = settle::known(shared, room).await? else {
        return Err(StoreError::NotFound.into());
    };
    let found = client
        .row::<(Option<i8>, Option<i64>)>(&client.statements.mute_written, key)
        .await?;
    let Some((Some(_), written)) = found else {
        return Err(StoreError::NotFound.into());
    };
    let stamp = stamp_between(known.state.head.seq, written);
    let values = (stamp, until_ms, room.key(), user.as_str());
    client.write(&client.statements.mute_member, values).await?;
    let values = (stamp, until_ms, user.as_str(), room.key());
    client.write(&client.statements.mute_member_by_user, values).await
}
