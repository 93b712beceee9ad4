-- Quarantine as a list of things to do: what is over, what people did about the rest, and its state.

ALTER TABLE dsn_store.quarantine
    ADD COLUMN item text NOT NULL DEFAULT '',
    ADD COLUMN said_offset bigint NOT NULL DEFAULT -1;
COMMENT ON COLUMN dsn_store.quarantine.item IS
    'Of a message the edge rejected: SHA-256 of its bytes, hexadecimal; else empty.';
COMMENT ON COLUMN dsn_store.quarantine.said_offset IS
    'Offset in dsn.quarantine of the latest word on it; -1: no topic has it.';
UPDATE dsn_store.quarantine SET item = encode(sha256(payload), 'hex')
WHERE stage = 'edge' AND payload <> '';
CREATE INDEX quarantine_item ON dsn_store.quarantine (source, item) WHERE item <> '';

CREATE TABLE dsn_store.quarantine_ends (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    source text NOT NULL,
    item text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    captured_at timestamptz NOT NULL,
    PRIMARY KEY (topic, "partition", "offset")
);
CREATE INDEX quarantine_ends_item ON dsn_store.quarantine_ends (source, item) WHERE item <> '';
COMMENT ON TABLE dsn_store.quarantine_ends IS
    'What a retry made usable: one record of the journal by its place, a rejected message by its item.';
COMMENT ON COLUMN dsn_store.quarantine_ends.topic IS 'Where what ends it was read.';
COMMENT ON COLUMN dsn_store.quarantine_ends."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.quarantine_ends."offset" IS 'Offset.';
COMMENT ON COLUMN dsn_store.quarantine_ends.source IS 'Source.';
COMMENT ON COLUMN dsn_store.quarantine_ends.item IS 'Rejected message; empty: the record at this place.';
COMMENT ON COLUMN dsn_store.quarantine_ends.epoch IS 'Epoch of the number that ends it.';
COMMENT ON COLUMN dsn_store.quarantine_ends.seq IS
    'Number that ends it: what carries the item below it is over.';
COMMENT ON COLUMN dsn_store.quarantine_ends.captured_at IS 'Edge clock of that number.';

-- Kept apart from what a store makes of the journal: people did it, and a rebuild must not forget it.
CREATE TABLE dsn_store.quarantine_acts (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    act text NOT NULL CHECK (act IN ('retry', 'abandon', 'assign', 'reopen')),
    who text NOT NULL CHECK (who <> ''),
    why text NOT NULL,
    owner text NOT NULL DEFAULT '',
    said_offset bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CHECK (why <> '' OR act IN ('retry', 'assign'))
);
CREATE INDEX quarantine_acts_place
    ON dsn_store.quarantine_acts (topic, "partition", "offset", number);
CREATE TRIGGER quarantine_acts_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON dsn_store.quarantine_acts
    FOR EACH STATEMENT EXECUTE FUNCTION dsn_store.refuse_change();
ALTER TABLE dsn_store.quarantine_acts ENABLE ALWAYS TRIGGER quarantine_acts_append_only;
COMMENT ON TABLE dsn_store.quarantine_acts IS
    'What people did about quarantine, who and why; append-only.';
COMMENT ON COLUMN dsn_store.quarantine_acts.number IS 'Order.';
COMMENT ON COLUMN dsn_store.quarantine_acts.topic IS 'Topic of what it was done about.';
COMMENT ON COLUMN dsn_store.quarantine_acts."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.quarantine_acts."offset" IS 'Offset.';
COMMENT ON COLUMN dsn_store.quarantine_acts.act IS 'retry, abandon, assign or reopen.';
COMMENT ON COLUMN dsn_store.quarantine_acts.who IS 'Who.';
COMMENT ON COLUMN dsn_store.quarantine_acts.why IS 'Why; no patient data.';
COMMENT ON COLUMN dsn_store.quarantine_acts.owner IS 'Of an assignment: whose it is from now on.';
COMMENT ON COLUMN dsn_store.quarantine_acts.said_offset IS
    'Word of dsn.quarantine it answers: a later one says what came of a retry.';
COMMENT ON COLUMN dsn_store.quarantine_acts.at IS 'When.';

-- Numbered with the requests to send again: an outbox serves each number once.
ALTER TABLE dsn_store.resend_requests ADD COLUMN messages text[];
COMMENT ON COLUMN dsn_store.resend_requests.messages IS
    'Rejected messages to map again, by SHA-256, hexadecimal; null: changes are to be sent again.';

-- What is over leaves the table that says what is set aside, byte for byte, and is kept here.
CREATE TABLE dsn_store.quarantine_over (LIKE dsn_store.quarantine INCLUDING ALL);
COMMENT ON TABLE dsn_store.quarantine_over IS
    'What was in quarantine: used by itself since, or taken after all.';

CREATE OR REPLACE VIEW dsn.quarantine AS
SELECT
    q.source, q.epoch, q.seq, q.stage, q.reason, q.detail, q.topic, q."partition", q."offset",
    q.captured_at, q.payload,
    q.item,
    CASE
        WHEN q.over THEN 'resolved'
        -- Said anew by a later rejection of the same message, which is the one to look at.
        WHEN q.item <> '' AND EXISTS (
            SELECT FROM dsn_store.quarantine AS n
            WHERE n.source = q.source AND n.item = q.item AND (n.epoch, n.seq) > (q.epoch, q.seq)
        ) THEN 'resolved'
        WHEN a.act = 'abandon' THEN 'abandoned'
        WHEN a.act = 'retry' AND a.said_offset >= q.said_offset THEN 'in-retry'
        ELSE 'open'
    END AS state,
    coalesce(w.owner, '') AS owner,
    coalesce(t.retries, 0) AS retries,
    a.who AS acted_by,
    a.why AS acted_why,
    a.at AS acted_at
FROM (
    SELECT *, false AS over FROM dsn_store.quarantine
    UNION ALL
    SELECT *, true FROM dsn_store.quarantine_over
) AS q
LEFT JOIN LATERAL (
    SELECT act, who, why, at, said_offset
    FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act <> 'assign'
    ORDER BY number DESC LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT owner FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act = 'assign'
    ORDER BY number DESC LIMIT 1
) AS w ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS retries FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act = 'retry'
) AS t ON true;
COMMENT ON VIEW dsn.quarantine IS
    'What no stage could use, byte for byte, with its reason and what became of it.';
COMMENT ON COLUMN dsn.quarantine.item IS
    'Of a message the edge rejected: SHA-256 of its bytes, hexadecimal.';
COMMENT ON COLUMN dsn.quarantine.state IS
    'open; in-retry: asked for, the outcome is on its way; resolved: used after all, or said anew; abandoned: somebody gave a reason.';
COMMENT ON COLUMN dsn.quarantine.owner IS 'Whom it was assigned to; empty: nobody yet.';
COMMENT ON COLUMN dsn.quarantine.retries IS 'How often it was tried again from here.';
COMMENT ON COLUMN dsn.quarantine.acted_by IS 'Who retried, abandoned or reopened it last.';
COMMENT ON COLUMN dsn.quarantine.acted_why IS 'Why.';
COMMENT ON COLUMN dsn.quarantine.acted_at IS 'When.';

-- Like errored, a count of all that ever was; what is open, dsn.quarantine says.
CREATE OR REPLACE VIEW dsn.source_status AS
SELECT
    p.source,
    sum(greatest(p.received, p.changes + p.duplicate))::bigint AS received,
    sum(greatest(p.received - p.duplicate - p.changes, 0))::bigint AS queued,
    sum(p.changes)::bigint AS stored,
    sum(p.rejected)::bigint AS errored,
    coalesce(max(q.quarantined), 0) AS quarantined,
    sum(p.duplicate + p.copies)::bigint AS duplicate,
    max(p.captured_at) AS last_change_at,
    max(p.sent_at) AS last_heard_at,
    max(p.epoch) AS epoch,
    (array_agg(p.seq_complete ORDER BY p.epoch DESC))[1] AS seq_complete,
    (array_agg(p.seq_published ORDER BY p.epoch DESC))[1] AS seq_published,
    (array_agg(p.as_of ORDER BY p.epoch DESC))[1] AS as_of
FROM dsn_store.source_progress AS p
LEFT JOIN (
    SELECT source, count(*) AS quarantined
    FROM (
        SELECT source FROM dsn_store.quarantine
        UNION ALL
        SELECT source FROM dsn_store.quarantine_over
    ) AS every
    GROUP BY source
) AS q ON q.source = p.source
GROUP BY p.source;
