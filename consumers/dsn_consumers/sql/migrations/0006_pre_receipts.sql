-- Receipts to the outboxes, holes in their numbers, requests to send again, and how full they are.

CREATE TABLE dsn_store.identity (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    store uuid NOT NULL DEFAULT gen_random_uuid(),
    issued bigint NOT NULL DEFAULT 0
);
INSERT INTO dsn_store.identity DEFAULT VALUES;
COMMENT ON TABLE dsn_store.identity IS 'Which store this is: a store made anew is another one.';
COMMENT ON COLUMN dsn_store.identity.one IS 'There is one row.';
COMMENT ON COLUMN dsn_store.identity.store IS 'Given when the tables were made.';
COMMENT ON COLUMN dsn_store.identity.issued IS 'Looks at the store that receipts were issued from.';

-- By topic and source: a source is what one establishment says, whatever others call theirs.
CREATE VIEW dsn_store.receipt_progress AS
WITH contained AS (
    SELECT topic, source, epoch, count(*) AS barriers, min(seq) AS seq
    FROM dsn_store.barriers
    WHERE source <> ''
    GROUP BY topic, source, epoch
),
read AS (
    SELECT topic, source, epoch, count(*) AS lanes, min(complete) AS complete, max(read) AS seen
    FROM dsn_store.source_lanes
    WHERE source <> ''
    GROUP BY topic, source, epoch
)
SELECT
    r.topic, r.source, r.epoch,
    CASE
        WHEN r.lanes >= t.partitions AND c.barriers >= t.partitions * v.partitions
            THEN least(r.complete, c.seq)
        ELSE 0
    END AS complete,
    r.seen
FROM read AS r
INNER JOIN dsn_store.topics AS t ON t.topic = r.topic
LEFT JOIN dsn_store.topics AS v ON v.topic = 'dsn.view'
LEFT JOIN contained AS c ON c.topic = r.topic AND c.source = r.source AND c.epoch = r.epoch;
COMMENT ON VIEW dsn_store.receipt_progress IS
    'Up to where everything of a source is in the audit log and behind the barriers, and the highest number seen.';

CREATE TABLE dsn_store.gaps (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    "after" bigint NOT NULL,
    upto bigint NOT NULL,
    since timestamptz NOT NULL,
    asked integer NOT NULL DEFAULT 0,
    asked_at timestamptz,
    reason text,
    explained_by text,
    explained_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (topic, "partition", source, epoch, "after", upto)
);
CREATE INDEX gaps_source ON dsn_store.gaps (source, epoch);
COMMENT ON TABLE dsn_store.gaps IS 'Holes in the numbers of a source, open and closed ones.';
COMMENT ON COLUMN dsn_store.gaps.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.gaps."partition" IS 'Partition that misses them.';
COMMENT ON COLUMN dsn_store.gaps.source IS 'Source.';
COMMENT ON COLUMN dsn_store.gaps.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.gaps."after" IS 'Last number before the hole.';
COMMENT ON COLUMN dsn_store.gaps.upto IS 'Last number that is missing.';
COMMENT ON COLUMN dsn_store.gaps.since IS 'When it was noticed.';
COMMENT ON COLUMN dsn_store.gaps.asked IS 'How often the outbox was asked to send again.';
COMMENT ON COLUMN dsn_store.gaps.asked_at IS 'When last.';
COMMENT ON COLUMN dsn_store.gaps.reason IS 'Why an operator says that it stays.';
COMMENT ON COLUMN dsn_store.gaps.explained_by IS 'Who says so.';
COMMENT ON COLUMN dsn_store.gaps.explained_at IS 'When.';
COMMENT ON COLUMN dsn_store.gaps.closed_at IS 'When it was seen to be filled.';

CREATE TABLE dsn_store.resend_requests (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    "after" bigint NOT NULL,
    upto bigint NOT NULL,
    "partition" integer NOT NULL,
    fill boolean NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX resend_requests_waiting ON dsn_store.resend_requests (number)
    WHERE published_at IS NULL;
COMMENT ON TABLE dsn_store.resend_requests IS 'What outboxes were asked to send again.';
COMMENT ON COLUMN dsn_store.resend_requests.number IS 'Grows; an outbox serves each once.';
COMMENT ON COLUMN dsn_store.resend_requests.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.resend_requests.source IS 'Source.';
COMMENT ON COLUMN dsn_store.resend_requests.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.resend_requests."after" IS 'Everything above this number.';
COMMENT ON COLUMN dsn_store.resend_requests.upto IS 'Last number wanted; 0: all there are.';
COMMENT ON COLUMN dsn_store.resend_requests."partition" IS 'Partition that misses them; -1: any.';
COMMENT ON COLUMN dsn_store.resend_requests.fill IS 'Whether a hole is to be filled with its reason.';
COMMENT ON COLUMN dsn_store.resend_requests.reason IS 'Why.';
COMMENT ON COLUMN dsn_store.resend_requests.asked_at IS 'When.';
COMMENT ON COLUMN dsn_store.resend_requests.published_at IS 'When the request was on its topic.';

-- Holes between the runs of a lane, live; see dsn_consumers.lanes.
CREATE VIEW dsn_store.holes AS
SELECT l.topic, l."partition", l.source, l.epoch, r.last AS "after", r.upto
FROM dsn_store.source_lanes AS l
CROSS JOIN LATERAL (
    SELECT u.last, lead(u.first) OVER (ORDER BY u.first) AS upto
    FROM unnest(l.runs_before, l.runs_last) AS u (first, last)
) AS r
WHERE cardinality(l.runs_before) > 1 AND r.upto > r.last;
COMMENT ON VIEW dsn_store.holes IS 'Numbers that never arrived though later ones did, now.';

CREATE VIEW dsn.gaps AS
SELECT
    source,
    epoch,
    "after",
    upto,
    coalesce(g.since, now()) AS since,
    CASE
        WHEN h.upto IS NULL AND g.explained_at IS NOT NULL THEN 'explained'
        WHEN h.upto IS NULL THEN 'closed'
        WHEN g.explained_at IS NOT NULL THEN 'explained'
        WHEN g.asked > 0 THEN 'asked'
        ELSE 'open'
    END AS state,
    topic,
    "partition",
    coalesce(g.asked, 0) AS asked,
    g.reason,
    g.explained_by,
    g.closed_at
FROM dsn_store.holes AS h
FULL JOIN dsn_store.gaps AS g USING (topic, "partition", source, epoch, "after", upto);
COMMENT ON VIEW dsn.gaps IS
    'Holes in the numbers of each source. An open or asked one holds back what is complete, and is an alarm.';
COMMENT ON COLUMN dsn.gaps.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.gaps.epoch IS 'Epoch of its numbers.';
COMMENT ON COLUMN dsn.gaps."after" IS 'Last number before the hole that went to this partition.';
COMMENT ON COLUMN dsn.gaps.upto IS
    'Last number that is missing. Of those between, the ones that went to other partitions are there.';
COMMENT ON COLUMN dsn.gaps.since IS 'When it was noticed.';
COMMENT ON COLUMN dsn.gaps.state IS
    'open: just noticed; asked: the outbox was asked to send again; explained: an operator gave the reason; closed: filled.';
COMMENT ON COLUMN dsn.gaps.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn.gaps."partition" IS 'Partition that misses them.';
COMMENT ON COLUMN dsn.gaps.asked IS 'How often the outbox was asked.';
COMMENT ON COLUMN dsn.gaps.reason IS 'Why an operator says that it stays.';
COMMENT ON COLUMN dsn.gaps.explained_by IS 'Who says so.';
COMMENT ON COLUMN dsn.gaps.closed_at IS 'When it was seen to be filled.';

ALTER TABLE dsn_store.source_marks
    ADD COLUMN unconfirmed bigint NOT NULL DEFAULT 0,
    ADD COLUMN unconfirmed_since timestamptz,
    ADD COLUMN outbox_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN outbox_bytes_max bigint NOT NULL DEFAULT 0,
    ADD COLUMN disk_free_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN disk_free_bytes_min bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN dsn_store.source_marks.unconfirmed IS 'Changes that no receipt covers.';
COMMENT ON COLUMN dsn_store.source_marks.unconfirmed_since IS 'Edge clock of the oldest of them.';
COMMENT ON COLUMN dsn_store.source_marks.outbox_bytes IS 'Bytes of the outbox in use.';
COMMENT ON COLUMN dsn_store.source_marks.outbox_bytes_max IS 'Bytes at which it refuses; 0: not told.';
COMMENT ON COLUMN dsn_store.source_marks.disk_free_bytes IS 'Bytes free on its disk.';
COMMENT ON COLUMN dsn_store.source_marks.disk_free_bytes_min IS
    'Bytes free at which it refuses; 0: not told.';

CREATE VIEW dsn.outboxes AS
SELECT DISTINCT ON (source)
    source,
    epoch,
    unconfirmed,
    unconfirmed_since,
    outbox_bytes,
    outbox_bytes_max,
    disk_free_bytes,
    disk_free_bytes_min,
    sent_at AS told_at
FROM dsn_store.source_marks
ORDER BY source, epoch DESC;
COMMENT ON VIEW dsn.outboxes IS 'How full and how far behind each outbox last said it is.';
COMMENT ON COLUMN dsn.outboxes.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.outboxes.epoch IS 'Its current epoch.';
COMMENT ON COLUMN dsn.outboxes.unconfirmed IS 'Changes that no receipt covers, of every epoch.';
COMMENT ON COLUMN dsn.outboxes.unconfirmed_since IS
    'Edge clock of the oldest of them: its age is the alarm. Null: there is none.';
COMMENT ON COLUMN dsn.outboxes.outbox_bytes IS 'Bytes in use.';
COMMENT ON COLUMN dsn.outboxes.outbox_bytes_max IS 'Bytes at which it refuses messages; 0: not told.';
COMMENT ON COLUMN dsn.outboxes.disk_free_bytes IS 'Bytes free on its disk.';
COMMENT ON COLUMN dsn.outboxes.disk_free_bytes_min IS
    'Bytes free at which it refuses messages; 0: not told.';
COMMENT ON COLUMN dsn.outboxes.told_at IS 'Edge clock of the mark that said so.';

-- Whether a number that comes again has the same bytes is asked by number.
ALTER TABLE dsn_store.audit ADD COLUMN schema_id integer;
CREATE INDEX audit_number ON dsn_store.audit (source, epoch, seq);
COMMENT ON COLUMN dsn_store.audit.schema_id IS
    'Schema the record was written with; null in rows from before it was kept.';

GRANT SELECT ON dsn.gaps, dsn.outboxes TO dsn_reader;
