//! What pages are: how one is named, what it holds, and what changes it.

use std::sync::Arc;

use protocol::{Epoch, RoomId, client::Publication};

use crate::functions::{Answer, Place};

/// Which page of a room's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// Messages, as functions give them.
    Messages {
        /// Which part of the log.
        place: Place,
        /// Messages at most.
        limit: usize,
        /// The log's end, where the page depends on it; else 0.
        end: u64,
    },
    /// Every entry of a range, as the protocol's history gives them.
    Entries {
        /// The first seq of the range.
        first: u64,
        /// The last.
        last: u64,
        /// Entries at most.
        limit: usize,
        /// From the last one backwards.
        is_reverse: bool,
    },
}

/// A page's name. Nothing on a page is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    /// The room.
    pub(crate) room: RoomId,
    /// Its log's identity.
    pub(crate) epoch: Epoch,
    /// The part of it.
    pub(crate) what: What,
}

/// An encoded page.
#[derive(Debug, Clone)]
pub(crate) enum PageValue {
    /// Of [`What::Messages`].
    Messages(Answer),
    /// Of [`What::Entries`].
    Entries(Arc<[Publication]>),
}

/// What a reading of a page found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The page.
    pub(crate) value: PageValue,
    /// Seqs of messages whose change changes the page.
    pub(crate) shows: Vec<u64>,
    /// The page depends on how far others have read.
    pub(crate) depends_on_marks: bool,
}

impl PageValue {
    /// About how much memory it takes, in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        let own = size_of::<Self>() + size_of::<PageKey>();
        own + match self {
            Self::Messages(answer) => answer.body.as_bytes().len(),
            Self::Entries(entries) => entries
                .iter()
                .map(|entry| size_of::<Publication>() + entry.data.as_bytes().len())
                .sum(),
        }
    }
}
