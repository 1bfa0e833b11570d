//! What passes from a commit to the listeners.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{
    UserId,
    client::{ClientInfo, Event, Publication},
    payload::Payload,
};
use storage::{Entry, EntryKind, UserEntry};

use crate::{Channel, message};

/// One committed entry as its listeners are shown it, rendered once.
#[derive(Debug, Clone)]
pub struct RelayEntry {
    /// The place in the log.
    pub seq: u64,
    /// What listeners get.
    pub data: Payload,
    /// Who published it, where listeners are told.
    pub info: Option<ClientInfo>,
    /// The seq of the message that this entry changes; 0: none.
    pub target: u64,
    /// These people's cursors end with this entry.
    pub removed: Vec<UserId>,
    /// The room is deleted: every cursor ends with this entry.
    pub closes: bool,
    /// The row behind it; None for facts of a user's own log.
    row: Option<Entry>,
}

impl RelayEntry {
    /// An entry of a room or open channel.
    pub fn new(channel: &Channel, entry: Entry) -> Self {
        let info = entry.client.map(|client| ClientInfo {
            user: entry.sender.as_ref().map(ToString::to_string).unwrap_or_default(),
            client: client.to_string(),
            ..ClientInfo::default()
        });
        Self {
            seq: entry.seq,
            data: message::publication(channel, &entry),
            info,
            target: entry.target,
            removed: message::removed_users(&entry),
            closes: entry.kind == EntryKind::RoomDeleted,
            row: Some(entry),
        }
    }

    /// A fact of a user's own log.
    pub fn fact(entry: UserEntry) -> Self {
        Self {
            seq: entry.seq,
            data: Payload::from_trusted(entry.body),
            info: None,
            target: 0,
            removed: Vec::new(),
            closes: false,
            row: None,
        }
    }

    /// Whether this entry deletes its target.
    pub fn is_deletion(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.kind == EntryKind::Delete)
    }

    /// Whether the deletion `self` takes this place's content away: the message itself and every edit of it.
    pub fn deletes(&self, seq: u64, target: u64) -> bool {
        self.is_deletion() && (seq == self.target || target == self.target) && seq != self.seq
    }

    /// What stands at `seq` (the deleted message, or an edit of it with this `target`) after the deletion `self`.
    pub fn redacted(&self, channel: &Channel, seq: u64, target: u64) -> Arc<Self> {
        let row = self.row.as_ref().expect("a deletion has a row");
        let kind = if target == 0 {
            EntryKind::Message
        } else {
            EntryKind::Edit
        };
        let entry = Entry {
            seq,
            target,
            kind,
            deleted: true,
            body: Bytes::new(),
            actor: None,
            ..row.clone()
        };
        Arc::new(Self::new(channel, entry))
    }

    /// The protocol's publication.
    pub fn publication(&self) -> Publication {
        Publication {
            info: self.info.clone(),
            ..Publication::new(self.seq, self.data.clone())
        }
    }

    /// About how much memory it takes, in bytes.
    pub fn size_bytes(&self) -> usize {
        let body = self.row.as_ref().map_or(0, |row| row.body.len());
        size_of::<Self>() + self.data.as_bytes().len() + body
    }
}

/// A frame that is not an entry: never stored, never recovered, dropped for a session that lags.
#[derive(Debug, Clone)]
pub enum Ephemeral {
    /// Somebody came.
    Join(ClientInfo),
    /// Somebody left.
    Leave(ClientInfo),
    /// Anything else: receipts, hints. Carries the offset of the last entry before it.
    Hint(Payload),
}

impl Ephemeral {
    /// The push, after the entry at `offset`.
    pub fn event(&self, offset: u64) -> Event {
        match self {
            Self::Join(info) => Event::Join(info.clone()),
            Self::Leave(info) => Event::Leave(info.clone()),
            Self::Hint(data) => Event::Publication(Publication::new(offset, data.clone())),
        }
    }
}
