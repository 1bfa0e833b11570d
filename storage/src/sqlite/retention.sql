-- Plenum's tables in SQLite, version 3: logs that do not keep everything.

-- How long a room keeps its entries, in days; NULL: for ever.
ALTER TABLE rooms ADD COLUMN retention_days INTEGER;

-- The rooms that do not keep everything: what the hourly look at them reads.
CREATE INDEX rooms_by_retention ON rooms (room) WHERE retention_days IS NOT NULL;

-- Where a log begins: the first seq that can be read (one behind the end when nothing is left), and how many numbered entries lie before it.
ALTER TABLE heads ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1;
ALTER TABLE heads ADD COLUMN first_number INTEGER NOT NULL DEFAULT 0;

-- Logs that were purged before: their first bucket tells.
UPDATE heads SET first_seq =
    coalesce((SELECT min(b.first_seq) FROM buckets_by_seq b WHERE b.room = heads.room), seq + 1);
UPDATE heads SET first_number = coalesce(
    (SELECT e.number - (e.kind IN (1, 4)) FROM buckets_by_seq b JOIN entries e
     ON e.room = b.room AND e.bucket = b.bucket AND e.seq = b.first_seq
     WHERE b.room = heads.room AND b.first_seq = heads.first_seq), number)
WHERE first_seq > 1;
