//! `unfinished.jsonl`: what an export that has not come to its end has written so far; with it, the next run goes on. One line of JSON
//! about the export, then one for each complete file. It goes when the manifest is there.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cursor, Digest, DumpError, Section, Totals, files, manifest::FORMAT, manifest::FileRecord};

/// The index's file name.
pub(super) const INDEX_NAME: &str = "unfinished.jsonl";

/// About the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) export: Uuid,
    pub(super) plenum: String,
    pub(super) created_ms: i64,
    pub(super) backend: String,
    pub(super) source: String,
    pub(super) commands_since_ms: i64,
}

/// About a complete file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexedFile {
    pub(super) file: FileRecord,
    pub(super) is_rooms: bool,
    pub(super) totals: Totals,
    /// Rooms of which it holds anything.
    pub(super) rooms: u64,
    /// It begins within a room that the file before began.
    pub(super) continues: bool,
    /// The sum of those rooms' fingerprints.
    pub(super) fingerprint: Digest,
    /// Where the next file begins, in hexadecimal; None: nothing followed.
    next: Option<String>,
}

impl IndexedFile {
    pub(super) fn new(
        file: FileRecord,
        section: Section,
        totals: Totals,
        rooms: &RoomsSeen,
        next: Option<&Cursor>,
    ) -> Self {
        Self {
            file,
            is_rooms: section == Section::Rooms,
            totals,
            rooms: rooms.count,
            continues: rooms.continues,
            fingerprint: rooms.fingerprint,
            next: next.map(|cursor| files::hexadecimal(&cursor.0)),
        }
    }

    /// Where the next file begins.
    pub(super) fn next(&self) -> Option<Cursor> {
        let bytes = files::from_hexadecimal(self.next.as_deref()?)?;
        Some(Cursor(bytes.into()))
    }
}

/// The rooms that a file holds anything of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoomsSeen {
    pub(super) count: u64,
    pub(super) continues: bool,
    pub(super) fingerprint: Digest,
}

impl RoomsSeen {
    pub(super) fn see(&mut self, fingerprint: Digest) {
        self.count += 1;
        self.fingerprint.sum(fingerprint);
    }
}

/// The index of a folder, held by one export at a time.
pub(super) struct Index {
    path: PathBuf,
    file: File,
    pub(super) header: Header,
    pub(super) files: Vec<IndexedFile>,
    /// The length of the index up to and with each file's line.
    ends: Vec<u64>,
    header_end: u64,
}

impl Index {
    /// Opens the index of a folder; where there is none, one that begins with `header`.
    pub(super) fn open(folder: &Path, header: Header) -> Result<Self, DumpError> {
        let path = folder.join(INDEX_NAME);
        let at = || DumpError::at(&path);
        let opened = files::private().read(true).append(true).create(true).open(&path);
        let mut file = opened.map_err(at())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DumpError::Busy(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(at()(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(at())?;
        let mut index = Self {
            path: path.clone(),
            file,
            header,
            files: Vec::new(),
            ends: Vec::new(),
            header_end: 0,
        };
        if !index.parse(&text)? {
            index.keep_nothing()?;
        }
        Ok(index)
    }

    /// Takes what an earlier run wrote; whether there was anything. A line that was cut off does not count.
    fn parse(&mut self, text: &str) -> Result<bool, DumpError> {
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let Some(first) = lines.next() else { return Ok(false) };
        let header: Header = serde_json::from_str(first).map_err(|error| DumpError::damaged(&self.path, error))?;
        if header.format > FORMAT {
            return Err(DumpError::Newer {
                path: self.path.clone(),
                found: header.format,
                known: FORMAT,
            });
        }
        self.header = header;
        self.header_end = first.len() as u64;
        let mut end = self.header_end;
        for line in lines {
            let Ok(file) = serde_json::from_str(line) else { break };
            end += line.len() as u64;
            self.files.push(file);
            self.ends.push(end);
        }
        Ok(true)
    }

    fn keep_nothing(&mut self) -> Result<(), DumpError> {
        self.file.set_len(0).map_err(DumpError::at(&self.path))?;
        let header = self.header.clone();
        self.header_end = self.write_line(&header)?;
        Ok(())
    }

    /// Forgets all but the first files.
    pub(super) fn keep(&mut self, count: usize) -> Result<(), DumpError> {
        self.files.truncate(count);
        self.ends.truncate(count);
        let end = self.ends.last().copied().unwrap_or(self.header_end);
        self.file
            .set_len(end)
            .and_then(|()| self.file.sync_all())
            .map_err(DumpError::at(&self.path))
    }

    /// Notes a complete file.
    pub(super) fn add(&mut self, file: IndexedFile) -> Result<(), DumpError> {
        let length = self.write_line(&file)?;
        let end = self.ends.last().copied().unwrap_or(self.header_end) + length;
        self.files.push(file);
        self.ends.push(end);
        Ok(())
    }

    fn write_line(&mut self, line: &impl Serialize) -> Result<u64, DumpError> {
        let mut text = serde_json::to_vec(line).expect("an index is plain data");
        text.push(b'\n');
        self.file
            .write_all(&text)
            .and_then(|()| self.file.sync_all())
            .map_err(DumpError::at(&self.path))?;
        Ok(text.len() as u64)
    }

    /// Removes it: the manifest says everything.
    pub(super) fn remove(self) -> Result<(), DumpError> {
        files::remove(&self.path)
    }
}
