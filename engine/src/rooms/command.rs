//! What can be asked of a room's log, and what comes of it.

use protocol::{Epoch, UserId, payload::Payload};
use storage::{Entry, Role, Room};
use uuid::Uuid;

use crate::Caller;

/// What a command takes in a queue beside its texts, in bytes.
const COMMAND_OVERHEAD_BYTES: usize = 256;

/// One change that somebody asks for.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who asks; [`Caller::system`] for the server API.
    pub caller: Caller,
    /// What is asked.
    pub verb: Verb,
    /// The client's id of the command: with it a repetition within seven days gives the first result. None: the engine makes one.
    pub client_msg_id: Option<Uuid>,
}

/// What is asked. Sizes and characters of texts are checked before.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Post a message to a chat.
    Send {
        /// The text.
        content: String,
        /// The seq of the message that it replies to; 0: none.
        reply_to: u64,
        /// JSON array.
        attachments: Payload,
    },
    /// Change the text of an own message.
    Edit {
        /// The message's seq.
        target: u64,
        /// The new text.
        content: String,
    },
    /// Delete a message.
    Delete {
        /// The message's seq.
        target: u64,
    },
    /// Publish to an open channel.
    Publish {
        /// The data as given.
        data: Payload,
    },
    /// Add people to a group. They exist: that was checked before. Whoever is in it already stays, or is promoted.
    AddParticipants {
        /// Who, and as what.
        users: Vec<(UserId, Role)>,
    },
    /// Remove people from a group; oneself: leave it.
    RemoveParticipants {
        /// Who.
        users: Vec<UserId>,
    },
    /// Change the room; what is absent stays.
    Update {
        /// The new name.
        name: Option<String>,
        /// How long it keeps its entries from now on, in days; None inside: for ever.
        retention_days: Option<Option<u32>>,
    },
    /// Mark the room deleted.
    DeleteRoom,
}

impl Verb {
    /// Names of the verbs in metrics, in the order of [`Verb::index`].
    pub(super) const NAMES: [&'static str; 8] = [
        "send",
        "edit",
        "delete",
        "publish",
        "add_participants",
        "remove_participants",
        "update",
        "delete_room",
    ];

    /// The verb's place in [`Verb::NAMES`].
    pub(super) const fn index(&self) -> usize {
        match self {
            Self::Send { .. } => 0,
            Self::Edit { .. } => 1,
            Self::Delete { .. } => 2,
            Self::Publish { .. } => 3,
            Self::AddParticipants { .. } => 4,
            Self::RemoveParticipants { .. } => 5,
            Self::Update { .. } => 6,
            Self::DeleteRoom => 7,
        }
    }
}

impl Command {
    /// About how much memory it takes while it waits, in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        let texts = match &self.verb {
            Verb::Send {
                content, attachments, ..
            } => content.len() + attachments.as_bytes().len(),
            Verb::Edit { content, .. } => content.len(),
            Verb::Publish { data } => data.as_bytes().len(),
            Verb::AddParticipants { users } => users.len() * UserId::BYTES_MAX,
            Verb::RemoveParticipants { users } => users.len() * UserId::BYTES_MAX,
            Verb::Update { name, .. } => name.as_ref().map_or(0, String::len),
            Verb::Delete { .. } | Verb::DeleteRoom => 0,
        };
        COMMAND_OVERHEAD_BYTES + texts
    }

    /// Whether a repetition under the same id must give the first result: an id of the client's, of somebody who can be told apart. The system
    /// can be told apart by what it posts: nobody else posts without a name under an id of their own.
    pub(crate) fn is_repeatable(&self) -> bool {
        let is_posting = matches!(self.verb, Verb::Send { .. } | Verb::Publish { .. });
        self.client_msg_id.is_some() && !self.caller.is_anonymous() && (is_posting || !self.caller.is_system())
    }
}

/// What came of a command: its entry is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The entry, as it is now: a repeated send gives the message with what has become of it since.
    pub entry: Entry,
    /// The log's identity.
    pub epoch: Epoch,
    /// The room after the command.
    pub room: Room,
}
