//! A room while it is read, part by part. The parts have a file each.

use protocol::RoomId;

use super::{
    super::{Fault, Result, Source, picture::Picture},
    place::{Part, Place},
};
use crate::{
    Member, StoreError,
    dump::{DumpRecord, PageLimit},
};

/// A room while it is read.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) picture: Picture,
    pub(super) members: Option<Vec<Member>>,
    pub(super) place: Place,
    pub(super) records: Vec<DumpRecord>,
    pub(super) bytes: usize,
    pub(super) limit: PageLimit,
}

impl Reader<'_> {
    /// Reads until the limit; whether that was all of the room.
    pub(super) async fn read(&mut self) -> Result<bool> {
        let state = &self.picture.known.state;
        let first = self.picture.known.log_first();
        if self.place.part == Part::Room {
            (self.place.first, self.place.end, self.place.number) = (first, state.head.seq, state.head.number);
            let record = DumpRecord::Room(state.clone());
            self.push(record);
            self.place.go_on();
        } else if first != self.place.first && self.place.part == Part::Entries {
            return Err(broken_off(self.place.room));
        }
        while !self.is_full() {
            match self.place.part {
                Part::Room | Part::Entries => self.entries().await?,
                Part::Commands => self.commands().await?,
                Part::Members => self.members().await?,
                Part::Marks => {
                    self.marks().await?;
                    return Ok(!self.is_full());
                }
            }
            if !self.is_full() {
                self.place.go_on();
            }
        }
        Ok(false)
    }

    pub(super) fn push(&mut self, record: DumpRecord) {
        self.bytes += record.cost_bytes();
        self.records.push(record);
    }

    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes
    }

    pub(super) fn missing(&self) -> usize {
        self.limit.records - self.records.len()
    }
}

/// Part of a log was removed while it was read.
pub(super) fn broken_off(room: RoomId) -> Fault {
    let reason =
        format!("room {room} was purged while it was being read: run the export again, it goes on where it was");
    StoreError::Failed(reason).into()
}
