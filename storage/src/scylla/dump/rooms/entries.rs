//! The entries of a room's log up to the end of its picture, without a gap.

use super::{
    super::Result,
    reader::{Reader, broken_off},
};
use crate::{EntryRange, Order, Select, dump::DumpRecord, scylla::log};

impl Reader<'_> {
    pub(super) async fn entries(&mut self) -> Result<()> {
        let (room, mut next) = (self.place.room, self.place.first.max(self.place.seq + 1));
        while next <= self.place.end && !self.is_full() {
            let range = EntryRange {
                first: next,
                last: self.place.end,
                order: Order::Ascending,
                limit: self.missing(),
                bytes_max: self.limit.bytes - self.bytes,
                select: Select::Everything,
            };
            let found = log::read_known(&self.source.shared, room, &self.picture.known, range).await?;
            if found.is_empty() {
                return Err(broken_off(room));
            }
            for entry in found {
                if entry.seq != next {
                    return Err(broken_off(room));
                }
                next += 1;
                let entry = self.picture.entry(&self.source.shared, room, entry).await?;
                self.push(DumpRecord::Entry(room, entry));
            }
        }
        Ok(())
    }
}
