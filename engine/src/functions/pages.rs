//! Pages of a room's messages, as the store has them.

use std::sync::Arc;

use protocol::{Error, MessageId, RoomId};
use storage::{Entry, EntryRange, Order, Select, Store, TopMarks};

use super::{cursor::HistoryCursor, rooms::message};
use crate::{
    failure,
    limits::PAGE_BYTES_MAX,
    message::{MessageObject, Status, status},
};

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Its end.
    Newest,
    /// Before this seq.
    Older(u64),
    /// Behind this seq.
    Newer(u64),
    /// This seq with its neighbours.
    Around(u64),
    /// From this time on, Unix milliseconds.
    From(i64),
}

/// A page, newest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    entries: Vec<Entry>,
    marks: TopMarks,
    /// Where it goes on.
    pub(super) next: Option<String>,
}

impl Page {
    /// The messages with their statuses.
    pub(super) fn messages(&self, room: RoomId) -> Vec<MessageObject<'_>> {
        let show = |entry| MessageObject::new(room, entry, status(entry, &self.marks));
        self.entries.iter().map(show).collect()
    }

    /// The seqs of the messages.
    pub(super) fn seqs(&self) -> Vec<u64> {
        self.entries.iter().map(|entry| entry.seq).collect()
    }

    /// Whether every message has been read by somebody else: nothing that others read changes it any more.
    pub(super) fn is_read(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| status(entry, &self.marks) == Status::Read)
    }
}

/// Reads pages. Rights are the caller's to check.
#[derive(Clone)]
pub(super) struct Pages(pub(super) Arc<dyn Store>);

impl Pages {
    /// One page of a room.
    ///
    /// # Errors
    /// `NotFound` when the message to read around is not there.
    pub(super) async fn page(&self, room: RoomId, place: Place, limit: usize) -> Result<Page, Error> {
        let mut page = match place {
            Place::Newest => self.older(room, u64::MAX, limit).await?,
            Place::Older(seq) => self.older(room, seq, limit).await?,
            Place::Newer(seq) => self.newer(room, seq.saturating_add(1), limit).await?,
            Place::Around(seq) => self.around(room, seq, limit).await?,
            Place::From(time_ms) => {
                let first = self.0.seq_at(room, time_ms).await.map_err(failure::of_store)?;
                self.newer(room, first, limit).await?
            }
        };
        if !page.entries.is_empty() {
            page.marks = self.0.top_marks(room).await.map_err(failure::of_store)?;
        }
        Ok(page)
    }

    async fn around(&self, room: RoomId, seq: u64, limit: usize) -> Result<Page, Error> {
        message(&self.0, MessageId { room, seq }).await?;
        let newer_limit = (limit - 1) / 2;
        let mut page = self.older(room, seq + 1, limit - newer_limit).await?;
        if newer_limit > 0 {
            let mut entries = self.newer(room, seq + 1, newer_limit).await?.entries;
            entries.append(&mut page.entries);
            page.entries = entries;
        }
        Ok(page)
    }

    /// Messages before a seq.
    async fn older(&self, room: RoomId, before: u64, limit: usize) -> Result<Page, Error> {
        let last = before.saturating_sub(1).min(i64::MAX as u64);
        let (entries, has_more) = self.messages(room, (1, last), limit, Order::Descending).await?;
        let end = entries.last().filter(|_| has_more);
        Ok(Page {
            next: end.map(|end| HistoryCursor::Older(end.seq).text()),
            entries,
            ..Page::default()
        })
    }

    /// Messages from a seq on.
    async fn newer(&self, room: RoomId, first: u64, limit: usize) -> Result<Page, Error> {
        let range = (first.max(1), i64::MAX as u64);
        let (mut entries, has_more) = self.messages(room, range, limit, Order::Ascending).await?;
        let end = entries.last().filter(|_| has_more);
        let next = end.map(|end| HistoryCursor::Newer(end.seq).text());
        entries.reverse();
        Ok(Page {
            entries,
            next,
            ..Page::default()
        })
    }

    /// Messages of a range from one end, and whether there are more.
    async fn messages(
        &self,
        room: RoomId,
        (first, last): (u64, u64),
        limit: usize,
        order: Order,
    ) -> Result<(Vec<Entry>, bool), Error> {
        if first > last {
            return Ok((Vec::new(), false));
        }
        let range = EntryRange {
            first,
            last,
            limit: limit + 1,
            bytes_max: PAGE_BYTES_MAX,
            order,
            select: Select::Messages,
        };
        let mut entries = self.0.entries(room, range).await.map_err(failure::of_store)?;
        let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
        // A page that was cut off by its bytes says so by its size; asking once too often gives an empty page.
        let has_more = entries.len() > limit || bytes > PAGE_BYTES_MAX / 2;
        entries.truncate(limit);
        Ok((entries, has_more))
    }
}
