//! Turns a payload into a native MessagePack value.

use super::{
    PayloadError, msgpack,
    number::{self, Number},
    scan::{self, Sink},
    string::Literal,
};

/// Appends the value of `text`, or nil if it is no JSON.
pub(super) fn append(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let Ok(text) = std::str::from_utf8(text) else {
        return msgpack::append_nil(out);
    };
    let mut transcoder = Transcoder { out, open: Vec::new() };
    // The depth was checked when the payload came in, under the limits of that day.
    if scan::walk(text, usize::MAX, &mut transcoder).is_err() {
        out.truncate(start);
        msgpack::append_nil(out);
    }
}

/// A container that is being written: where its head goes, and how many elements it has so far.
struct Container {
    head: usize,
    count: usize,
}

struct Transcoder<'o> {
    out: &'o mut Vec<u8>,
    open: Vec<Container>,
}

impl Transcoder<'_> {
    /// Counts a value of the innermost container.
    fn count(&mut self) {
        if let Some(container) = self.open.last_mut() {
            container.count += 1;
        }
    }
}

impl<'a> Sink<'a> for Transcoder<'_> {
    fn gap(&mut self, _start: usize, _end: usize) {}

    fn open(&mut self, _object: bool) {
        self.count();
        self.open.push(Container {
            head: self.out.len(),
            count: 0,
        });
        // Room for the head of a small container; a longer one moves what follows when its count is known.
        self.out.push(0);
    }

    fn close(&mut self, object: bool) -> Result<(), PayloadError> {
        let Container { head, count } = self.open.pop().ok_or(PayloadError::Malformed)?;
        let mut bytes = Vec::with_capacity(5);
        if object {
            msgpack::append_map(count, &mut bytes);
        } else {
            msgpack::append_array(count, &mut bytes);
        }
        self.out.splice(head..=head, bytes);
        Ok(())
    }

    fn key(&mut self, key: Literal<'a>) {
        msgpack::append_str(&key.decode(), self.out);
    }

    fn string(&mut self, text: Literal<'a>) {
        self.count();
        msgpack::append_str(&text.decode(), self.out);
    }

    fn number(&mut self, number: number::Literal<'a>) -> Result<(), PayloadError> {
        self.count();
        match number.value()? {
            Number::Integer(integer) => msgpack::append_integer(integer, self.out),
            Number::Double(double) => msgpack::append_double(double, self.out),
        }
        Ok(())
    }

    fn constant(&mut self, truth: Option<bool>) {
        self.count();
        match truth {
            Some(truth) => msgpack::append_bool(truth, self.out),
            None => msgpack::append_nil(self.out),
        }
    }
}
