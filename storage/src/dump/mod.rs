//! Everything of one installation, out of a store and into one: what `plenum export` and `plenum import` are made of.
//!
//! A backend gives its rows as typed [`DumpRecord`]s that know no backend ([`Dump`]), and takes them again
//! ([`DumpRepository::load`]). With the feature `dump` there is also the folder of files in between: `Export` writes it,
//! `Import` reads it. The command line calls them, and the measurement of the store; the engine never does.
//!
//! # What an export is a picture of
//!
//! Each room is a picture of one moment: its log up to an end, with the members, marks and commands that belong to that end. Different
//! rooms may be pictures of different moments between the beginning and the end of the export, as nothing that Plenum
//! promises spans two rooms. A backend that can show the whole store as of one moment does (SQLite: one reading
//! transaction), so that an export in one go is a picture of one moment altogether. An export that was interrupted and run again keeps the files of
//! rooms whose logs have not moved since, and reads everything else anew.
//!
//! # What is not in it
//!
//! What is computed from the rest (the index of buckets, counts per bucket, the search index), the rows of purged logs that
//! wait for removal, and the backend's own values ([`OWN_META_PREFIX`]). Epochs are not either: each log gets a new
//! one from the import, so that clients with a place in the old log load anew.

#[cfg(feature = "dump")]
mod error;
#[cfg(feature = "dump")]
mod export;
#[cfg(feature = "dump")]
mod files;
#[cfg(any(feature = "sqlite", feature = "scylla"))]
mod filling;
#[cfg(feature = "dump")]
mod folder;
#[cfg(feature = "dump")]
mod frame;
#[cfg(feature = "dump")]
mod import;
#[cfg(feature = "dump")]
mod index;
pub mod limits;
#[cfg(feature = "dump")]
mod manifest;
mod mark;
#[cfg(feature = "dump")]
mod pages;
mod record;
#[cfg(feature = "dump")]
mod totals;
#[cfg(feature = "dump")]
mod watch;
#[cfg(feature = "dump")]
mod wire;

use async_trait::async_trait;

#[cfg(any(feature = "sqlite", feature = "scylla"))]
pub(crate) use self::filling::Filling;
#[cfg(feature = "dump")]
pub use self::{
    error::DumpError,
    export::Export,
    import::{Import, read_totals},
    manifest::{FORMAT, FileRecord, MANIFEST_NAME, Manifest},
    totals::{Digest, KindTotal, Totals},
    watch::{Stage, Unwatched, Watch},
};
pub use self::{
    mark::{ImportMark, MarkError},
    record::{ChannelName, Command, Cursor, DirectPair, DumpRecord, Login, Page, PageLimit, RecordKind, Section},
};
use crate::StoreError;

/// Keys of `meta` that begin so are the backend's own and never leave it.
pub const OWN_META_PREFIX: &str = "storage/";

/// What beginning an import found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportBegun {
    /// The store was empty and carries the mark now.
    New,
    /// The store carries this mark already, of this import or of another.
    Marked(ImportMark),
    /// The store holds something, in words; nothing was done.
    NotEmpty(String),
}

/// A store as a source and as a target of a dump.
#[async_trait]
pub trait DumpRepository: Send + Sync {
    /// A picture of the store to read from. Records of commands that are not younger than `commands_since_ms` (Unix
    /// milliseconds) are left out: they no longer count.
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError>;

    /// Marks an empty store as the target of an import; [`ImportBegun`] says when it is not empty or marked already.
    /// Of two imports that begin at once one finds the other's mark.
    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError>;

    /// The mark that an import left: it is under way, was interrupted, or failed. Nobody may serve such a store.
    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError>;

    /// Replaces the mark; None takes it away, which makes everything that was loaded visible.
    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError>;

    /// Writes records, durable when it returns. Records that are there already are left as they are, so that the last
    /// call before an interruption can be repeated. Of a room: the room itself first, then the rest of it; entries in
    /// the order of their seqs. Entries get their buckets anew, logs the epoch that stands in the record. A backend whose
    /// rows end by themselves keeps a command for its time from now on: it has to be there when it is read back.
    ///
    /// # Errors
    /// [`StoreError::Failed`] for records that can't follow what is there: an entry that leaves a hole, or of a room that is not there.
    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError>;
}

/// One picture of a store. Dropping it lets the store go on.
///
/// A room's records agree with the end of the log that its own record tells: no entry, version, membership or mark lies behind it, and
/// a deletion before it has emptied everything that it empties. Between rooms nothing is promised.
#[async_trait]
pub trait Dump: Send + Sync {
    /// The records of a section from behind `after`, in an order that is the same at every call; at most about as many
    /// as `limit` says. No next cursor: that was all.
    async fn page(&self, section: Section, after: Option<&Cursor>, limit: PageLimit) -> Result<Page, StoreError>;

    /// About how many entries all logs have together; for a progress bar.
    async fn entries_expected(&self) -> Result<u64, StoreError>;
}
