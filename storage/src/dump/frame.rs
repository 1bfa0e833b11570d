//! Records in a row: each is the length of what follows (four bytes, the lowest first), a byte for its kind, and its
//! MessagePack.
//!
//! MessagePack because it holds byte strings as they are, can be read by anything, and because Plenum speaks it anyway; the
//! length and kind in front because a reader then knows how much to take before it looks at any of it, and what it is.

use std::io::{self, ErrorKind, Read};

use super::{DumpRecord, RecordKind, Totals, limits::RECORD_BYTES_MAX, wire};

/// Turns records into frames and counts them.
#[derive(Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    pub(super) totals: Totals,
}

impl Framer {
    /// The frame of a record, until the next call.
    pub(super) fn frame(&mut self, record: &DumpRecord) -> io::Result<&[u8]> {
        let kind = record.kind();
        self.buffer.clear();
        self.buffer.extend([0, 0, 0, 0, kind as u8]);
        wire::encode(record, &mut self.buffer);
        let content = self.buffer.len() - 4;
        if content > RECORD_BYTES_MAX {
            let reason = format!("a record of {content} bytes; at most {RECORD_BYTES_MAX} fit");
            return Err(io::Error::new(ErrorKind::InvalidInput, reason));
        }
        self.buffer[..4].copy_from_slice(&(content as u32).to_le_bytes());
        self.totals.count(kind, &self.buffer[4..]);
        Ok(&self.buffer)
    }

    /// Counts a record without keeping its frame.
    pub(super) fn count(&mut self, record: &DumpRecord) -> io::Result<()> {
        self.frame(record).map(|_| ())
    }
}

/// Reads frames one after the other.
pub(super) struct Frames<R> {
    from: R,
    buffer: Vec<u8>,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            records: 0,
            bytes: 0,
        }
    }

    /// The next record; None at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<DumpRecord>> {
        let mut length = [0; 4];
        if !fill_or_end(&mut self.from, &mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 || length > RECORD_BYTES_MAX {
            return Err(malformed(format!("a record of {length} bytes")));
        }
        self.buffer.resize(length, 0);
        self.from.read_exact(&mut self.buffer)?;
        let (number, content) = self.buffer.split_first().expect("its length is not 0");
        let kind = RecordKind::from_number(*number);
        let kind = kind.ok_or_else(|| malformed(format!("a record of the unknown kind {number}")))?;
        let record = wire::decode(kind, content).map_err(|error| malformed(error.to_string()))?;
        self.records += 1;
        self.bytes += length as u64 + 4;
        Ok(Some(record))
    }
}

fn malformed(reason: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}

/// Fills the buffer; false when there is nothing at all any more.
fn fill_or_end(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(malformed("it ends within a record".to_owned())),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
