//! The writes of one call of an import, put together by partition and sent many at once.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};

use super::Result;
use crate::scylla::{
    client::{Client, Values},
    options::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, DUMP_PATIENCE, LOAD_BATCHES_AT_ONCE},
    statements::Statement,
};

/// A write with its values.
pub(super) type Write<'a> = (&'a Statement, Values);

/// A partition that many rows of an import lie in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Partition {
    /// A bucket of a log.
    Log(RoomId, u64),
    Members(RoomId),
    MembersOf(UserId),
    Marks(RoomId),
    MarksOf(UserId),
    UserLog(UserId),
    /// Names of users with one beginning.
    Names(String),
    /// Words of people's names with one beginning.
    Words(String),
    /// The beginnings themselves.
    Beginnings,
}

/// Writes to be sent, as batches of one partition each.
#[derive(Default)]
pub(super) struct Writes<'a> {
    batches: Vec<Vec<Write<'a>>>,
    /// Where the batch of a partition is, and its bytes.
    open: HashMap<Partition, (usize, usize)>,
    /// Beginnings of names that are among the writes.
    beginnings: HashSet<String>,
}

impl<'a> Writes<'a> {
    /// Adds a write whose partition has no others.
    pub(super) fn alone(&mut self, statement: &'a Statement, values: Values) {
        self.batches.push(vec![(statement, values)]);
    }

    /// Adds the write of a beginning of names, which many names of a call have.
    pub(super) fn once(&mut self, statement: &'a Statement, beginning: &str) {
        if self.beginnings.insert(beginning.to_owned()) {
            self.within(Partition::Beginnings, statement, Box::new((beginning.to_owned(),)));
        }
    }

    /// Adds a small write to the batch of its partition.
    pub(super) fn within(&mut self, partition: Partition, statement: &'a Statement, values: Values) {
        self.together(partition, 0, [(statement, values)]);
    }

    /// Adds writes to the batch of their partition, which holds them all or begins with them.
    pub(super) fn together(&mut self, partition: Partition, bytes: usize, writes: impl IntoIterator<Item = Write<'a>>) {
        let (at, before) = self.open.get(&partition).copied().unwrap_or((usize::MAX, 0));
        let has_room = |batch: &&mut Vec<Write<'a>>| batch.len() < BATCH_ROWS_MAX && before + bytes <= BATCH_BYTES_MAX;
        if let Some(batch) = self.batches.get_mut(at).filter(has_room) {
            batch.extend(writes);
            self.open.insert(partition, (at, before + bytes));
            return;
        }
        self.open.insert(partition, (self.batches.len(), bytes));
        self.batches.push(writes.into_iter().collect());
    }

    /// Sends everything; durable when it returns. Waits while the servers are away.
    pub(super) async fn send(self, client: &Client) -> Result<()> {
        let patience = Instant::now() + DUMP_PATIENCE;
        stream::iter(self.batches)
            .map(Ok)
            .try_for_each_concurrent(LOAD_BATCHES_AT_ONCE, |batch| async move {
                client.write_patiently(&batch, patience).await
            })
            .await
    }
}
