//! The data files of an export: `SECTION-NUMBER.zst`, each a row of frames compressed by zstd.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _, Write},
    path::{Path, PathBuf},
};

use protocol::Epoch;
use sha2::{Digest as _, Sha256};
use zstd::stream::{read::Decoder, write::Encoder};

use super::{
    Cursor, Digest, DumpError, DumpRecord, Page, Section, files,
    frame::{Framer, Frames},
    index::{Index, IndexedFile, RoomsSeen},
    limits::COMPRESSION_LEVEL,
    manifest::FileRecord,
    wire,
};
use crate::RoomState;

/// Hashes and counts what goes through.
struct Hashing<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// What tells one state of a room from another: its record and its log's identity.
pub(super) fn fingerprint(state: &RoomState) -> Digest {
    let mut bytes = Vec::new();
    wire::encode(&DumpRecord::Room(state.clone()), &mut bytes);
    let epoch: Epoch = state.head.epoch;
    bytes.extend(epoch.key().to_be_bytes());
    bytes.extend(state.start.seq.to_be_bytes());
    let mut digest = Digest::default();
    digest.add(&bytes);
    digest
}

/// A file that is being written.
struct OpenFile {
    name: String,
    path: PathBuf,
    unfinished: PathBuf,
    section: Section,
    encoder: Encoder<'static, Hashing<File>>,
    framer: Framer,
    bytes: u64,
    rooms: RoomsSeen,
}

impl OpenFile {
    fn create(folder: &Path, section: Section, number: u64) -> Result<Self, DumpError> {
        let name = format!("{}-{number:06}.zst", section.name());
        let path = folder.join(&name);
        let (file, unfinished) = files::create(&path)?;
        let hashing = Hashing {
            to: file,
            hash: Sha256::new(),
            bytes: 0,
        };
        let encoder = Encoder::new(hashing, COMPRESSION_LEVEL).map_err(DumpError::at(&unfinished))?;
        Ok(Self {
            name,
            path,
            unfinished,
            section,
            encoder,
            framer: Framer::default(),
            bytes: 0,
            rooms: RoomsSeen::default(),
        })
    }

    fn write(&mut self, record: &DumpRecord) -> Result<(), DumpError> {
        let written = self.framer.frame(record).and_then(|frame| {
            self.encoder.write_all(frame)?;
            Ok(frame.len() as u64)
        });
        self.bytes += written.map_err(DumpError::at(&self.unfinished))?;
        Ok(())
    }

    /// Ends the file: complete, on the disk, under its name.
    fn finish(self, next: Option<&Cursor>) -> Result<IndexedFile, DumpError> {
        let ended = self.encoder.finish().map_err(DumpError::at(&self.unfinished))?;
        files::put_in_place(&ended.to, &self.unfinished, &self.path)?;
        let file = FileRecord {
            name: self.name,
            records: self.framer.totals.records(),
            bytes: self.bytes,
            file_bytes: ended.bytes,
            sha256: files::hexadecimal(&ended.hash.finalize()),
        };
        Ok(IndexedFile::new(
            file,
            self.section,
            self.framer.totals,
            &self.rooms,
            next,
        ))
    }
}

/// Writes pages into files and the files into the index.
pub(super) struct FolderWriter {
    folder: PathBuf,
    pub(super) index: Index,
    file_bytes: u64,
    open: Option<OpenFile>,
    /// The room whose records are coming, by its fingerprint.
    room: Option<Digest>,
}

impl FolderWriter {
    pub(super) fn new(folder: &Path, index: Index, file_bytes: u64, room: Option<Digest>) -> Self {
        Self {
            folder: folder.to_owned(),
            index,
            file_bytes,
            open: None,
            room,
        }
    }

    /// Takes a page; a file that is large enough ends with it, and so does the section's last one.
    pub(super) fn take(&mut self, section: Section, page: &Page) -> Result<(), DumpError> {
        for record in &page.records {
            self.write(section, record)?;
        }
        let is_large = self.open.as_ref().is_some_and(|file| file.bytes >= self.file_bytes);
        if (is_large || page.next.is_none())
            && let Some(file) = self.open.take()
        {
            self.index.add(file.finish(page.next.as_ref())?)?;
        }
        Ok(())
    }

    fn write(&mut self, section: Section, record: &DumpRecord) -> Result<(), DumpError> {
        if let DumpRecord::Room(state) = record {
            self.room = Some(fingerprint(state));
        }
        let file = match &mut self.open {
            Some(file) => file,
            None => {
                let before = &self.index.files;
                let prefix = format!("{}-", section.name());
                let number = before
                    .iter()
                    .filter(|before| before.file.name.starts_with(&prefix))
                    .count() as u64
                    + 1;
                let mut file = OpenFile::create(&self.folder, section, number)?;
                if section == Section::Rooms && !matches!(record, DumpRecord::Room(_)) {
                    file.rooms.continues = true;
                    file.rooms.see(self.room.unwrap_or_default());
                }
                self.open.insert(file)
            }
        };
        if matches!(record, DumpRecord::Room(_)) {
            file.rooms.see(self.room.unwrap_or_default());
        }
        file.write(record)
    }
}

/// Checks that a file is what was written; tells the bytes as it goes.
pub(super) fn check(folder: &Path, file: &FileRecord, told: impl Fn(u64)) -> Result<(), DumpError> {
    let path = path_of(folder, file)?;
    let size = match fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DumpError::Missing(path)),
        Err(error) => return Err(DumpError::at(&path)(error)),
    };
    if size != file.file_bytes {
        let reason = format_args!("it has {size} bytes in place of {}", file.file_bytes);
        return Err(DumpError::damaged(&path, reason));
    }
    let mut from = File::open(&path).map_err(DumpError::at(&path))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let count = from.read(&mut buffer).map_err(DumpError::at(&path))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        told(count as u64);
    }
    if files::hexadecimal(&hash.finalize()) != file.sha256 {
        return Err(DumpError::damaged(&path, "its hash differs"));
    }
    Ok(())
}

/// A manifest names files of its own folder, nothing else.
fn path_of(folder: &Path, file: &FileRecord) -> Result<PathBuf, DumpError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if file.name.is_empty() || !file.name.bytes().all(is_plain) || file.name.starts_with('.') {
        let reason = format!("its manifest names the file {:?}", file.name);
        return Err(DumpError::damaged(folder, reason));
    }
    Ok(folder.join(&file.name))
}

/// Reads a file's records.
pub(super) struct FileReader {
    path: PathBuf,
    expected: FileRecord,
    frames: Frames<Decoder<'static, BufReader<File>>>,
}

impl FileReader {
    pub(super) fn open(folder: &Path, file: &FileRecord) -> Result<Self, DumpError> {
        let path = path_of(folder, file)?;
        let opened = File::open(&path).and_then(Decoder::new).map_err(DumpError::at(&path))?;
        Ok(Self {
            path,
            expected: file.clone(),
            frames: Frames::new(opened),
        })
    }

    /// The next record; None behind the last, when there were as many as there should be.
    pub(super) fn next(&mut self) -> Result<Option<DumpRecord>, DumpError> {
        let record = self
            .frames
            .next()
            .map_err(|error| DumpError::damaged(&self.path, error))?;
        let found = (self.frames.records, self.frames.bytes);
        if record.is_none() && found != (self.expected.records, self.expected.bytes) {
            return Err(DumpError::damaged(
                &self.path,
                "it holds other records than its manifest says",
            ));
        }
        Ok(record)
    }
}
