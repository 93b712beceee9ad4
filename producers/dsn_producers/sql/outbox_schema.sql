-- The outbox of one source. One file a source, so that a full, slow or damaged one stops no other.

-- format: version of these tables. source, partitions: what the numbers were given for.
-- epoch: of the numbers given now. sent: position up to which the journal has everything.
-- resend: position to go back to, while asked for. unverified: position behind which numbers were
-- given before the centre said which it knows. topic_id: of the journal that was written to.
-- asked, asked_store: number of the last request served, and of which store.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

-- Schemas the stored bodies were written with: an upgrade finds bodies of the version before it.
CREATE TABLE schemas (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- position = epoch * 2^40 + seq: the order of numbers, in the one B-tree a row needs.
CREATE TABLE changes (
    position    INTEGER PRIMARY KEY,
    partition   INTEGER NOT NULL,
    previous    INTEGER NOT NULL,
    captured_at INTEGER NOT NULL,
    schema      INTEGER NOT NULL,
    key         BLOB NOT NULL,
    body        BLOB NOT NULL
);

-- Last number given, and last number sent, to each partition: the ends of the chains.
CREATE TABLE heads (
    epoch     INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    numbered  INTEGER NOT NULL,
    sent      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (epoch, partition)
) WITHOUT ROWID;

-- What each record item said when it was last numbered, and where among the numbers it was last said.
CREATE TABLE items (
    item     BLOB PRIMARY KEY,
    state    BLOB NOT NULL,
    position INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Messages already taken, by SHA-256 of their bytes, with the changes they made.
CREATE TABLE messages (
    digest  BLOB PRIMARY KEY,
    changes INTEGER NOT NULL,
    refused INTEGER NOT NULL
) WITHOUT ROWID;

-- Every change received was numbered or a duplicate: the database itself holds us to it.
CREATE TABLE counters (
    epoch     INTEGER PRIMARY KEY,
    messages  INTEGER NOT NULL DEFAULT 0,
    received  INTEGER NOT NULL DEFAULT 0,
    numbered  INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    rejected  INTEGER NOT NULL DEFAULT 0,
    taken_at  INTEGER NOT NULL DEFAULT 0,
    CHECK (received = numbered + duplicate)
);

-- Messages larger than the journal takes, byte for byte.
CREATE TABLE rejected (
    digest   BLOB PRIMARY KEY,
    reason   TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    payload  BLOB NOT NULL
);
