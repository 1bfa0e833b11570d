//! The rows beside the log: rooms, members, marks, users, sessions, the light log of each user.

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use uuid::Uuid;

use crate::{Entry, LogHead};

/// What kind of room. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RoomKind {
    /// A chat of two.
    Direct = 1,
    /// A chat of any number of people.
    Group = 2,
    /// An open channel: no members, data as given.
    Channel = 3,
}

/// A room, without its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The id.
    pub id: RoomId,
    /// What kind.
    pub kind: RoomKind,
    /// The title of a chat; the channel's name of an open channel.
    pub name: String,
    /// Who created it.
    pub initiator: Option<UserId>,
    /// When, Unix milliseconds.
    pub created_ms: i64,
    /// Marked deleted: its log is kept, nobody reads it.
    pub deleted: bool,
    /// How many members.
    pub members_count: u64,
}

/// A room and the end of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomState {
    /// The room.
    pub room: Room,
    /// Its log's end.
    pub head: LogHead,
}

/// A room to create, with its first members (joined at seq 0).
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// The proposed id.
    pub id: RoomId,
    /// What kind. Of [`RoomKind::Direct`] there is at most one per pair that is not deleted, of [`RoomKind::Channel`] one
    /// per name.
    pub kind: RoomKind,
    /// Title or channel name.
    pub name: String,
    /// Who creates it.
    pub initiator: Option<UserId>,
    /// The first members, the initiator among them where there is one.
    pub members: Vec<(UserId, Role)>,
    /// The log's identity.
    pub epoch: Epoch,
    /// Now, Unix milliseconds.
    pub now_ms: i64,
}

/// What came of creating a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomCreated {
    /// It is new.
    New(RoomState),
    /// The pair's chat or the channel was there already, unchanged.
    Existing(RoomState),
}

/// What a member may do. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Reads, writes, changes own messages.
    Member = 1,
    /// Also deletes others' messages, adds and removes people.
    Moderator = 2,
    /// Also renames and deletes the room.
    Owner = 3,
}

/// One person in one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// The log's end when they joined.
    pub joined_seq: u64,
    /// The log's number when they joined: nothing before is unread.
    pub joined_number: u64,
    /// When, Unix milliseconds.
    pub joined_ms: i64,
    /// May not write until then, Unix milliseconds; 0: may write.
    pub muted_until_ms: i64,
}

/// How far one person has acknowledged one room's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Read up to this seq.
    pub read_seq: u64,
    /// The log's number there.
    pub read_number: u64,
    /// Received up to this seq; never less than `read_seq`.
    pub received_seq: u64,
}

impl Mark {
    /// This mark moved forward to at least another one.
    #[must_use]
    pub fn advanced(self, wanted: Self) -> Self {
        let mut now = self;
        if wanted.read_seq > now.read_seq {
            now.read_seq = wanted.read_seq;
            now.read_number = wanted.read_number.max(now.read_number);
        }
        now.received_seq = now.received_seq.max(wanted.received_seq).max(now.read_seq);
        now
    }
}

/// The two furthest marks of different people: enough to tell any message's status, whoever its author is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopMarks {
    /// The two furthest by `read_seq`, furthest first.
    pub read: Vec<(UserId, u64)>,
    /// The two furthest by `received_seq`, furthest first.
    pub received: Vec<(UserId, u64)>,
}

/// One line of a user's list of chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The room and its log's end.
    pub state: RoomState,
    /// The user's membership.
    pub member: Member,
    /// The user's mark.
    pub mark: Mark,
    /// The newest message, as it is now.
    pub last: Option<Entry>,
    /// The time of the last entry, or of the creation, Unix milliseconds.
    pub last_activity_ms: i64,
}

/// Where an account comes from. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Origin {
    /// Registered here.
    Own = 1,
    /// Of an outside identity provider; the user id is its `sub`.
    Outside = 2,
}

/// What a user may do in the whole installation. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum UserRole {
    /// Somebody let in by an invitation, to one room only: no password, no place in people's lists.
    Guest = 0,
    /// Everybody.
    User = 1,
    /// Technical support.
    Support = 2,
    /// Everything.
    Admin = 3,
}

/// A person or a program with an account. `Debug` never shows the password hash.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The login name; unique whatever its letters' case.
    pub username: String,
    /// The password's Argon2 hash (PHC string), where they have a password.
    pub password_hash: Option<String>,
    /// Where the account comes from.
    pub origin: Origin,
    /// What they may do.
    pub role: UserRole,
    /// Free JSON object of the profile.
    pub info: Bytes,
    /// The status line.
    pub status: String,
    /// When registered, Unix milliseconds.
    pub created_ms: i64,
}

impl User {
    /// Whether people's lists and searches show them.
    pub fn is_listed(&self) -> bool {
        self.role != UserRole::Guest
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What changes in a user's row; what is absent stays.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Free JSON object of the profile.
    pub info: Option<Bytes>,
    /// The status line.
    pub status: Option<String>,
    /// The password's hash.
    pub password_hash: Option<String>,
    /// What they may do.
    pub role: Option<UserRole>,
}

/// What lets people without an account into a room: whoever knows the code. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The room.
    pub room: RoomId,
    /// The code, as its maker writes it: codes are compared byte by byte.
    pub code: String,
    /// When it was made, Unix milliseconds.
    pub created_ms: i64,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Invitation")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

/// A login: from `/login` to `/logout` or its end. Tokens are kept as SHA-256 only.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthSession {
    /// The id.
    pub id: Uuid,
    /// Whose.
    pub user: UserId,
    /// SHA-256 of the refresh token in force.
    pub refresh_hash: [u8; 32],
    /// When it began, Unix milliseconds.
    pub created_ms: i64,
    /// When it was last refreshed, Unix milliseconds.
    pub refreshed_ms: i64,
    /// When it ends if it is not refreshed, Unix milliseconds.
    pub expires_ms: i64,
    /// What the client calls itself (`User-Agent`).
    pub agent: String,
}

impl std::fmt::Debug for AuthSession {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AuthSession")
            .field("id", &self.id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What came of presenting a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// It was the one in force and has been replaced.
    Rotated(AuthSession),
    /// It had been replaced before: somebody has a copy. The session has been ended.
    Reused,
    /// No session has it, or its time is over.
    Unknown,
}

/// A fact to append to a user's light log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFact {
    /// Whose log.
    pub user: UserId,
    /// The payload, compact JSON.
    pub body: Bytes,
}

/// An entry of a user's light log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    /// The place in that log: from 1, no holes.
    pub seq: u64,
    /// When, Unix milliseconds.
    pub time_ms: i64,
    /// The payload, compact JSON.
    pub body: Bytes,
}

/// The end of a user's light log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLogHead {
    /// The log's identity.
    pub epoch: Epoch,
    /// The last seq; 0: empty.
    pub seq: u64,
}
