//! A deleted text is in no byte sent after its deletion was answered, whatever was under way.
//!
//! Two things see to it. A read of the past compares a room's deletion count before and after, and is done again when it moved: the rows may
//! have been read before the deletion. And a deletion is answered only when every shard of the node has taken it in, so that no shard
//! still writes the frames it had before, or an answer it was about to write.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join_all;
use protocol::{Error, ErrorCode};

use super::{Inbox, Relays};
use crate::{
    Channel,
    limits::{DELETION_COUNTERS, DELETION_PATIENCE, REREADS_MAX},
};

/// Counts the deletions of a node's rooms, and knows its shards.
#[derive(Debug)]
pub(super) struct Deletions {
    /// Several rooms share a counter: a neighbour's deletion makes a read repeat itself in vain, and nothing ever has to be forgotten.
    counters: Box<[AtomicU64]>,
    shards: Mutex<Vec<Weak<Inbox>>>,
}

impl Default for Deletions {
    fn default() -> Self {
        Self {
            counters: (0..DELETION_COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            shards: Mutex::default(),
        }
    }
}

impl Deletions {
    fn counter(&self, channel: &Channel) -> &AtomicU64 {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(channel);
        &self.counters[(hash % DELETION_COUNTERS as u64) as usize]
    }
}

/// A read of a room's past that must not give what is deleted meanwhile.
#[derive(Debug)]
pub struct Reread {
    deletions: Arc<Deletions>,
    channel: Channel,
    count: u64,
    reads: u32,
}

impl Reread {
    /// Whether what was read since the last call (or the beginning) may be sent; if not, it has to be read again from the very first row.
    /// Nothing may be awaited between this and the sending.
    ///
    /// # Errors
    /// `Unavailable` when deletions came in between again and again.
    pub fn is_good(&mut self) -> Result<bool, Error> {
        let count = self.deletions.counter(&self.channel).load(Ordering::SeqCst);
        if count == self.count {
            return Ok(true);
        }
        self.count = count;
        self.reads += 1;
        if self.reads > REREADS_MAX {
            return Err(ErrorCode::Unavailable.into());
        }
        Ok(false)
    }
}

impl Relays {
    /// Something in this room's past is no longer to be shown. Called after the commit and before its answer.
    pub fn note_deletion(&self, channel: &Channel) {
        self.deletions.counter(channel).fetch_add(1, Ordering::SeqCst);
    }

    /// Begins a read of this room's past; called before anything of it is read, the log's end included.
    pub fn reread(&self, channel: &Channel) -> Reread {
        Reread {
            count: self.deletions.counter(channel).load(Ordering::SeqCst),
            deletions: Arc::clone(&self.deletions),
            channel: channel.clone(),
            reads: 0,
        }
    }

    /// A shard begins: it is asked from now on what it has taken in.
    pub fn enlist(&self, inbox: &Arc<Inbox>) {
        let mut shards = self.deletions.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.retain(|shard| shard.strong_count() > 0);
        shards.push(Arc::downgrade(inbox));
    }

    /// Waits until every shard of the node has taken in what relays have had until now; a shard that stands still is not waited for longer
    /// than [`DELETION_PATIENCE`].
    pub async fn taken_in_everywhere(&self) {
        let waits: Vec<_> = {
            let shards = self.deletions.shards.lock().unwrap_or_else(PoisonError::into_inner);
            shards
                .iter()
                .filter_map(Weak::upgrade)
                .map(|shard| shard.taken_in())
                .collect()
        };
        if tokio::time::timeout(DELETION_PATIENCE, join_all(waits)).await.is_err() {
            tracing::warn!("a shard has not taken in a deletion in time");
        }
    }
}
