//! A room's members at the end of its picture: those that were read together with it, or as they are now.

use super::{super::Result, reader::Reader};
use crate::{
    dump::DumpRecord,
    scylla::{members, rows},
};

impl Reader<'_> {
    pub(super) async fn members(&mut self) -> Result<()> {
        let Some(all) = self.members.take() else {
            return self.stored_members().await;
        };
        let from = all.partition_point(|member| member.user.as_str() <= self.place.user.as_str());
        for member in &all[from..] {
            self.push(DumpRecord::Member(self.place.room, member.clone()));
            if self.is_full() {
                break;
            }
        }
        self.members = Some(all);
        Ok(())
    }

    async fn stored_members(&mut self) -> Result<()> {
        let (client, room) = (&self.source.shared.client, self.place.room);
        let mut after = self.place.user.clone();
        loop {
            let count = self.missing();
            let behind = (!after.is_empty()).then(|| rows::user(&after)).transpose()?;
            let found = members::list(client, room, behind.as_ref(), count).await?;
            let last = found.last().map(|member| member.user.to_string());
            let last = last.filter(|_| found.len() >= count);
            for member in self.picture.members(found, &after, last.as_deref()) {
                self.push(DumpRecord::Member(room, member));
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
