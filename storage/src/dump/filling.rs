//! A page while a backend fills it.

use super::{Cursor, DumpRecord, Page, PageLimit};

/// The records of a page so far.
pub(crate) struct Filling {
    limit: PageLimit,
    records: Vec<DumpRecord>,
    bytes: usize,
}

impl Filling {
    /// An empty page.
    pub(crate) fn new(limit: PageLimit) -> Self {
        Self {
            limit,
            records: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes a record, also above the limit: whoever fills the page looks at [`Filling::is_full`] behind each.
    pub(crate) fn push(&mut self, record: DumpRecord) {
        self.bytes += record.cost_bytes();
        self.records.push(record);
    }

    /// Whether the page ends here.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= self.limit.records || self.bytes >= self.limit.bytes
    }

    /// The page, and where the next one begins.
    pub(crate) fn end(self, next: Option<Vec<u8>>) -> Page {
        Page {
            records: self.records,
            next: next.map(|place| Cursor(place.into())),
        }
    }
}
