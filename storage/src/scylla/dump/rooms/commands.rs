//! The records of a room's commands that are young enough to count.

use scylla::response::PagingState;
use uuid::Uuid;

use super::{super::Result, reader::Reader};
use crate::{
    dump::{Command, DumpRecord},
    scylla::{
        index::{self, Bucket},
        log,
        options::PAGE_ROWS_MAX,
        rows::{self, signed, unsigned},
    },
};

impl Reader<'_> {
    /// From the newest bucket back to the first that holds nothing young enough.
    pub(super) async fn commands(&mut self) -> Result<()> {
        let (client, room, since_ms) = (
            &self.source.shared.client,
            self.place.room,
            self.source.commands_since_ms,
        );
        let newest = if self.place.seq > 0 {
            self.place.seq
        } else {
            self.place.end
        };
        if newest < self.place.first || self.picture.known.state.head.time_ms <= since_ms {
            return Ok(());
        }
        let mut below = self.place.key;
        let mut bucket = log::bucket_of(&self.source.shared, room, &self.picture.known, newest).await?;
        while let Some(at) = bucket {
            self.commands_in(&at, below).await?;
            if self.is_full() || at.first_ms <= since_ms || at.first_seq <= self.place.first.max(1) {
                return Ok(());
            }
            below = 0;
            let before = index::buckets_up_to(client, room, at.first_seq - 1).await?;
            bucket = before.into_iter().next();
        }
        Ok(())
    }

    async fn commands_in(&mut self, bucket: &Bucket, below: i64) -> Result<()> {
        let client = &self.source.shared.client;
        let values = (self.place.room.key(), signed(bucket.number), below);
        let last = bucket.last_seq.unwrap_or(u64::MAX).min(self.place.end);
        let mut from = PagingState::start();
        loop {
            let statement = &client.statements.commands_below;
            let page = client
                .page::<(i64, String, i64, Uuid, i64)>(statement, values, PAGE_ROWS_MAX, from)
                .await?;
            for (_, sender, time_ms, command_id, target) in page.rows {
                let seq = unsigned(target)?;
                let is_there = bucket.first_seq.max(self.place.first) <= seq && seq <= last;
                if !is_there || time_ms <= self.source.commands_since_ms {
                    continue;
                }
                let command = Command {
                    sender: rows::user(&sender)?,
                    command_id,
                    seq,
                    time_ms,
                };
                self.push(DumpRecord::Command(self.place.room, command));
                if self.is_full() {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }
}
