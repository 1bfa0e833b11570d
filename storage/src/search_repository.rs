//! What search asks of a store: rows by their whole key. Everything else about search is in [`crate::search`], the same
//! for every backend.
//!
//! Each write may be repeated without harm. Nothing that is kept here is trusted for content or permission.

use async_trait::async_trait;
use protocol::{RoomId, UserId};

use crate::{
    Entry, StoreError, User,
    search::{Block, SearchState},
};

/// A partition of blocks: one segment of one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId {
    /// The room.
    pub room: RoomId,
    /// The segment of its index.
    pub segment: u64,
}

/// A room that a user's search looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchScope {
    /// The room.
    pub room: RoomId,
    /// Its title.
    pub name: String,
    /// The last seq of its log.
    pub head_seq: u64,
    /// When something last happened in it, Unix milliseconds.
    pub last_activity_ms: i64,
    /// Its index.
    pub state: SearchState,
}

/// How far the index of a room's log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchBacklog {
    /// The room.
    pub room: RoomId,
    /// The last seq of its log.
    pub head_seq: u64,
    /// The time of that entry, Unix milliseconds.
    pub head_ms: i64,
    /// Everything up to this seq is indexed; 0: nothing, or by another version of the analyzer.
    pub indexed_to: u64,
    /// It has segments to remove.
    pub has_retired: bool,
}

/// The index of messages, and people by their names.
#[async_trait]
pub trait SearchRepository: Send + Sync {
    /// The rooms that are not deleted in which a user is a member, newest activity first, with their indexes.
    async fn search_scope(&self, user: &UserId, limit: usize) -> Result<Vec<SearchScope>, StoreError>;

    /// The state of a room's index; a fresh one where there is none.
    async fn search_state(&self, room: RoomId) -> Result<SearchState, StoreError>;

    /// Replaces the state of a room's index if its revision is still `state.revision`, and adds one to it; whether it
    /// did. Of several who replace at once, one does.
    async fn replace_search_state(&self, room: RoomId, state: SearchState) -> Result<bool, StoreError>;

    /// Writes blocks of a segment. A block that is there under the same key is replaced.
    async fn put_search_blocks(&self, segment: SegmentId, blocks: Vec<Block>) -> Result<(), StoreError>;

    /// For each of the places the block with the greatest key at or before the given one.
    async fn search_blocks(&self, places: Vec<(SegmentId, Vec<u8>)>) -> Result<Vec<Option<Block>>, StoreError>;

    /// Blocks of a segment in the order of their keys, from behind `after`.
    async fn search_blocks_behind(
        &self,
        segment: SegmentId,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError>;

    /// Removes blocks of a segment, a slice at a time; whether there may be more.
    async fn remove_search_blocks(&self, segment: SegmentId) -> Result<bool, StoreError>;

    /// Rooms with members and how far their indexes are, all of them in some fixed order, from behind `after`.
    async fn search_backlog(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>, StoreError>;

    /// The entries at these places as they are now, in the order asked for.
    async fn entries_at(&self, places: Vec<(RoomId, u64)>) -> Result<Vec<Option<Entry>>, StoreError>;

    /// People of whom some word of a name (see [`crate::search::person_words`]) begins with `beginning`, which is folded
    /// as the analyzer does it; in the order of these words, each person once. Guests are filed under none.
    async fn people_by_word(&self, beginning: &str, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// The users of these ids, in the order asked for, without those who are not there.
    async fn users_at(&self, users: Vec<UserId>) -> Result<Vec<User>, StoreError>;
}
