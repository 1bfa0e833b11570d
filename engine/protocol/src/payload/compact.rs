//! Checks published JSON and removes the white space between its tokens.
//!
//! SDKs send compact text, so the usual case is one look at each byte and one copy of the whole.

use super::{
    PayloadError,
    keys::Keys,
    number,
    scan::{self, Sink},
    string::Literal,
};

/// The compact text of the one value in `text`.
pub(super) fn compact(text: &str, depth_max: usize) -> Result<Box<[u8]>, PayloadError> {
    let mut compactor = Compactor {
        text: text.as_bytes(),
        copied: 0,
        out: Vec::new(),
        keys: Keys::default(),
    };
    scan::walk(text, depth_max, &mut compactor)?;
    let rest = &compactor.text[compactor.copied..];
    let mut out = compactor.out;
    out.reserve_exact(rest.len());
    out.extend_from_slice(rest);
    // No spare capacity: the bytes live as long as the entry.
    Ok(out.into_boxed_slice())
}

struct Compactor<'a> {
    text: &'a [u8],
    copied: usize,
    out: Vec<u8>,
    keys: Keys<'a>,
}

impl<'a> Sink<'a> for Compactor<'a> {
    fn gap(&mut self, start: usize, end: usize) {
        self.out.extend_from_slice(&self.text[self.copied..start]);
        self.copied = end;
    }

    fn open(&mut self, object: bool) {
        if object {
            self.keys.open();
        }
    }

    fn close(&mut self, object: bool) -> Result<(), PayloadError> {
        if object { self.keys.close() } else { Ok(()) }
    }

    fn key(&mut self, key: Literal<'a>) {
        self.keys.add(key.decode());
    }

    fn string(&mut self, _text: Literal<'a>) {}

    fn number(&mut self, number: number::Literal<'a>) -> Result<(), PayloadError> {
        number.check()
    }

    fn constant(&mut self, _truth: Option<bool>) {}
}
