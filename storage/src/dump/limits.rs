//! Every limit of export and import in one place.

use super::PageLimit;

/// How an export or import is cut into pieces. Only tests choose other pieces than the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// What is read or loaded at a time.
    pub page: PageLimit,
    /// Bytes of a file before compression, from which the next file is begun.
    pub file_bytes: u64,
}

impl Default for Pieces {
    fn default() -> Self {
        Self {
            page: PAGE,
            file_bytes: FILE_BYTES,
        }
    }
}

/// What is read or loaded at a time: some milliseconds of work, and one commit of an import.
pub const PAGE: PageLimit = PageLimit {
    records: 8_192,
    bytes: 4 << 20,
};
/// Pages between the reading and the writing side; the slower one is waited for.
pub const PAGES_AHEAD: usize = 4;
/// Bytes of a file before compression, from which the next file is begun: what is done again after an interruption.
pub const FILE_BYTES: u64 = 64 << 20;
/// Bytes of one record in a file at most. No record comes near it: messages and values have limits of their own.
pub const RECORD_BYTES_MAX: usize = 64 << 20;
/// Bytes of a manifest at most: some 400,000 files.
pub const MANIFEST_BYTES_MAX: u64 = 128 << 20;
/// How strongly files are compressed, by zstd's scale: its own default, several times faster than a disk.
pub const COMPRESSION_LEVEL: i32 = 3;

const _: () = assert!(PAGE.bytes as u64 <= FILE_BYTES / 4, "a file holds several pages");
