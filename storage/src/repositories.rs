//! The repository traits: all that the engine may ask of a store.
//!
//! Every call is bounded: ranges have limits, queues are finite ([`StoreError::Busy`]). A write that returned `Ok` is
//! durable. Times are Unix
//! milliseconds and come from the caller, so that a test decides what time it is.

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use uuid::Uuid;

use crate::{
    AppendBatch, AppendError, AuthSession, Chat, Entry, EntryRange, Invitation, LogHead, Mark, Member, NewRoom, Permit,
    RefreshOutcome, Room, RoomCreated, RoomKind, RoomState, SearchRepository, StoreError, TopMarks, User, UserChange,
    UserEntry, UserFact, UserLogHead, dump::DumpRepository,
};

/// The rooms' logs.
#[async_trait]
pub trait LogRepository: Send + Sync {
    /// The room and its log's end, read after every append that was handed over earlier has ended: what a new
    /// incarnation
    /// starts from. None: no such room.
    async fn open_log(&self, room: RoomId, permit: &Permit) -> Result<Option<RoomState>, StoreError>;

    /// Appends a batch with its effects: all or nothing, durable when it returns. Gives the log's new end.
    async fn append(&self, batch: AppendBatch) -> Result<LogHead, AppendError>;

    /// Reads a range.
    async fn entries(&self, room: RoomId, range: EntryRange) -> Result<Vec<Entry>, StoreError>;

    /// The entry at a seq, as it is now.
    async fn entry(&self, room: RoomId, seq: u64) -> Result<Option<Entry>, StoreError>;

    /// The first seq at or after a time; one behind the end if there is none. Read from the index of buckets.
    async fn seq_at(&self, room: RoomId, time_ms: i64) -> Result<u64, StoreError>;

    /// The seq that this sender's `client_msg_id` got in this room within the last seven days before `now_ms`.
    async fn find_command(
        &self,
        room: RoomId,
        sender: &UserId,
        command_id: Uuid,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError>;
}

/// Rooms.
#[async_trait]
pub trait RoomRepository: Send + Sync {
    /// Creates a room with its first members; [`StoreError::Conflict`] when the id is taken.
    async fn create_room(&self, room: NewRoom) -> Result<RoomCreated, StoreError>;

    /// A room and its log's end.
    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StoreError>;

    /// The open channel of this name.
    async fn channel(&self, name: &str) -> Result<Option<Room>, StoreError>;

    /// Rooms of a kind in the order of their ids, from behind `after`.
    async fn rooms(&self, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, StoreError>;

    /// Deletes every entry of a log; the seqs go on from where they were, under a new epoch.
    async fn purge_log(&self, room: RoomId, permit: &Permit) -> Result<RoomState, StoreError>;
}

/// People that one [`MemberRepository::members_of`] asks for.
pub const MEMBERS_OF_MAX: usize = 1_000;

/// Who is in which room.
#[async_trait]
pub trait MemberRepository: Send + Sync {
    /// A room with its log's end, and one person's membership of it, as of one moment; None when there is no such room.
    async fn room_for(&self, room: RoomId, user: &UserId) -> Result<Option<(RoomState, Option<Member>)>, StoreError>;

    /// One membership.
    async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, StoreError>;

    /// Members in the order of their user ids, from behind `after`.
    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>, StoreError>;

    /// The memberships of those of these people who are in the room, in any order. At most [`MEMBERS_OF_MAX`] people, each named once.
    async fn members_of(&self, room: RoomId, users: &[UserId]) -> Result<Vec<Member>, StoreError>;

    /// The user's chats that are not deleted, newest activity first, from behind `(last_activity_ms, room)`.
    async fn chats_of(
        &self,
        user: &UserId,
        before: Option<(i64, RoomId)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError>;

    /// One line of that list; also of a deleted room, for the members it had.
    async fn chat_of(&self, user: &UserId, room: RoomId) -> Result<Option<Chat>, StoreError>;

    /// Mutes a member until a time (0: not any more).
    async fn mute_member(&self, room: RoomId, user: &UserId, until_ms: i64) -> Result<(), StoreError>;
}

/// How far people have read. Marks never go back.
#[async_trait]
pub trait MarkRepository: Send + Sync {
    /// Moves a mark forward to at least the given one; gives what it was and what it is now. Nothing is written when
    /// it does not move.
    async fn advance_mark(&self, room: RoomId, user: &UserId, mark: Mark) -> Result<(Mark, Mark), StoreError>;

    /// One person's mark.
    async fn mark(&self, room: RoomId, user: &UserId) -> Result<Mark, StoreError>;

    /// The furthest marks of a room.
    async fn top_marks(&self, room: RoomId) -> Result<TopMarks, StoreError>;
}

/// Users and their logins.
#[async_trait]
pub trait AccountRepository: Send + Sync {
    /// Registers a user; [`StoreError::Conflict`] when id or name are taken.
    async fn create_user(&self, user: User) -> Result<(), StoreError>;

    /// A user by id.
    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError>;

    /// A user by name, whatever its letters' case.
    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError>;

    /// Users whose name begins with this prefix (whatever its letters' case), in the order of their names. Guests are left
    /// out.
    async fn users_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<User>, StoreError>;

    /// Changes a user; [`StoreError::NotFound`] when there is none.
    async fn change_user(&self, user: &UserId, change: UserChange) -> Result<User, StoreError>;

    /// Stores a new login.
    async fn create_session(&self, session: AuthSession) -> Result<(), StoreError>;

    /// Replaces a refresh token (both as SHA-256) and moves the end; a token that was replaced before ends its session.
    async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<RefreshOutcome, StoreError>;

    /// A login that has not ended.
    async fn session(&self, session: Uuid) -> Result<Option<AuthSession>, StoreError>;

    /// The user's logins that have not ended at `now_ms`, newest first.
    async fn sessions_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>, StoreError>;

    /// Ends a login of this user; whether there was one.
    async fn end_session(&self, user: &UserId, session: Uuid) -> Result<bool, StoreError>;
}

/// Invitations: of each room one at most.
#[async_trait]
pub trait InvitationRepository: Send + Sync {
    /// Stores an invitation where its room has none; gives the one that counts. [`StoreError::Conflict`] when another room
    /// has the code.
    async fn create_invitation(&self, new: Invitation) -> Result<Invitation, StoreError>;

    /// The invitation with this code.
    async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError>;

    /// The room's invitation.
    async fn invitation_of(&self, room: RoomId) -> Result<Option<Invitation>, StoreError>;

    /// Ends the room's invitation; whether there was one.
    async fn end_invitation(&self, room: RoomId) -> Result<bool, StoreError>;
}

/// The light log of each user: facts for their own devices.
#[async_trait]
pub trait UserLogRepository: Send + Sync {
    /// Appends facts in order, all or none; gives the seq of each.
    async fn append_facts(&self, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>, StoreError>;

    /// The end of a user's log; its epoch is made at the first call.
    async fn user_log_head(&self, user: &UserId) -> Result<UserLogHead, StoreError>;

    /// Entries with `first <= seq <= last`, ascending, at most `limit`.
    async fn user_entries(
        &self,
        user: &UserId,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<UserEntry>, StoreError>;
}

/// Small values of the installation.
#[async_trait]
pub trait MetaRepository: Send + Sync {
    /// The value under a key; when there is none, `value` is stored first. Two nodes that start together get the same
    /// answer.
    async fn meta_or_insert(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError>;

    /// Gives every log a new epoch in one step: after a copy of the data has been put back.
    async fn renew_epochs(&self) -> Result<(), StoreError>;

    /// Whether reads and writes work at the moment; for `/readyz`.
    async fn check(&self) -> Result<(), StoreError>;
}

/// A whole store.
pub trait Store:
    LogRepository
    + RoomRepository
    + MemberRepository
    + MarkRepository
    + AccountRepository
    + InvitationRepository
    + UserLogRepository
    + MetaRepository
    + DumpRepository
    + SearchRepository
{
}

impl<T> Store for T where
    T: LogRepository
        + RoomRepository
        + MemberRepository
        + MarkRepository
        + AccountRepository
        + InvitationRepository
        + UserLogRepository
        + MetaRepository
        + DumpRepository
        + SearchRepository
{
}
