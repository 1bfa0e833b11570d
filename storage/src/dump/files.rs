//! Files that are there as a whole or not at all: written under another name, put on the disk, and only then renamed.
//! What is in them is for their owner alone: password hashes, keys, everybody's messages.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::DumpError;

/// Behind the name of a file while it is written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Makes a folder that only its owner looks into.
pub(super) fn make_folder(folder: &Path) -> Result<(), DumpError> {
    fs::create_dir_all(folder).map_err(DumpError::at(folder))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(DumpError::at(folder))?;
    }
    Ok(())
}

/// How files are opened that only their owner reads.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Begins a file that will have this path; also gives the path it has until then.
pub(super) fn create(path: &Path) -> Result<(File, PathBuf), DumpError> {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    let unfinished = PathBuf::from(name);
    // What an earlier attempt left behind.
    remove(&unfinished)?;
    let file = private().write(true).create_new(true).open(&unfinished);
    Ok((file.map_err(DumpError::at(&unfinished))?, unfinished))
}

/// Ends a file: it is on the disk and has its name.
pub(super) fn put_in_place(file: &File, unfinished: &Path, path: &Path) -> Result<(), DumpError> {
    file.sync_all().map_err(DumpError::at(unfinished))?;
    fs::rename(unfinished, path).map_err(DumpError::at(path))?;
    let folder = path.parent().unwrap_or(path);
    let entries = File::open(folder).and_then(|folder| folder.sync_all());
    entries.map_err(DumpError::at(folder))
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> Result<(), DumpError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DumpError::at(path)(error)),
        _ => Ok(()),
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a text takes digits");
    }
    text
}

/// The bytes behind hexadecimal digits.
pub(super) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
