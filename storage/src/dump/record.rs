//! The records of a dump, in terms of the repository traits: no backend, no file format.

use bytes::Bytes;
use protocol::{RoomId, UserId};
use uuid::Uuid;

use crate::{AuthSession, Entry, Invitation, Mark, Member, RoomState, User, UserEntry, UserLogHead};

/// What a dump is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// One room after the other, each whole: the room, its log from the first seq up, its commands, members, marks.
    Rooms,
    /// The rooms alone, in the same order: what tells whether a room has changed since it was read.
    RoomHeads,
    /// Small values of the installation, without the backend's own.
    Meta,
    /// Users.
    Users,
    /// Logins with their refresh tokens' hashes.
    Logins,
    /// Which room is the chat of two people.
    DirectPairs,
    /// Which room is the open channel of a name.
    Channels,
    /// The rooms' invitations.
    Invitations,
    /// One user's light log after the other: its end, then its entries.
    UserLogs,
}

impl Section {
    /// What an export consists of, in the order of its files.
    pub const EXPORTED: [Self; 8] = [
        Self::Rooms,
        Self::Meta,
        Self::Users,
        Self::Logins,
        Self::DirectPairs,
        Self::Channels,
        Self::Invitations,
        Self::UserLogs,
    ];

    /// The name in file names and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::RoomHeads => "room-heads",
            Self::Meta => "meta",
            Self::Users => "users",
            Self::Logins => "logins",
            Self::DirectPairs => "direct-pairs",
            Self::Channels => "channels",
            Self::Invitations => "invitations",
            Self::UserLogs => "user-logs",
        }
    }
}

/// The kinds of records. The numbers are stored in files: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RecordKind {
    /// [`DumpRecord::Room`].
    Room = 1,
    /// [`DumpRecord::Entry`].
    Entry = 2,
    /// [`DumpRecord::Command`].
    Command = 3,
    /// [`DumpRecord::Member`].
    Member = 4,
    /// [`DumpRecord::Mark`].
    Mark = 5,
    /// [`DumpRecord::Meta`].
    Meta = 6,
    /// [`DumpRecord::User`].
    User = 7,
    /// [`DumpRecord::Login`].
    Login = 8,
    /// [`DumpRecord::DirectPair`].
    DirectPair = 9,
    /// [`DumpRecord::Channel`].
    Channel = 10,
    /// [`DumpRecord::UserLog`].
    UserLog = 11,
    /// [`DumpRecord::UserEntry`].
    UserEntry = 12,
    /// [`DumpRecord::Invitation`].
    Invitation = 13,
}

impl RecordKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Room,
        Self::Entry,
        Self::Command,
        Self::Member,
        Self::Mark,
        Self::Meta,
        Self::User,
        Self::Login,
        Self::DirectPair,
        Self::Channel,
        Self::UserLog,
        Self::UserEntry,
        Self::Invitation,
    ];

    /// The kind behind its number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Whether every export names it; the others came later.
    pub const fn is_in_every_format(self) -> bool {
        self as u8 <= Self::UserEntry as u8
    }

    /// The name in a manifest and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Room => "rooms",
            Self::Entry => "entries",
            Self::Command => "commands",
            Self::Member => "members",
            Self::Mark => "marks",
            Self::Meta => "meta",
            Self::User => "users",
            Self::Login => "logins",
            Self::DirectPair => "direct_pairs",
            Self::Channel => "channels",
            Self::UserLog => "user_logs",
            Self::UserEntry => "user_entries",
            Self::Invitation => "invitations",
        }
    }
}

/// A client's command that is recognised when it is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Whose it was; the anonymous user where nobody is named.
    pub sender: UserId,
    /// The client's id of it.
    pub command_id: Uuid,
    /// The entry that it became.
    pub seq: u64,
    /// When, Unix milliseconds.
    pub time_ms: i64,
}

/// A login with the tokens that it replaced. `Debug` shows no hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The login; its hash is the one in force.
    pub session: AuthSession,
    /// SHA-256 of each replaced token and its number, from 1, in the order of the numbers.
    pub replaced: Vec<([u8; 32], u64)>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Login")
            .field("session", &self.session)
            .field("replaced", &self.replaced.len())
            .finish()
    }
}

/// The chat of two people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectPair {
    /// The lesser id.
    pub low: UserId,
    /// The greater id; the same in a chat with oneself.
    pub high: UserId,
    /// The room.
    pub room: RoomId,
}

/// The open channel of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelName {
    /// The name.
    pub name: String,
    /// The room.
    pub room: RoomId,
}

/// One record of a dump. `Debug` shows no secret but a value of `meta`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all records are entries, the largest of them"
)]
pub enum DumpRecord {
    /// A room and its log's end. The bucket in it means nothing.
    Room(RoomState),
    /// An entry of a room's log, as it is now.
    Entry(RoomId, Entry),
    /// A command that still counts.
    Command(RoomId, Command),
    /// A membership.
    Member(RoomId, Member),
    /// How far one person has read one room.
    Mark(RoomId, UserId, Mark),
    /// A small value: key and value.
    Meta(String, Vec<u8>),
    /// A user.
    User(User),
    /// A login.
    Login(Login),
    /// The chat of a pair.
    DirectPair(DirectPair),
    /// The channel of a name.
    Channel(ChannelName),
    /// The end of a user's light log.
    UserLog(UserId, UserLogHead),
    /// An entry of a user's light log.
    UserEntry(UserId, UserEntry),
    /// A room's invitation.
    Invitation(Invitation),
}

impl DumpRecord {
    /// What kind.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Room(_) => RecordKind::Room,
            Self::Entry(..) => RecordKind::Entry,
            Self::Command(..) => RecordKind::Command,
            Self::Member(..) => RecordKind::Member,
            Self::Mark(..) => RecordKind::Mark,
            Self::Meta(..) => RecordKind::Meta,
            Self::User(_) => RecordKind::User,
            Self::Login(_) => RecordKind::Login,
            Self::DirectPair(_) => RecordKind::DirectPair,
            Self::Channel(_) => RecordKind::Channel,
            Self::UserLog(..) => RecordKind::UserLog,
            Self::UserEntry(..) => RecordKind::UserEntry,
            Self::Invitation(_) => RecordKind::Invitation,
        }
    }

    /// About how many bytes it takes, for bounds.
    pub fn cost_bytes(&self) -> usize {
        let more = match self {
            Self::Entry(_, entry) => entry.body.len(),
            Self::UserEntry(_, entry) => entry.body.len(),
            Self::Meta(_, value) => value.len(),
            Self::User(user) => user.info.len() + user.status.len(),
            Self::Login(login) => login.replaced.len() * size_of::<([u8; 32], u64)>(),
            _ => 0,
        };
        size_of::<Self>() + more
    }
}

/// A place in a section. Opaque: only the backend that gave it can read it. It holds in every picture of the same store, also after a
/// restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub Bytes);

/// How much a page may hold: it ends with the record that reaches one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    /// Records, from 1.
    pub records: usize,
    /// Bytes, as [`DumpRecord::cost_bytes`] tells them.
    pub bytes: usize,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records. May be empty though more follow.
    pub records: Vec<DumpRecord>,
    /// Where the next page begins; None: that was all.
    pub next: Option<Cursor>,
}
