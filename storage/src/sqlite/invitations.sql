-- Version 3: invitations.

-- A room's invitation: one at most.
CREATE TABLE invitations (
    room INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- The room of a code; a code is of one room only.
CREATE UNIQUE INDEX invitations_by_code ON invitations (code);
