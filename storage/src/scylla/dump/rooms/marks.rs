//! How far a room's people have read, up to the end of its picture.

use super::{super::Result, reader::Reader};
use crate::{Mark, dump::DumpRecord, scylla::rows::MarkRow};

impl Reader<'_> {
    pub(super) async fn marks(&mut self) -> Result<()> {
        let (client, room) = (&self.source.shared.client, self.place.room);
        let mut after = self.place.user.clone();
        loop {
            let count = self.missing();
            let limit = i32::try_from(count).unwrap_or(i32::MAX);
            let values = (room.key(), after.as_str(), limit);
            let found = client
                .rows::<(String, Option<i64>, Option<i64>, Option<i64>)>(&client.statements.marks_after, values)
                .await?;
            let last = found.last().map(|(user, ..)| user.clone());
            let last = last.filter(|_| found.len() >= count);
            let mut marks: Vec<(String, Mark)> = Vec::with_capacity(found.len());
            for (user, read_seq, read_number, received_seq) in found {
                marks.push((user, MarkRow::new(read_seq, read_number, received_seq).mark()?));
            }
            let range = (after.as_str(), last.as_deref());
            for (user, mark) in self.picture.marks(marks, range, self.place.number)? {
                self.push(DumpRecord::Mark(room, user, mark));
                if self.is_full() {
                    return Ok(());
                }
            }
            match last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }
}
