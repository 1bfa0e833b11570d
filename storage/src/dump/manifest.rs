//! `manifest.json`: what an export consists of. It is written last, and an export is complete when it is there.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{DumpError, Totals, files, index, limits::MANIFEST_BYTES_MAX};

/// The version of the folder's format that this build writes. It reads this one and all before.
pub const FORMAT: u32 = 2;
/// The manifest's file name.
pub const MANIFEST_NAME: &str = "manifest.json";
/// What a manifest says it is.
const WHAT: &str = "Plenum export";

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name in the folder.
    pub name: String,
    /// Records in it.
    pub records: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// What an export consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `Plenum export`.
    pub what: String,
    /// The version of the format.
    pub format: u32,
    /// The export's id; an interrupted import goes on only with the same one.
    pub export: Uuid,
    /// The version of Plenum that wrote it.
    pub plenum: String,
    /// When it was begun, Unix milliseconds.
    pub created_ms: i64,
    /// The kind of store that it is from.
    pub backend: String,
    /// Commands up to here are left out, Unix milliseconds.
    pub commands_since_ms: i64,
    /// The files in the order in which they are read.
    pub files: Vec<FileRecord>,
    /// How much there is of each kind of record, and its hash.
    pub totals: Totals,
    /// SHA-256 of the manifest's text up to the name of this field.
    pub checksum: String,
}

/// What every version of a manifest has.
#[derive(Deserialize)]
struct Kind {
    what: String,
    format: u32,
}

impl Manifest {
    /// A manifest of this build, with its checksum.
    pub(super) fn new(header: &index::Header, files: Vec<FileRecord>, totals: Totals) -> Self {
        let mut manifest = Self {
            what: WHAT.to_owned(),
            format: FORMAT,
            export: header.export,
            plenum: header.plenum.clone(),
            created_ms: header.created_ms,
            backend: header.backend.clone(),
            commands_since_ms: header.commands_since_ms,
            files,
            totals,
            checksum: String::new(),
        };
        manifest.checksum = checksum(&manifest.text());
        manifest
    }

    /// Reads and checks the manifest of a folder.
    ///
    /// # Errors
    /// [`DumpError::Foreign`], [`DumpError::Unfinished`], [`DumpError::Newer`], [`DumpError::Damaged`].
    pub fn read(folder: &Path) -> Result<Self, DumpError> {
        let path = folder.join(MANIFEST_NAME);
        let size = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(without_manifest(folder)),
            Err(error) => return Err(DumpError::at(&path)(error)),
        };
        if size > MANIFEST_BYTES_MAX {
            return Err(DumpError::damaged(&path, format_args!("{size} bytes are too many")));
        }
        let text = fs::read(&path).map_err(DumpError::at(&path))?;
        let text = String::from_utf8(text).map_err(|_| DumpError::damaged(&path, "it is not text"))?;
        check_kind(&path, &text)?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| DumpError::damaged(&path, error))?;
        if checksum(&text) != manifest.checksum {
            return Err(DumpError::damaged(&path, "its checksum differs"));
        }
        Ok(manifest)
    }

    /// Puts it into the folder, at once and for good.
    pub(super) fn write(&self, folder: &Path) -> Result<(), DumpError> {
        let path = folder.join(MANIFEST_NAME);
        let (mut file, unfinished) = files::create(&path)?;
        let written = file.write_all(self.text().as_bytes());
        written.map_err(DumpError::at(&unfinished))?;
        files::put_in_place(&file, &unfinished, &path)
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest is plain data")
    }
}

/// Of the text as it is, not of what it says: the same in other letters is a change too.
fn checksum(text: &str) -> String {
    let end = text.rfind("\"checksum\"").unwrap_or(text.len());
    files::hexadecimal(&Sha256::digest(&text[..end]))
}

/// Says first what a manifest is: one of another version may have other fields.
fn check_kind(path: &Path, text: &str) -> Result<(), DumpError> {
    let folder = path.parent().unwrap_or(path);
    let foreign = |reason: &str| DumpError::Foreign {
        folder: folder.to_owned(),
        reason: reason.to_owned(),
    };
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return Err(DumpError::damaged(path, "it is not JSON"));
    }
    let kind: Kind = serde_json::from_str(text).map_err(|_| foreign("its manifest is of something else"))?;
    if kind.what != WHAT {
        return Err(foreign("its manifest is of something else"));
    }
    if kind.format > FORMAT {
        return Err(DumpError::Newer {
            path: path.to_owned(),
            found: kind.format,
            known: FORMAT,
        });
    }
    Ok(())
}

fn without_manifest(folder: &Path) -> DumpError {
    let folder = folder.to_owned();
    match File::open(folder.join(index::INDEX_NAME)) {
        Ok(_) => DumpError::Unfinished(folder),
        Err(_) => DumpError::Foreign {
            reason: format!("there is no {MANIFEST_NAME}"),
            folder,
        },
    }
}
