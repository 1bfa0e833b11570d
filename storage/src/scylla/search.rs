//! The index of messages: states and blocks by their keys, and people by the words of their names. What they mean is in
//! `crate::search`.

use std::{collections::HashSet, sync::PoisonError, time::Instant};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};

use super::{
    ScyllaStore, Shared, accounts,
    cells::Cell,
    client::{Client, Values},
    failure::{Fault, Result},
    log,
    options::{BATCH_BYTES_MAX, CALL_STATEMENTS_AT_ONCE, SEARCH_STATE_LIFETIME},
    rooms,
    rows::{self, MembershipRow, signed, unsigned, wrong},
    settle,
    statements::Statement,
};
use crate::{
    Entry, RoomKind, SearchBacklog, SearchRepository, SearchScope, SegmentId, StoreError, User,
    search::{Block, SearchState, fold_name, person_words},
};

/// A state as it is stored.
type StateRow = (i64, i64, Vec<u8>);

#[async_trait]
impl SearchRepository for ScyllaStore {
    async fn search_scope(&self, user: &UserId, limit: usize) -> Result<Vec<SearchScope>, StoreError> {
        Ok(scope(&self.shared(), user, limit).await?)
    }

    async fn search_state(&self, room: RoomId) -> Result<SearchState, StoreError> {
        let client = &self.shared().client;
        Ok(read_state(client, &client.statements.search_state_now, room).await?)
    }

    async fn replace_search_state(&self, room: RoomId, state: SearchState) -> Result<bool, StoreError> {
        let shared = self.shared();
        self.spawn(async move { replace(&shared, room, &state).await }).await
    }

    async fn put_search_blocks(&self, segment: SegmentId, blocks: Vec<Block>) -> Result<(), StoreError> {
        self.shared().blocks.forget(segment);
        Ok(put(&self.shared().client, segment, blocks).await?)
    }

    async fn search_blocks(&self, places: Vec<(SegmentId, Vec<u8>)>) -> Result<Vec<Option<Block>>, StoreError> {
        let shared = self.shared();
        let shared = &*shared;
        let found: Vec<Option<Block>> = stream::iter(places)
            .map(|(segment, key)| last_block(shared, segment, key))
            .buffered(CALL_STATEMENTS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(found)
    }

    async fn search_blocks_behind(
        &self,
        segment: SegmentId,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        let client = &self.shared().client;
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let values = (segment.room.key(), key_of(segment), after.unwrap_or_default(), limit);
        let found = client
            .rows::<(Vec<u8>, Vec<u8>)>(&client.statements.search_blocks_behind, values)
            .await?;
        Ok(found.into_iter().map(block).collect())
    }

    async fn remove_search_blocks(&self, segment: SegmentId) -> Result<bool, StoreError> {
        // The whole partition by one statement: nothing is left for another slice.
        remove(&self.shared(), segment).await?;
        Ok(false)
    }

    async fn search_backlog(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>, StoreError> {
        Ok(backlog(&self.shared(), after, limit).await?)
    }

    async fn entries_at(&self, places: Vec<(RoomId, u64)>) -> Result<Vec<Option<Entry>>, StoreError> {
        let shared = self.shared();
        let shared = &*shared;
        let found: Vec<Option<Entry>> = stream::iter(places)
            .map(|(room, seq)| log::entry_at(shared, room, seq))
            .buffered(CALL_STATEMENTS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(found)
    }

    async fn people_by_word(&self, beginning: &str, limit: usize) -> Result<Vec<UserId>, StoreError> {
        Ok(people(&self.shared().client, &fold_name(beginning), limit).await?)
    }

    async fn users_at(&self, users: Vec<UserId>) -> Result<Vec<User>, StoreError> {
        let client = &self.shared().client;
        let found: Vec<Option<User>> = stream::iter(users)
            .map(|user| async move { accounts::by_id(client, user.as_str()).await })
            .buffered(CALL_STATEMENTS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// A segment's column: its id may use all 64 bits.
fn key_of(segment: SegmentId) -> i64 {
    segment.segment.cast_signed()
}

fn block((key, data): (Vec<u8>, Vec<u8>)) -> Block {
    let data = data.into();
    Block { key, data }
}

async fn read_state(client: &Client, statement: &Statement, room: RoomId) -> Result<SearchState> {
    let Some((revision, indexed_to, state)) = client.row::<StateRow>(statement, (room.key(),)).await? else {
        return Ok(SearchState::default());
    };
    let state = SearchState::decode(unsigned(revision)?, unsigned(indexed_to)?, &state);
    state.ok_or_else(|| wrong("the state of an index"))
}

/// The state of a room's index for a search: from memory if it was read a moment ago.
async fn state(shared: &Shared, room: RoomId) -> Result<SearchState> {
    let cell = shared.cells.get(room);
    let kept = cell.search.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((read, state)) = kept
        && read.elapsed() < SEARCH_STATE_LIFETIME
    {
        return Ok(state);
    }
    let client = &shared.client;
    let state = read_state(client, &client.statements.search_state, room).await?;
    keep(&cell, &state);
    Ok(state)
}

fn keep(cell: &Cell, state: &SearchState) {
    let mut kept = cell.search.lock().unwrap_or_else(PoisonError::into_inner);
    // What another task has read or written later stays.
    if kept.as_ref().is_none_or(|(_, kept)| kept.revision <= state.revision) {
        *kept = Some((Instant::now(), state.clone()));
    }
}

/// Replaces a state over the revision that it carries; whether it did.
async fn replace(shared: &Shared, room: RoomId, state: &SearchState) -> Result<bool> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let (from, revision) = (signed(state.revision), signed(state.revision + 1));
    let (indexed_to, encoded) = (signed(state.indexed_to), state.encode());
    let outcome = if from == 0 {
        let values = (room.key(), revision, indexed_to, &encoded);
        client.condition(&statements.insert_search_state, values).await
    } else {
        let values = (revision, indexed_to, &encoded, room.key(), from);
        client.condition(&statements.replace_search_state, values).await
    };
    let is_ours = match outcome {
        Ok(applied) => applied,
        Err(Fault::Unknown(_)) => {
            let found = client
                .row::<StateRow>(&statements.search_state_now, (room.key(),))
                .await?;
            found.is_some_and(|row| row == (revision, indexed_to, encoded))
        }
        Err(fault) => return Err(fault),
    };
    if is_ours {
        let revision = state.revision + 1;
        keep(
            &shared.cells.get(room),
            &SearchState {
                revision,
                ..state.clone()
            },
        );
    }
    Ok(is_ours)
}

/// The log has been purged: nothing of its index counts any more.
pub(super) async fn forget(shared: &Shared, cell: &Cell) -> Result<()> {
    let client = &shared.client;
    loop {
        let old = read_state(client, &client.statements.search_state_now, cell.room).await?;
        if old.revision == 0 {
            return Ok(());
        }
        let new = SearchState {
            revision: old.revision,
            ..SearchState::default()
        };
        if replace(shared, cell.room, &new).await? {
            let segments = old.segments.iter().map(|segment| segment.id);
            for segment in segments.chain(old.retired.iter().map(|retired| retired.id)) {
                let room = cell.room;
                remove(shared, SegmentId { room, segment }).await?;
            }
            return Ok(());
        }
    }
}

/// The last block of a segment at or before a key.
async fn last_block(shared: &Shared, segment: SegmentId, key: Vec<u8>) -> Result<Option<Block>> {
    if let Some(known) = shared.blocks.find(segment, &key) {
        return Ok(known);
    }
    let client = &shared.client;
    let values = (segment.room.key(), key_of(segment), &key);
    let row = client
        .row::<(Vec<u8>, Vec<u8>)>(&client.statements.search_block, values)
        .await?;
    let found = row.map(block);
    shared.blocks.keep(segment, key, found.as_ref());
    Ok(found)
}

async fn remove(shared: &Shared, segment: SegmentId) -> Result<()> {
    shared.blocks.forget(segment);
    let client = &shared.client;
    let values = (segment.room.key(), key_of(segment));
    client.write(&client.statements.delete_search_segment, values).await
}

/// Writes blocks of one segment, in as few mutations as their size allows.
async fn put(client: &Client, segment: SegmentId, blocks: Vec<Block>) -> Result<()> {
    let mut writes: Vec<(&Statement, Values)> = Vec::new();
    let mut bytes = 0;
    for block in blocks {
        let size = block.key.len() + block.data.len();
        if !writes.is_empty() && bytes + size > BATCH_BYTES_MAX {
            client.batch(std::mem::take(&mut writes)).await?;
            bytes = 0;
        }
        bytes += size;
        let values = (segment.room.key(), key_of(segment), block.key, block.data);
        writes.push((&client.statements.insert_search_block, Box::new(values)));
    }
    client.batch(writes).await
}

async fn scope(shared: &Shared, user: &UserId, limit: usize) -> Result<Vec<SearchScope>> {
    let client = &shared.client;
    let rooms = client
        .rows::<MembershipRow<i64>>(&client.statements.rooms_of_user, (user.as_str(),))
        .await?;
    let found: Vec<Option<SearchScope>> = stream::iter(rooms)
        .map(|row| async move {
            if rows::member(&row, user.clone())?.is_none() {
                return Ok(None);
            }
            let Some(known) = settle::known(shared, RoomId::from_key(row.0)).await? else {
                return Ok(None);
            };
            let (room, head) = (known.state.room, known.state.head);
            if room.deleted || room.kind == RoomKind::Channel {
                return Ok(None);
            }
            Ok::<_, Fault>(Some(SearchScope {
                room: room.id,
                head_seq: head.seq,
                last_activity_ms: if head.seq == 0 { room.created_ms } else { head.time_ms },
                name: room.name,
                state: SearchState::default(),
            }))
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    let mut scopes: Vec<SearchScope> = found.into_iter().flatten().collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse((scope.last_activity_ms, scope.room.key())));
    scopes.truncate(limit);
    stream::iter(scopes)
        .map(|scope| async move {
            let state = state(shared, scope.room).await?;
            Ok(SearchScope { state, ..scope })
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await
}

async fn backlog(shared: &Shared, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>> {
    let client = &shared.client;
    let ids = rooms::ids(shared, &[RoomKind::Direct, RoomKind::Group], after, limit).await?;
    stream::iter(ids)
        .map(|room| async move {
            let (head_seq, head_ms) = match settle::known(shared, room).await? {
                Some(known) => (known.state.head.seq, known.state.head.time_ms),
                None => (0, 0),
            };
            let state = read_state(client, &client.statements.search_state, room).await?;
            Ok(SearchBacklog {
                room,
                head_seq,
                head_ms,
                indexed_to: if state.is_current() { state.indexed_to } else { 0 },
                has_retired: !state.retired.is_empty(),
            })
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await
}

async fn people(client: &Client, first: &str, limit: usize) -> Result<Vec<UserId>> {
    let (mut seen, mut people) = (HashSet::new(), Vec::new());
    // A person stands under several words: some more rows than people.
    let rows_max = i32::try_from(limit.saturating_mul(2)).unwrap_or(i32::MAX);
    for beginning in accounts::beginnings(client, first).await? {
        let values = (beginning, first, accounts::behind(first), rows_max);
        let found = client
            .rows::<(String,)>(&client.statements.people_between, values)
            .await?;
        for (user,) in found {
            let user = rows::user(&user)?;
            if people.len() < limit && seen.insert(user.clone()) {
                people.push(user);
            }
        }
        if people.len() >= limit {
            break;
        }
    }
    Ok(people)
}

/// Files a person under their names.
pub(super) async fn add_person(client: &Client, user: &User) -> Result<()> {
    for word in person_words(user) {
        add_word(client, &word, user).await?;
    }
    Ok(())
}

async fn add_word(client: &Client, word: &str, user: &User) -> Result<()> {
    let beginning = accounts::beginning(word);
    client.write(&client.statements.insert_beginning, (&beginning,)).await?;
    let values = (&beginning, word, user.id.as_str());
    client.write(&client.statements.insert_person_word, values).await
}

/// Files a person under what their names are now. What is left of others is harmless: whoever finds a person looks at the names.
pub(super) async fn change_person(client: &Client, before: &User, now: &User) -> Result<()> {
    let old = person_words(before);
    let new = person_words(now);
    for word in new.iter().filter(|word| !old.contains(word)) {
        add_word(client, word, now).await?;
    }
    for word in old.iter().filter(|word| !new.contains(word)) {
        let values = (accounts::beginning(word), word, now.id.as_str());
        client.write(&client.statements.delete_person_word, values).await?;
    }
    Ok(())
}
