-- Messages that were refused and wait for a fix. Added to outboxes that were made before.

-- position: the number that said so first, which is the place a retry takes among what was said since.
-- carried: the number whose change carries the bytes; when it is freed they move to rejected.
CREATE TABLE IF NOT EXISTS refused (
    digest     BLOB PRIMARY KEY,
    position   INTEGER NOT NULL,
    carried    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS refused_position ON refused (position);

CREATE INDEX IF NOT EXISTS refused_carried ON refused (carried);

-- Of these, the ones the centre asks to be mapped again.
CREATE TABLE IF NOT EXISTS retries (
    digest BLOB PRIMARY KEY
) WITHOUT ROWID
