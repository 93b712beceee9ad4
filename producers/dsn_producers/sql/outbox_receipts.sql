-- What the centre and the journal said of this outbox. Added to outboxes that were made before.

-- The last receipt of each epoch. freed: highest number whose row was removed.
CREATE TABLE IF NOT EXISTS receipts (
    epoch  INTEGER PRIMARY KEY,
    seq    INTEGER NOT NULL,
    seen   INTEGER NOT NULL,
    store  TEXT NOT NULL,
    issued INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    freed  INTEGER NOT NULL DEFAULT 0
);

-- Highest offset the journal confirmed in each partition: a lower one later means that it went back.
CREATE TABLE IF NOT EXISTS journal (
    partition INTEGER PRIMARY KEY,
    last      INTEGER NOT NULL
);

-- Holes an operator explained, to be filled with a rejected message that says so.
CREATE TABLE IF NOT EXISTS fills (
    epoch     INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    upto      INTEGER NOT NULL,
    after     INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (epoch, partition, upto)
) WITHOUT ROWID;

-- Where epochs ended that an outbox was lost in: the highest number the centre knows of each, and the
-- one that every partition was told.
CREATE TABLE IF NOT EXISTS ends (
    epoch INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL,
    told  INTEGER NOT NULL DEFAULT 0
);

-- What is needed of removed changes to check a closing statement: dsn_schemas.statement.
-- numbers: runs, JSON. day: in Quebec, ISO.
CREATE TABLE IF NOT EXISTS folded (
    epoch   INTEGER NOT NULL,
    day     TEXT NOT NULL,
    numbers TEXT NOT NULL,
    chain   BLOB NOT NULL,
    PRIMARY KEY (epoch, day)
) WITHOUT ROWID;

-- What was made of the messages of each day.
CREATE TABLE IF NOT EXISTS days (
    day       TEXT PRIMARY KEY,
    received  INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    rejected  INTEGER NOT NULL
) WITHOUT ROWID;

-- Of each removed change what is compared with the centre, number by number: dsn_schemas.digest_tree.
-- schema: id its journal record begins with, 0 when it is not known.
CREATE TABLE IF NOT EXISTS removed (
    position INTEGER PRIMARY KEY,
    schema   INTEGER NOT NULL,
    payload  BLOB NOT NULL
);
