//! A walk through a whole table, a page at a time, that can be left and taken up again.

use scylla::{deserialize::row::DeserializeRow as ReadRow, response::PagingState};

use super::{Result, malformed};
use crate::{
    dump::Cursor,
    scylla::{client::Client, options::PAGE_ROWS_MAX, statements::Statement},
};

/// A place in a walk.
pub(super) struct Scan {
    /// Where the page at hand begins, as the servers say it.
    at: PagingState,
    /// Rows of it that are dealt with.
    pub(super) taken: usize,
    /// How much of the row behind them is dealt with, where a row stands for more than one record.
    pub(super) inside: u64,
    next: Option<PagingState>,
}

impl Scan {
    /// The place that a cursor names; the beginning without one.
    pub(super) fn from(after: Option<&Cursor>) -> Result<Self> {
        let mut scan = Self {
            at: PagingState::start(),
            taken: 0,
            inside: 0,
            next: None,
        };
        let Some(Cursor(bytes)) = after else { return Ok(scan) };
        let (inside, rest) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let (taken, state) = rest.split_first_chunk().ok_or_else(malformed)?;
        scan.inside = u64::from_be_bytes(*inside);
        scan.taken = u32::from_be_bytes(*taken) as usize;
        if !state.is_empty() {
            scan.at = PagingState::new_from_raw_bytes(state);
        }
        Ok(scan)
    }

    /// This place.
    pub(super) fn cursor(&self) -> Vec<u8> {
        let taken = u32::try_from(self.taken).unwrap_or(u32::MAX);
        let state = self.at.as_bytes_slice().map_or(&[][..], |state| state);
        [&self.inside.to_be_bytes()[..], &taken.to_be_bytes(), state].concat()
    }

    /// The rows of the page at hand that are not dealt with.
    pub(super) async fn rows<R>(&mut self, client: &Client, statement: &Statement) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let page = client.page(statement, (), PAGE_ROWS_MAX, self.at.clone()).await?;
        self.next = page.next;
        let mut rows = page.rows;
        rows.drain(..self.taken.min(rows.len()));
        Ok(rows)
    }

    /// A row is dealt with as a whole.
    pub(super) fn took(&mut self) {
        self.taken += 1;
        self.inside = 0;
    }

    /// Goes to the next page; false: there is none.
    pub(super) fn go_on(&mut self) -> bool {
        let Some(next) = self.next.take() else { return false };
        (self.at, self.taken, self.inside) = (next, 0, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor_and_nonsense_is_none() {
        let scan = Scan {
            at: PagingState::new_from_raw_bytes([1, 2, 3]),
            taken: 999,
            inside: 1 << 40,
            next: None,
        };
        let cursor = Cursor(scan.cursor().into());
        let read = Scan::from(Some(&cursor)).expect("a cursor");
        assert_eq!((&read.at, read.taken, read.inside), (&scan.at, 999, 1 << 40));
        let start = Scan::from(None).expect("the beginning");
        let again = Scan::from(Some(&Cursor(start.cursor().into()))).expect("a cursor");
        assert_eq!(again.at, PagingState::start());
        assert!(Scan::from(Some(&Cursor(vec![1, 2, 3].into()))).is_err());
    }
}
