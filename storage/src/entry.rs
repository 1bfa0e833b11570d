//! The log's rows and what an append consists of.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use uuid::Uuid;

use crate::bucket::BucketHead;

/// What happened in the room. The numbers are stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// A message; the row is its current state (an edit or a deletion changes it in place).
    Message = 1,
    /// The new state of the message at `target`.
    Edit = 2,
    /// The message at `target` is deleted.
    Delete = 3,
    /// A publication of an open channel: the body is the data as given.
    Publication = 4,
    /// People were added to or removed from the room; the body says who.
    Participants = 5,
    /// The room's name or state changed; the body is the change.
    RoomUpdated = 6,
    /// The room was deleted.
    RoomDeleted = 7,
}

impl EntryKind {
    /// The kind behind its stored number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Message,
            2 => Self::Edit,
            3 => Self::Delete,
            4 => Self::Publication,
            5 => Self::Participants,
            6 => Self::RoomUpdated,
            7 => Self::RoomDeleted,
            _ => return None,
        })
    }
}

/// One entry of a room's log, as stored: everything a listener is shown is a pure function of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The place in the log: from 1, one more per entry, no holes.
    pub seq: u64,
    /// How many numbered entries the log holds up to and including this one. What deserves attention (messages) counts.
    pub number: u64,
    /// What happened.
    pub kind: EntryKind,
    /// The author; of an edit or deletion the author of its target. None: the system.
    pub sender: Option<UserId>,
    /// Who did it, where that is not the author (a moderator's deletion, an invitation).
    pub actor: Option<UserId>,
    /// The connection it was published from, where listeners are told (open channels).
    pub client: Option<Uuid>,
    /// When it was appended, Unix milliseconds; never less than the entry before.
    pub time_ms: i64,
    /// When the message was created, Unix milliseconds; of an edit or deletion, when its target was.
    pub created_ms: i64,
    /// The client's `client_msg_id`, or an id made by the engine: one per command.
    pub command_id: Uuid,
    /// The seq of the message this one replies to; 0: none.
    pub reply_to: u64,
    /// The seq of the message that this entry changes; 0: none.
    pub target: u64,
    /// The seq of the newest edit or deletion of this message; of an edit, the edit before it; 0: none.
    pub version: u64,
    /// The message has been deleted: its body is empty.
    pub deleted: bool,
    /// Compact JSON; its shape depends on the kind. Empty after a deletion.
    pub body: Bytes,
}

/// The right of one incarnation of a room to append. It ends the moment a newer incarnation takes the room over.
#[derive(Debug, Clone)]
pub struct Permit {
    incarnation: u64,
    current: Arc<AtomicU64>,
}

impl Permit {
    /// Takes the room over: every earlier permit made from `current` ends.
    pub fn take_over(current: &Arc<AtomicU64>) -> Self {
        Self {
            incarnation: current.fetch_add(1, Ordering::SeqCst) + 1,
            current: Arc::clone(current),
        }
    }

    /// Whether this is still the room's newest incarnation.
    pub fn is_valid(&self) -> bool {
        self.current.load(Ordering::SeqCst) == self.incarnation
    }

    /// The incarnation's number, from 1.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }
}

/// Where a log begins: what lies before has been dropped, and nobody reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStart {
    /// The first seq that can be read; one behind the end when nothing is left.
    pub seq: u64,
    /// How many numbered entries lie before it: none of them is unread.
    pub number: u64,
}

impl Default for LogStart {
    fn default() -> Self {
        Self { seq: 1, number: 0 }
    }
}

/// The end of a log: what its owner needs in order to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// The log's identity.
    pub epoch: Epoch,
    /// The last seq; 0: empty.
    pub seq: u64,
    /// How many numbered entries there are.
    pub number: u64,
    /// The last entry's time, Unix milliseconds.
    pub time_ms: i64,
    /// The seq of the last message; 0: none.
    pub message_seq: u64,
    /// The open bucket.
    pub bucket: BucketHead,
}

/// An entry to append, with what changes beside it in the same transaction.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The row.
    pub entry: Entry,
    /// The `client_msg_id` came from the client: a repetition within seven days must give the first result.
    pub is_repeatable: bool,
    /// What changes with it.
    pub effects: Vec<Effect>,
}

/// What an entry changes beside the log, durable together with it.
#[derive(Debug, Clone)]
pub enum Effect {
    /// The message row `target` gets this body; its `version` becomes the entry's seq.
    Edit {
        /// The message's seq.
        target: u64,
        /// The new body.
        body: Bytes,
    },
    /// The message row `target` and every edit of it lose their bodies.
    Delete {
        /// The message's seq.
        target: u64,
    },
    /// The person is a member from now on, with `joined_seq` and `joined_number` of this entry. A present member only
    /// gets the role.
    MemberAdded(UserId, crate::Role),
    /// The person is no longer a member; marks go too.
    MemberRemoved(UserId),
    /// The room's name.
    Renamed(String),
    /// How long the room keeps its entries, in days; None: for ever.
    RetentionChanged(Option<u32>),
    /// The room is marked deleted.
    RoomDeleted,
    /// The person has read up to here (a sender's own mark).
    Read {
        /// Who.
        user: UserId,
        /// Up to this seq.
        seq: u64,
        /// The number at that seq.
        number: u64,
    },
}

/// Entries of one room to append together: all or none.
#[derive(Debug, Clone)]
pub struct AppendBatch {
    /// Whose log.
    pub room: RoomId,
    /// The right to append; checked by the writer right before it commits.
    pub permit: Permit,
    /// The log's end as the owner knows it; the first entry has `head.seq + 1`.
    pub head: LogHead,
    /// In order of seq, without holes.
    pub entries: Vec<NewEntry>,
    /// After this moment the batch must not be started any more.
    pub deadline: Instant,
}

/// Which direction a range is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the lowest seq up.
    Ascending,
    /// From the highest seq down.
    Descending,
}

/// Which entries of a range are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// Every entry.
    Everything,
    /// Messages only.
    Messages,
}

/// A range of a log to read: `first..=last`, cut off after `limit` entries or `bytes_max` bytes of bodies (at least
/// one entry is given).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRange {
    /// The lowest seq wanted.
    pub first: u64,
    /// The highest seq wanted.
    pub last: u64,
    /// At most this many entries.
    pub limit: usize,
    /// At most about this many bytes of bodies.
    pub bytes_max: usize,
    /// Which end is read first.
    pub order: Order,
    /// Which entries.
    pub select: Select,
}
