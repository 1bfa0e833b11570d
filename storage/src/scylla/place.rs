//! The mark in a node's folder by which its next start recognises the lease of its last one. Whoever has it open is the only process
//! that uses the folder, so an earlier one with the same mark has ended.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use uuid::Uuid;

use super::OpenError;

/// The file's name.
const FILE_NAME: &str = "node.id";

/// A folder that is held.
pub(super) struct Place {
    pub(super) id: Uuid,
    _file: File,
}

impl Place {
    /// Takes a folder, making its mark where it has none.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(FILE_NAME);
        let told = |error: std::io::Error| OpenError::Folder(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(folder).map_err(told)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(told)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let words = "another node uses this folder: give each its own (data)";
                return Err(OpenError::Folder(format!("{}: {words}", folder.display())));
            }
            Err(TryLockError::Error(error)) => return Err(told(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(told)?;
        let id = match text.trim().parse() {
            Ok(id) => id,
            Err(_) => {
                let id = Uuid::new_v4();
                file.set_len(0).and_then(|()| file.rewind()).map_err(told)?;
                file.write_all(id.to_string().as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(told)?;
                id
            }
        };
        Ok(Self { id, _file: file })
    }
}
