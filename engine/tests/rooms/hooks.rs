//! A store that behaves as a story wants: it delays, panics, blocks or loses answers, and otherwise is the real one.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::sync::Arc;

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use storage::{
    AccountRepository, AppendBatch, AppendError, AuthSession, Chat, Entry, EntryRange, Invitation,
    InvitationRepository, LogHead, LogRepository, Mark, MarkRepository, Member, MemberRepository, MetaRepository,
    NewRoom, Permit, RefreshOutcome, Room, RoomCreated, RoomKind, RoomRepository, RoomState, SearchBacklog,
    SearchRepository, SearchScope, SegmentId, StoreError, TopMarks, User, UserChange, UserEntry, UserFact, UserLogHead,
    UserLogRepository,
    dump::{Dump, DumpRecord, DumpRepository, ImportBegun, ImportMark},
    search::{Block, SearchState},
    sqlite::SqliteStore,
};
use uuid::Uuid;

/// Where a story may interfere. What concerns writing runs on the room's own thread.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before a membership is read.
    async fn member(&self, _room: RoomId, _user: &UserId) {}

    /// After several memberships were read together, before whoever asked has them.
    async fn members_read(&self, _room: RoomId) {}

    /// Before a room is read.
    async fn room(&self, _room: RoomId) {}

    /// Before a range of a log is read.
    async fn entries(&self, _room: RoomId) {}

    /// After a range of a log was read, before whoever asked has it.
    async fn entries_read(&self, _room: RoomId) {}

    /// After rows were read by their places, before whoever asked has them.
    async fn rows_read(&self) {}

    /// Before a log is opened.
    async fn open_log(&self, _room: RoomId) {}

    /// Before a batch reaches the store; an error keeps it from there.
    async fn append(&self, _batch: &AppendBatch) -> Result<(), AppendError> {
        Ok(())
    }

    /// After the store has answered; what the room is told.
    async fn appended(&self, _room: RoomId, answer: Result<LogHead, AppendError>) -> Result<LogHead, AppendError> {
        answer
    }
}

/// Interferes nowhere.
pub struct NoHooks;

impl Hooks for NoHooks {}

/// The real store behind hooks.
pub struct Hooked {
    pub inner: Arc<SqliteStore>,
    pub hooks: Arc<dyn Hooks>,
}

#[async_trait]
impl LogRepository for Hooked {
    async fn open_log(&self, room: RoomId, permit: &Permit) -> Result<Option<RoomState>, StoreError> {
        self.hooks.open_log(room).await;
        self.inner.open_log(room, permit).await
    }
    async fn append(&self, batch: AppendBatch) -> Result<LogHead, AppendError> {
        let room = batch.room;
        self.hooks.append(&batch).await?;
        let answer = self.inner.append(batch).await;
        self.hooks.appended(room, answer).await
    }
    async fn entries(&self, room: RoomId, range: EntryRange) -> Result<Vec<Entry>, StoreError> {
        self.hooks.entries(room).await;
        let entries = self.inner.entries(room, range).await;
        self.hooks.entries_read(room).await;
        entries
    }
    async fn entry(&self, room: RoomId, seq: u64) -> Result<Option<Entry>, StoreError> {
        self.inner.entry(room, seq).await
    }
    async fn seq_at(&self, room: RoomId, time_ms: i64) -> Result<u64, StoreError> {
        self.inner.seq_at(room, time_ms).await
    }
    async fn find_command(
        &self,
        room: RoomId,
        sender: &UserId,
        command_id: Uuid,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        self.inner.find_command(room, sender, command_id, now_ms).await
    }
}

#[async_trait]
impl RoomRepository for Hooked {
    async fn create_room(&self, room: NewRoom) -> Result<RoomCreated, StoreError> {
        self.inner.create_room(room).await
    }
    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        self.hooks.room(room).await;
        self.inner.room(room).await
    }
    async fn channel(&self, name: &str) -> Result<Option<Room>, StoreError> {
        self.inner.channel(name).await
    }
    async fn rooms(&self, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, StoreError> {
        self.inner.rooms(kind, after, limit).await
    }
    async fn purge_log(&self, room: RoomId, permit: &Permit) -> Result<RoomState, StoreError> {
        self.inner.purge_log(room, permit).await
    }
}

#[async_trait]
impl MemberRepository for Hooked {
    async fn room_for(&self, room: RoomId, user: &UserId) -> Result<Option<(RoomState, Option<Member>)>, StoreError> {
        self.hooks.member(room, user).await;
        self.inner.room_for(room, user).await
    }
    async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, StoreError> {
        self.hooks.member(room, user).await;
        self.inner.member(room, user).await
    }
    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>, StoreError> {
        let members = self.inner.members(room, after, limit).await;
        self.hooks.members_read(room).await;
        members
    }
    async fn members_of(&self, room: RoomId, users: &[UserId]) -> Result<Vec<Member>, StoreError> {
        let members = self.inner.members_of(room, users).await;
        self.hooks.members_read(room).await;
        members
    }
    async fn chats_of(
        &self,
        user: &UserId,
        before: Option<(i64, RoomId)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError> {
        self.inner.chats_of(user, before, limit).await
    }
    async fn chat_of(&self, user: &UserId, room: RoomId) -> Result<Option<Chat>, StoreError> {
        self.inner.chat_of(user, room).await
    }
    async fn mute_member(&self, room: RoomId, user: &UserId, until_ms: i64) -> Result<(), StoreError> {
        self.inner.mute_member(room, user, until_ms).await
    }
}

#[async_trait]
impl MarkRepository for Hooked {
    async fn advance_mark(&self, room: RoomId, user: &UserId, mark: Mark) -> Result<(Mark, Mark), StoreError> {
        self.inner.advance_mark(room, user, mark).await
    }
    async fn mark(&self, room: RoomId, user: &UserId) -> Result<Mark, StoreError> {
        self.inner.mark(room, user).await
    }
    async fn top_marks(&self, room: RoomId) -> Result<TopMarks, StoreError> {
        self.inner.top_marks(room).await
    }
}

#[async_trait]
impl AccountRepository for Hooked {
    async fn create_user(&self, user: User) -> Result<(), StoreError> {
        self.inner.create_user(user).await
    }
    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        self.inner.user(user).await
    }
    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        self.inner.user_by_name(username).await
    }
    async fn users_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<User>, StoreError> {
        self.inner.users_by_prefix(prefix, limit).await
    }
    async fn change_user(&self, user: &UserId, change: UserChange) -> Result<User, StoreError> {
        self.inner.change_user(user, change).await
    }
    async fn create_session(&self, session: AuthSession) -> Result<(), StoreError> {
        self.inner.create_session(session).await
    }
    async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<RefreshOutcome, StoreError> {
        self.inner.rotate_session(presented, next, now_ms, expires_ms).await
    }
    async fn session(&self, session: Uuid) -> Result<Option<AuthSession>, StoreError> {
        self.inner.session(session).await
    }
    async fn sessions_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>, StoreError> {
        self.inner.sessions_of(user, now_ms).await
    }
    async fn end_session(&self, user: &UserId, session: Uuid) -> Result<bool, StoreError> {
        self.inner.end_session(user, session).await
    }
}

#[async_trait]
impl InvitationRepository for Hooked {
    async fn create_invitation(&self, new: Invitation) -> Result<Invitation, StoreError> {
        self.inner.create_invitation(new).await
    }
    async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        self.inner.invitation(code).await
    }
    async fn invitation_of(&self, room: RoomId) -> Result<Option<Invitation>, StoreError> {
        self.inner.invitation_of(room).await
    }
    async fn end_invitation(&self, room: RoomId) -> Result<bool, StoreError> {
        self.inner.end_invitation(room).await
    }
}

#[async_trait]
impl UserLogRepository for Hooked {
    async fn append_facts(&self, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>, StoreError> {
        self.inner.append_facts(facts, now_ms).await
    }
    async fn user_log_head(&self, user: &UserId) -> Result<UserLogHead, StoreError> {
        self.inner.user_log_head(user).await
    }
    async fn user_entries(
        &self,
        user: &UserId,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<UserEntry>, StoreError> {
        self.inner.user_entries(user, first, last, limit).await
    }
}

#[async_trait]
impl MetaRepository for Hooked {
    async fn meta_or_insert(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.inner.meta_or_insert(key, value).await
    }
    async fn renew_epochs(&self) -> Result<(), StoreError> {
        self.inner.renew_epochs().await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}

#[async_trait]
impl DumpRepository for Hooked {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        self.inner.open_dump(commands_since_ms).await
    }
    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        self.inner.begin_import(mark).await
    }
    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        self.inner.import_mark().await
    }
    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        self.inner.set_import_mark(mark).await
    }
    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError> {
        self.inner.load(records).await
    }
}

#[async_trait]
impl SearchRepository for Hooked {
    async fn search_scope(&self, user: &UserId, limit: usize) -> Result<Vec<SearchScope>, StoreError> {
        self.inner.search_scope(user, limit).await
    }
    async fn search_state(&self, room: RoomId) -> Result<SearchState, StoreError> {
        self.inner.search_state(room).await
    }
    async fn replace_search_state(&self, room: RoomId, state: SearchState) -> Result<bool, StoreError> {
        self.inner.replace_search_state(room, state).await
    }
    async fn put_search_blocks(&self, segment: SegmentId, blocks: Vec<Block>) -> Result<(), StoreError> {
        self.inner.put_search_blocks(segment, blocks).await
    }
    async fn search_blocks(&self, places: Vec<(SegmentId, Vec<u8>)>) -> Result<Vec<Option<Block>>, StoreError> {
        self.inner.search_blocks(places).await
    }
    async fn search_blocks_behind(
        &self,
        segment: SegmentId,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        self.inner.search_blocks_behind(segment, after, limit).await
    }
    async fn remove_search_blocks(&self, segment: SegmentId) -> Result<bool, StoreError> {
        self.inner.remove_search_blocks(segment).await
    }
    async fn search_backlog(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>, StoreError> {
        self.inner.search_backlog(after, limit).await
    }
    async fn entries_at(&self, places: Vec<(RoomId, u64)>) -> Result<Vec<Option<Entry>>, StoreError> {
        let entries = self.inner.entries_at(places).await;
        self.hooks.rows_read().await;
        entries
    }
    async fn people_by_word(&self, beginning: &str, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.inner.people_by_word(beginning, limit).await
    }
    async fn users_at(&self, users: Vec<UserId>) -> Result<Vec<User>, StoreError> {
        self.inner.users_at(users).await
    }
}
