//! Every limit of search, in one place.

/// Bytes of a query.
pub const QUERY_BYTES_MAX: usize = 1_024;
/// Words of a query, those in phrases included.
pub const QUERY_WORDS_MAX: usize = 32;
/// Bytes of a term; what is longer is cut off, in texts and queries alike.
pub const TERM_BYTES_MAX: usize = 64;
/// Words of one text that are looked at; what comes after them is not found.
pub const TEXT_WORDS_MAX: usize = 20_000;
/// File names of one message that are looked at.
pub const FILE_NAMES_MAX: usize = 100;
/// Words of a person's names that are indexed.
pub const PERSON_WORDS_MAX: usize = 16;
/// People that are told by the beginning of one word; beyond that the other words of a search decide.
pub const PEOPLE_BY_WORD_MAX: usize = 2_000;
/// People whose names are looked at when every word of a search has more than [`PEOPLE_BY_WORD_MAX`]; others with such
/// names are not found.
pub const PEOPLE_LOOKED_AT_MAX: usize = 500;

/// Bytes of a block of postings: with its key it fills a page of SQLite.
pub const BLOCK_BYTES: usize = 3_840;
/// Bytes of a list from which it gets blocks of its own.
pub const LIST_BYTES_INLINE_MAX: usize = 1_920;
/// Bytes of blocks that are written in one step: a millisecond or two of the store's writer.
pub const WRITE_BYTES_MAX: usize = 128 << 10;
/// Blocks read in one step while segments are merged.
pub const MERGE_READ_BLOCKS: usize = 128;

/// Log entries after which an open end is closed into a segment.
pub const CLOSE_ENTRIES: u64 = 2_048;
/// Log entries in one segment that is closed in one step; longer ends become several.
pub const SEGMENT_ENTRIES_MAX: u64 = 8_192;
/// Entries after which the open end of a room that has been quiet for [`QUIET_MS`] is closed.
pub const CLOSE_QUIET_ENTRIES: u64 = 64;
/// How long a room without news counts as quiet, in milliseconds.
pub const QUIET_MS: i64 = 60_000;
/// How long a room without news keeps any open end at all, in milliseconds.
pub const SILENT_MS: i64 = 600_000;
/// Entries that the largest segment spans: it is merged no further.
pub const MERGED_ENTRIES_MAX: u64 = 1 << 20;
/// Segments of about one size that are merged into one.
pub const MERGE_SEGMENTS: usize = 8;
/// Entries up to which the newest segments are merged at every closing: a small room has one segment.
pub const SMALL_ENTRIES: u64 = 512;
/// How long a segment that is no longer listed is kept for searches that have begun, in milliseconds. Also the time that
/// writing one segment may take.
pub const RETIRED_KEPT_MS: i64 = 600_000;

/// Entries of open ends that are kept in memory, read and analysed, for the next search.
pub const TAILS_ENTRIES_MAX: usize = 65_536;
/// How long building one room's index anew may take, in milliseconds: before that nobody removes what it has written.
pub const REBUILD_MS_MAX: i64 = 24 * 3_600_000;
/// Entries of a longer open end are not kept in memory but scanned by every search.
pub const TAIL_ENTRIES_KEPT_MAX: u64 = 16_384;
/// Entries of the open end that are read in one step.
pub const TAIL_PAGE_ENTRIES: usize = 1_024;
/// Bytes of the open end that are read in one step.
pub const TAIL_PAGE_BYTES: usize = 4 << 20;
/// Rooms of one user that a search looks into, those with the newest activity.
pub const ROOMS_MAX: usize = 5_000;
/// Rooms that a search opens together at first; each further time four times as many.
pub const WAVE_ROOMS_FIRST: usize = 8;
/// Rooms that a search opens together at most.
pub const WAVE_ROOMS_MAX: usize = 256;
/// Rooms of a search whose lists are read at the same time.
pub const ROOMS_AT_ONCE: usize = 32;
/// Rooms whose next candidates are checked together at first; each further time twice as many.
pub const CHECK_ROOMS_FIRST: usize = 4;
/// Rooms whose next candidates are checked together at most.
pub const CHECK_ROOMS_MAX: usize = 32;
/// Candidates of a room whose rows are read together at first; each further time twice as many.
pub const CHECK_ROWS_FIRST: usize = 2;
/// Candidates of a room whose rows are read together at most.
pub const CHECK_ROWS_MAX: usize = 64;
/// Rows that one call checks at most; then it answers with what it has, and a place to go on from.
pub const CHECKED_ROWS_MAX: usize = 4_000;
/// Blocks that a file name's beginning may lead through, in one segment.
pub const PREFIX_BLOCKS_MAX: usize = 128;

/// Characters of text shown around the first match.
pub const SNIPPET_CHARACTERS: usize = 240;
/// Characters shown before the first match.
pub const SNIPPET_LEAD_CHARACTERS: usize = 60;

/// Rooms whose news wait for the indexer; news of more are found again by looking through all rooms.
pub const BACKLOG_ROOMS_MAX: usize = 65_536;
/// Rooms that the look through all rooms reads in one step.
pub const SWEEP_ROOMS: usize = 256;

// What must hold between them.
const _: () = assert!(LIST_BYTES_INLINE_MAX <= BLOCK_BYTES && BLOCK_BYTES <= WRITE_BYTES_MAX);
const _: () = assert!(CLOSE_QUIET_ENTRIES <= CLOSE_ENTRIES && CLOSE_ENTRIES <= SEGMENT_ENTRIES_MAX);
const _: () = assert!(SMALL_ENTRIES <= CLOSE_ENTRIES && SEGMENT_ENTRIES_MAX < MERGED_ENTRIES_MAX);
const _: () = assert!(QUIET_MS < SILENT_MS && CHECK_ROWS_MAX < CHECKED_ROWS_MAX);
