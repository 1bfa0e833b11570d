-- Plenum's tables in SQLite, version 1. The keys are in the order of the partition and clustering keys of the CQL tables.
-- Times are Unix milliseconds; user ids are text; UUIDs and SHA-256 are blobs of 16 and 32 bytes; kinds and roles are the
-- stored numbers of the Rust enums. Foreign keys are off: rows that belong together are written in one transaction.

-- Small values of the installation (signing keys, the salt of all epochs), read by key.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- A room by id. Rarely changed: what moves with every append stands in `heads`.
CREATE TABLE rooms (
    room INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    initiator TEXT,
    created_ms INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    members_count INTEGER NOT NULL
) WITHOUT ROWID;

-- Rooms of one kind in the order of their ids (administration, lists of support chats).
CREATE INDEX rooms_by_kind ON rooms (kind, room);

-- The end of a room's log, read when the room wakes and for every line of a list of chats; written once per append.
-- Derived from the newest row of `entries`. `epoch` is mixed with the salt in `meta` on its way in and out.
CREATE TABLE heads (
    room INTEGER NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    message_seq INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    bucket_first_seq INTEGER NOT NULL,
    bucket_first_ms INTEGER NOT NULL,
    bucket_rows INTEGER NOT NULL,
    bucket_bytes INTEGER NOT NULL
) WITHOUT ROWID;

-- The logs: a range of one bucket, either way. `bucket_rows` and `bucket_bytes` run up within the bucket.
CREATE TABLE entries (
    room INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    sender TEXT,
    actor TEXT,
    client BLOB,
    time_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    command_id BLOB NOT NULL,
    reply_to INTEGER NOT NULL,
    target INTEGER NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    bucket_rows INTEGER NOT NULL,
    bucket_bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (room, bucket, seq DESC)
) WITHOUT ROWID;

-- A range of messages alone: a page of history costs the same however many edits and notices lie between.
CREATE INDEX messages ON entries (room, bucket, seq DESC) WHERE kind = 1;

-- Which bucket holds a seq: the last one that begins at or before it.
CREATE TABLE buckets_by_seq (
    room INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    PRIMARY KEY (room, first_seq)
) WITHOUT ROWID;

-- Which bucket holds a date: the last one that begins before it. Two buckets may begin in the same millisecond.
CREATE TABLE buckets_by_time (
    room INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    PRIMARY KEY (room, first_ms, bucket)
) WITHOUT ROWID;

-- Which entry a client's command became. Counts for seven days, and only if the row at `seq` carries the id.
CREATE TABLE client_msg_ids (
    room INTEGER NOT NULL,
    sender TEXT NOT NULL,
    command_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (room, sender, command_id)
) WITHOUT ROWID;

-- Logs that have been purged and whose buckets up to `last_bucket` are still to be removed, a slice of rows at a time.
CREATE TABLE purges (
    room INTEGER NOT NULL,
    last_bucket INTEGER NOT NULL,
    PRIMARY KEY (room, last_bucket)
) WITHOUT ROWID;

-- One member; a room's members in the order of their ids.
CREATE TABLE members (
    room INTEGER NOT NULL,
    user TEXT NOT NULL,
    role INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    joined_number INTEGER NOT NULL,
    joined_ms INTEGER NOT NULL,
    muted_until_ms INTEGER NOT NULL,
    PRIMARY KEY (room, user)
) WITHOUT ROWID;

-- The rooms of one user, for the list of chats.
CREATE INDEX members_by_user ON members (user, room);

-- How far one person has read one room.
CREATE TABLE marks (
    room INTEGER NOT NULL,
    user TEXT NOT NULL,
    read_seq INTEGER NOT NULL,
    read_number INTEGER NOT NULL,
    received_seq INTEGER NOT NULL,
    PRIMARY KEY (room, user)
) WITHOUT ROWID;

-- The two furthest marks of a room: what a message's status is told from.
CREATE INDEX marks_by_read ON marks (room, read_seq);
CREATE INDEX marks_by_received ON marks (room, received_seq);

-- The chat of two people; `low` is the lesser id.
CREATE TABLE direct_rooms (
    low TEXT NOT NULL,
    high TEXT NOT NULL,
    room INTEGER NOT NULL,
    PRIMARY KEY (low, high)
) WITHOUT ROWID;

-- The open channel of a name.
CREATE TABLE channels (
    name TEXT NOT NULL PRIMARY KEY,
    room INTEGER NOT NULL
) WITHOUT ROWID;

-- A user by id.
CREATE TABLE users (
    user TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    password_hash TEXT,
    origin INTEGER NOT NULL,
    role INTEGER NOT NULL,
    info BLOB NOT NULL,
    status TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- A user by name, and names by prefix; `name` is in small letters.
CREATE TABLE users_by_name (
    name TEXT NOT NULL PRIMARY KEY,
    user TEXT NOT NULL
) WITHOUT ROWID;

-- A login by id.
CREATE TABLE auth_sessions (
    session BLOB NOT NULL PRIMARY KEY,
    user TEXT NOT NULL,
    refresh_hash BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    refreshed_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    agent TEXT NOT NULL
) WITHOUT ROWID;

-- A user's logins, newest first.
CREATE INDEX auth_sessions_by_user ON auth_sessions (user, created_ms);

-- Which login a refresh token belongs to, the one in force (`replaced` 0) and those it replaced (numbered from 1).
CREATE TABLE refresh_hashes (
    refresh_hash BLOB NOT NULL PRIMARY KEY,
    session BLOB NOT NULL,
    replaced INTEGER NOT NULL
) WITHOUT ROWID;

-- The tokens of one login, when it ends and when its oldest are dropped.
CREATE INDEX refresh_hashes_by_session ON refresh_hashes (session, replaced);

-- The end of each user's light log; `epoch` as in `heads`.
CREATE TABLE user_logs (
    user TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL
) WITHOUT ROWID;

-- A range of a user's light log.
CREATE TABLE user_entries (
    user TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (user, seq)
) WITHOUT ROWID;
