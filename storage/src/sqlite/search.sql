-- Version 2: the index of messages and file names, and people by the words of their names. All of it is derived: the
-- logs and the users' rows say what is true.

-- How far a room's index is and which segments count, read by every search in the room, replaced as a whole (only over
-- the revision that was read). `state` is in the form of `storage::search::SearchState`.
CREATE TABLE search_rooms (
    room INTEGER NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    indexed_to INTEGER NOT NULL,
    state BLOB NOT NULL
) WITHOUT ROWID;

-- The postings: a segment's blocks of some kilobytes in the order of their first terms. Written once, removed with the
-- segment. Not WITHOUT ROWID: blocks in the inner pages of the key's tree would make it many levels deep.
CREATE TABLE search_blocks (
    room INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    key BLOB NOT NULL,
    data BLOB NOT NULL
);

-- The last block at or before a key.
CREATE UNIQUE INDEX search_blocks_by_key ON search_blocks (room, segment, key);

-- People by the beginning of a word of their names, folded.
CREATE TABLE people_words (
    word TEXT NOT NULL,
    user TEXT NOT NULL,
    PRIMARY KEY (word, user)
) WITHOUT ROWID;
