//! The store as a source and as a target of a dump.
//!
//! # Reading
//!
//! Each room is a picture of the moment in which its reading begins, also beside a node that goes on serving: the log up to that end, and
//! what belongs to that end (`picture`). Which rooms there are is found once, when the dump is opened, by a walk through the table of
//! heads: eight bytes of memory per room. Everything else is read by walks through whole tables, a page at a time; a cursor holds the
//! servers' own place in such a walk. A chat or channel that begins while the dump is read is not in it, and neither is its claim.
//!
//! # Loading
//!
//! Nobody serves a store that carries the mark of an import, so everything that is loaded is written by plain statements that may be
//! repeated, many at once. Tables whose rows are otherwise written by conditional statements alone are loaded with a timestamp that is
//! older than anything a clock gives ([`LOADED`]): there was nothing in them before, no conditional statement has touched those rows, and
//! every later one is newer whatever the servers' clocks say. What is derived from a log carries the stamps that it would have there, so
//! nothing is replayed. Buckets are numbered in term 0, which no owner has: a repeated call puts every row where it was, and the first
//! owner takes the open bucket over as from any other owner. Of a call that is repeated with another epoch for the same log, either may
//! stand in the end: nobody has seen one.
//!
//! Only a process that holds the lease loads. It never decides what may be imported; `storage::dump` does.

mod load;
mod log;
mod mark;
mod picture;
mod read;
mod rooms;
mod scan;
mod writes;

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use protocol::RoomId;
use scylla::response::PagingState;

use super::{
    ScyllaStore, Shared,
    connect::Pauses,
    failure::{Fault, Result},
    options::{DUMP_PATIENCE, PAGE_ROWS_MAX, RETRY_PAUSE, RETRY_PAUSE_MAX},
    rows::unsigned,
    stamp::stamp,
};
use crate::{
    StoreError,
    dump::{Cursor, Dump, DumpRecord, DumpRepository, ImportBegun, ImportMark, Page, PageLimit, Section},
};

/// The timestamp of loaded rows of tables that are otherwise written by conditional statements.
const LOADED: i64 = stamp(0);

#[async_trait]
impl DumpRepository for ScyllaStore {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        let source = Source::open(self.shared(), commands_since_ms).await?;
        Ok(Box::new(ScyllaDump(Arc::new(source))))
    }

    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        let (shared, mark) = (self.shared(), mark.clone());
        self.spawn(async move {
            check_owner(&shared)?;
            mark::begin(&shared, &mark).await
        })
        .await
    }

    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        Ok(mark::read(&self.shared().client).await?)
    }

    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        let (shared, mark) = (self.shared(), mark.cloned());
        self.spawn(async move {
            check_owner(&shared)?;
            patiently(|| mark::set(&shared, mark.as_ref())).await
        })
        .await
    }

    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError> {
        let shared = self.shared();
        self.spawn(async move {
            check_owner(&shared)?;
            load::load(&shared, &records).await?;
            // What was written without the lease may have met somebody else's writes.
            shared.check_lease()
        })
        .await
    }
}

/// An import has the store for itself.
fn check_owner(shared: &Shared) -> Result<()> {
    if shared.lease.is_none() {
        let reason = "an import needs the lease on the installation";
        return Err(StoreError::Failed(reason.to_owned()).into());
    }
    shared.check_lease()
}

/// Does something again and again while the servers are away.
async fn patiently<T, F>(mut work: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let patience = Instant::now() + DUMP_PATIENCE;
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    loop {
        let pause = pauses.next();
        match work().await {
            Err(fault) if fault.is_passing() && Instant::now() + pause < patience => tokio::time::sleep(pause).await,
            ended => return ended,
        }
    }
}

/// What a dump reads from.
struct Source {
    shared: Arc<Shared>,
    commands_since_ms: i64,
    /// The rooms that were there when it was opened, in order.
    rooms: Vec<i64>,
    /// About how many entries they have.
    entries: u64,
    kept: rooms::Kept,
}

impl Source {
    async fn open(shared: Arc<Shared>, commands_since_ms: i64) -> Result<Self> {
        let (mut rooms, mut entries) = (Vec::new(), 0);
        let mut from = PagingState::start();
        loop {
            let (client, at) = (&shared.client, &from);
            let page = patiently(|| {
                client.page::<(i64, Option<i64>)>(&client.statements.scan_heads, (), PAGE_ROWS_MAX, at.clone())
            })
            .await?;
            for (room, seq) in page.rows {
                rooms.push(room);
                entries += unsigned(seq.unwrap_or_default())?;
            }
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        rooms.sort_unstable();
        Ok(Self {
            shared,
            commands_since_ms,
            rooms,
            entries,
            kept: rooms::Kept::default(),
        })
    }

    /// The next rooms behind one.
    fn rooms_behind(&self, room: Option<RoomId>, count: usize) -> &[i64] {
        let from = room.map_or(0, |room| self.rooms.partition_point(|known| *known <= room.key()));
        &self.rooms[from..self.rooms.len().min(from + count)]
    }

    fn has_room(&self, room: RoomId) -> bool {
        self.rooms.binary_search(&room.key()).is_ok()
    }
}

struct ScyllaDump(Arc<Source>);

#[async_trait]
impl Dump for ScyllaDump {
    async fn page(&self, section: Section, after: Option<&Cursor>, limit: PageLimit) -> Result<Page, StoreError> {
        let source = &*self.0;
        let page = patiently(|| async move {
            match section {
                Section::Rooms => rooms::whole(source, after, limit).await,
                Section::RoomHeads => rooms::heads(source, after, limit).await,
                Section::UserLogs => read::user_logs(source, after, limit).await,
                _ => read::page(source, section, after, limit).await,
            }
        });
        Ok(page.await?)
    }

    async fn entries_expected(&self) -> Result<u64, StoreError> {
        Ok(self.0.entries)
    }
}

/// A cursor is none of this section.
fn malformed() -> Fault {
    Fault::Refused(StoreError::Failed("not a cursor of this section".to_owned()))
}
