//! The open ends of logs, as far as searches have read them: the next search, often the next letter typed, reads only what
//! came since.
//!
//! An end in memory is a small segment. It may be behind the rows, as every segment may: a hit is checked anyway, and an
//! edit is an entry of its own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use protocol::RoomId;

use super::{
    document,
    limits::{TAIL_ENTRIES_KEPT_MAX, TAIL_PAGE_BYTES, TAIL_PAGE_ENTRIES, TAILS_ENTRIES_MAX},
    lists::Need,
    room::Candidate,
};
use crate::{Entry, EntryRange, Order, SearchScope, Select, Store, StoreError};

/// The postings of a log's open end. Copied where it grows while somebody reads it.
#[derive(Debug, Clone, Default)]
struct Tail {
    /// Everything up to this seq is in segments.
    behind: u64,
    /// Everything up to this seq is here.
    read_to: u64,
    lists: BTreeMap<String, Vec<u64>>,
    /// When its own messages were sent, Unix milliseconds.
    times_ms: HashMap<u64, i64>,
}

impl Tail {
    fn add(&mut self, entry: &Entry) {
        self.read_to = entry.seq;
        let Some(seq) = document::subject(entry) else { return };
        if seq == entry.seq {
            self.times_ms.insert(seq, entry.time_ms);
        }
        for term in document::terms_of(entry) {
            self.lists.entry(term).or_default().push(seq);
        }
    }

    /// Messages that have everything needed, ascending.
    fn hits(&self, needs: &[Need]) -> Vec<Candidate> {
        let mut hits: Option<Vec<u64>> = None;
        for need in needs {
            let mut list = self.list(need);
            list.sort_unstable();
            list.dedup();
            if let Some(hits) = &hits {
                list.retain(|seq| hits.binary_search(seq).is_ok());
            }
            hits = Some(list);
        }
        let hits = hits.unwrap_or_default();
        let latest_ms = |seq| self.times_ms.get(&seq).copied().unwrap_or(i64::MAX);
        let candidate = |seq| Candidate {
            seq,
            latest_ms: latest_ms(seq),
        };
        hits.into_iter().map(candidate).collect()
    }

    fn list(&self, need: &Need) -> Vec<u64> {
        match need {
            Need::Term(term) => self.lists.get(term).cloned().unwrap_or_default(),
            Need::Beginning(text) => {
                let from = self.lists.range(text.clone()..);
                let lists = from.take_while(|(term, _)| term.starts_with(text.as_str()));
                lists.flat_map(|(_, list)| list.iter().copied()).collect()
            }
        }
    }

    fn entries(&self) -> usize {
        usize::try_from(self.read_to.saturating_sub(self.behind)).unwrap_or(usize::MAX)
    }
}

/// The open ends that a node has in memory.
#[derive(Debug, Default)]
pub struct Tails(Mutex<HashMap<RoomId, Arc<Tail>>>);

impl Tails {
    /// Messages of a room's open end that have everything needed, ascending: after reading what is new.
    pub(super) async fn hits(
        &self,
        store: &dyn Store,
        scope: &SearchScope,
        needs: &[Need],
    ) -> Result<Vec<Candidate>, StoreError> {
        let behind = if scope.state.is_current() {
            scope.state.indexed_to
        } else {
            0
        };
        if scope.head_seq <= behind {
            return Ok(Vec::new());
        }
        if scope.head_seq - behind > TAIL_ENTRIES_KEPT_MAX {
            return scan(store, scope, behind, needs).await;
        }
        let mut tail = self.known(scope.room, behind);
        if tail.read_to < scope.head_seq {
            read(store, scope, Arc::make_mut(&mut tail)).await?;
            self.keep(scope.room, Arc::clone(&tail));
        }
        Ok(tail.hits(needs))
    }

    fn known(&self, room: RoomId, behind: u64) -> Arc<Tail> {
        let tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tails.get(&room).filter(|tail| tail.behind == behind);
        known.cloned().unwrap_or_else(|| {
            Arc::new(Tail {
                behind,
                read_to: behind,
                ..Tail::default()
            })
        })
    }

    fn keep(&self, room: RoomId, tail: Arc<Tail>) {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tails.insert(room, tail);
        let mut entries: usize = tails.values().map(|tail| tail.entries()).sum();
        while entries > TAILS_ENTRIES_MAX {
            // Any will do: what is asked for again is read again.
            let Some(other) = tails.keys().next().copied() else {
                return;
            };
            entries -= tails.remove(&other).map_or(0, |tail| tail.entries());
        }
    }
}

/// Scans an end that is too long for memory: nothing is kept but what is found.
async fn scan(
    store: &dyn Store,
    scope: &SearchScope,
    behind: u64,
    needs: &[Need],
) -> Result<Vec<Candidate>, StoreError> {
    let (mut hits, mut next) = (Vec::new(), behind + 1);
    while next <= scope.head_seq {
        let page = store.entries(scope.room, range(next, scope.head_seq)).await?;
        let Some(last) = page.last() else { break };
        next = last.seq + 1;
        let mut tail = Tail::default();
        page.iter().for_each(|entry| tail.add(entry));
        hits.extend(tail.hits(needs));
    }
    // Edits are of older messages.
    hits.sort_unstable();
    hits.dedup_by_key(|hit| hit.seq);
    Ok(hits)
}

async fn read(store: &dyn Store, scope: &SearchScope, tail: &mut Tail) -> Result<(), StoreError> {
    while tail.read_to < scope.head_seq {
        let page = store
            .entries(scope.room, range(tail.read_to + 1, scope.head_seq))
            .await?;
        if page.is_empty() {
            // The log has been purged meanwhile.
            return Ok(());
        }
        page.iter().for_each(|entry| tail.add(entry));
    }
    Ok(())
}

/// A page of a log that is read in order.
pub(super) fn range(first: u64, last: u64) -> EntryRange {
    EntryRange {
        first,
        last,
        limit: TAIL_PAGE_ENTRIES,
        bytes_max: TAIL_PAGE_BYTES,
        order: Order::Ascending,
        select: Select::Everything,
    }
}
