-- The books kept while the log grows: a look at them reads what came since the last count.
-- dsn.ledger counts everything from nothing and is what these are checked against.

-- One row per numbered change of the journal, with the fate its own evidence gives it. What is
-- superseded, the journal and the quarantine alone say; the charts are asked of the newest only.
CREATE OR REPLACE VIEW dsn_store.fates AS
WITH waiting AS (
    SELECT record_id FROM dsn_store.unsettled
    UNION
    SELECT s.record_id
    FROM dsn_store.record_sources AS s
    WHERE NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = s.record_id)
),
-- Everything known of each number, to be brought together in one pass: joins took twice as long.
evidence AS (
    SELECT
        a.source, a.epoch, a.seq, a.section, a.record_id, a.item_digest,
        -- The order of dsn_schemas.standing in one number: standing, then epoch, then seq.
        (a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq AS rank,
        1 AS rows, false AS shown, false AS quarantined, false AS held
    FROM dsn_store.audit AS a
    WHERE a.seq > 0
    UNION ALL
    -- As dsn_store.linked_entries, but most entries have one record, and a join is faster then.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.entries AS e
    INNER JOIN dsn_store.links AS l ON l.record_id = e.records[1] AND l.person_id = e.person_id
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND (
            cardinality(e.records) = 1
            OR NOT EXISTS (
                SELECT FROM unnest(e.records) AS r (record_id)
                LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
                WHERE o.person_id IS DISTINCT FROM e.person_id
            )
        )
    UNION ALL
    SELECT q.source, q.epoch, q.seq, NULL, NULL, NULL, NULL, 0, false, true, false
    FROM dsn_store.quarantine AS q
    UNION ALL
    -- The word that a rejection is over is shown by what it did.
    SELECT e.source, e.epoch, e.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.quarantine_ends AS e
    WHERE e.item <> ''
    UNION ALL
    -- Entries that stay hidden because one of their records is on its way.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, false, false, true
    FROM dsn_store.entries AS e
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND e.records && (SELECT coalesce(array_agg(w.record_id), '{}') FROM waiting AS w)
),
journal AS (
    SELECT
        source, epoch, seq,
        any_value(section) AS section,
        any_value(record_id) AS record_id,
        any_value(item_digest) AS item_digest,
        max(rank) AS rank,
        sum(rows) - 1 AS copies,
        bool_or(shown) AS shown,
        bool_or(quarantined) AS quarantined,
        bool_or(held) AS held
    FROM evidence
    GROUP BY source, epoch, seq
    HAVING sum(rows) > 0
),
newest AS (
    SELECT item_digest, max(rank) AS rank
    FROM journal
    WHERE NOT quarantined AND section <> 'claims'
    GROUP BY item_digest
)
SELECT
    j.source, j.epoch, j.seq, j.section, j.record_id, j.copies,
    CASE
        WHEN j.quarantined THEN 'quarantined'
        WHEN j.section = 'claims' AND j.seq <= p.seq_complete THEN 'shown'
        WHEN j.section = 'claims' THEN 'in_flight'
        WHEN j.rank < n.rank THEN 'superseded'
        WHEN j.shown THEN 'shown'
        WHEN j.seq > p.seq_complete THEN 'in_flight'
        WHEN j.held OR w.record_id IS NOT NULL THEN 'in_flight'
        ELSE 'unexplained'
    END AS fate
FROM journal AS j
LEFT JOIN newest AS n ON n.item_digest = j.item_digest
LEFT JOIN waiting AS w ON w.record_id = j.record_id
LEFT JOIN dsn_store.source_progress AS p ON p.source = j.source AND p.epoch = j.epoch;

CREATE INDEX audit_unnumbered ON dsn_store.audit (topic, "partition", "offset") WHERE seq <= 0;
-- What changed since a count: a few blocks of a large table, found at next to no cost for writers.
CREATE INDEX entries_place ON dsn_store.entries USING brin (view_partition, view_offset)
    WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX links_place ON dsn_store.links USING brin (link_partition, link_offset)
    WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE dsn_store.ledger_places (
    log text NOT NULL,
    "partition" integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (log, "partition")
);
COMMENT ON TABLE dsn_store.ledger_places IS 'Up to where each log has been counted.';
COMMENT ON COLUMN dsn_store.ledger_places.log IS 'Changes topic of the audit log; view or links.';
COMMENT ON COLUMN dsn_store.ledger_places."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.ledger_places.next_offset IS 'First offset that is not counted.';

CREATE TABLE dsn_store.ledger_heads (
    item_digest bytea NOT NULL,
    rank bigint NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    claim boolean NOT NULL,
    fate text NOT NULL,
    person_id text COLLATE "C",
    entry_digest uuid,
    PRIMARY KEY (item_digest, rank)
);
CREATE INDEX ledger_heads_shown ON dsn_store.ledger_heads (person_id, entry_digest)
    WHERE fate = 'shown';
CREATE INDEX ledger_heads_open ON dsn_store.ledger_heads (item_digest)
    WHERE fate IN ('in_flight', 'unexplained');
COMMENT ON TABLE dsn_store.ledger_heads IS
    'Of each record item the change that is shown, and those above it that may become so.';
COMMENT ON COLUMN dsn_store.ledger_heads.item_digest IS
    'Record item, as in the audit log; a claim is an item of its own.';
COMMENT ON COLUMN dsn_store.ledger_heads.rank IS 'Its place in the order of dsn_schemas.standing.';
COMMENT ON COLUMN dsn_store.ledger_heads.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_heads.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_heads.seq IS 'Number.';
COMMENT ON COLUMN dsn_store.ledger_heads.record_id IS 'Record.';
COMMENT ON COLUMN dsn_store.ledger_heads.day IS 'Day it is counted under.';
COMMENT ON COLUMN dsn_store.ledger_heads.claim IS 'Is it a claim about identities?';
COMMENT ON COLUMN dsn_store.ledger_heads.fate IS 'Fate at the last count.';
COMMENT ON COLUMN dsn_store.ledger_heads.person_id IS 'Person whose chart showed it.';
COMMENT ON COLUMN dsn_store.ledger_heads.entry_digest IS 'Entry that showed it.';

CREATE TABLE dsn_store.ledger_set_aside (
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (source, epoch, seq)
);
COMMENT ON TABLE dsn_store.ledger_set_aside IS 'Numbers that are counted as quarantined.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.seq IS 'Number.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.day IS 'Day it is counted under.';

CREATE TABLE dsn_store.ledger_ahead (
    person_id text COLLATE "C" NOT NULL,
    entry_digest uuid NOT NULL,
    PRIMARY KEY (person_id, entry_digest)
);
COMMENT ON TABLE dsn_store.ledger_ahead IS
    'Entries that name a number which the audit log did not have yet.';
COMMENT ON COLUMN dsn_store.ledger_ahead.person_id IS 'Person.';
COMMENT ON COLUMN dsn_store.ledger_ahead.entry_digest IS 'Entry.';

CREATE TABLE dsn_store.ledger_days (
    source text NOT NULL,
    epoch integer NOT NULL,
    day date NOT NULL,
    numbers int8multirange NOT NULL,
    copies bigint NOT NULL DEFAULT 0,
    shown bigint NOT NULL DEFAULT 0,
    superseded bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    in_flight bigint NOT NULL DEFAULT 0,
    unexplained bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, epoch, day)
);
COMMENT ON TABLE dsn_store.ledger_days IS
    'What is counted of each source, epoch and day; the day is the edge''s, in Quebec.';
COMMENT ON COLUMN dsn_store.ledger_days.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_days.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_days.day IS 'Day of captured_at in America/Toronto.';
COMMENT ON COLUMN dsn_store.ledger_days.numbers IS 'Numbers in the audit log.';
COMMENT ON COLUMN dsn_store.ledger_days.copies IS 'Further copies of them.';
COMMENT ON COLUMN dsn_store.ledger_days.shown IS 'Of the numbers, those that are shown.';
COMMENT ON COLUMN dsn_store.ledger_days.superseded IS 'Those that are superseded.';
COMMENT ON COLUMN dsn_store.ledger_days.quarantined IS 'Those in quarantine.';
COMMENT ON COLUMN dsn_store.ledger_days.in_flight IS 'Those on their way.';
COMMENT ON COLUMN dsn_store.ledger_days.unexplained IS 'Those that were lost.';

CREATE TABLE dsn_store.ledger_progress (
    source text NOT NULL,
    epoch integer NOT NULL,
    seq_read bigint NOT NULL,
    seq_last bigint NOT NULL,
    duplicate bigint NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (source, epoch)
);
COMMENT ON TABLE dsn_store.ledger_progress IS 'How far each source was when the books were counted.';
COMMENT ON COLUMN dsn_store.ledger_progress.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_progress.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_progress.seq_read IS 'Every partition had been read up to it.';
COMMENT ON COLUMN dsn_store.ledger_progress.seq_last IS 'Highest number given out, as far as heard.';
COMMENT ON COLUMN dsn_store.ledger_progress.duplicate IS 'Said nothing new at the edge, in all.';
COMMENT ON COLUMN dsn_store.ledger_progress.day IS 'Day the source was last heard.';

CREATE TABLE dsn_store.ledger_counted (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    at timestamptz,
    generation integer,
    person_looked text COLLATE "C" NOT NULL DEFAULT ''
);
INSERT INTO dsn_store.ledger_counted VALUES (true);
COMMENT ON TABLE dsn_store.ledger_counted IS 'When the books were last counted; also their lock.';
COMMENT ON COLUMN dsn_store.ledger_counted.single IS 'There is one row.';
COMMENT ON COLUMN dsn_store.ledger_counted.at IS 'When; empty before the first count.';
COMMENT ON COLUMN dsn_store.ledger_counted.generation IS
    'Generation of the charts they were counted from.';
COMMENT ON COLUMN dsn_store.ledger_counted.person_looked IS
    'Last person whose chart was looked at again; each count goes on from there.';

CREATE TABLE dsn_store.source_mark_days (
    source text NOT NULL,
    epoch integer NOT NULL,
    day date NOT NULL,
    received bigint NOT NULL,
    duplicate bigint NOT NULL,
    PRIMARY KEY (source, epoch, day)
);
INSERT INTO dsn_store.source_mark_days
SELECT source, epoch, (sent_at AT TIME ZONE 'America/Toronto')::date, received, duplicate
FROM dsn_store.source_marks;
COMMENT ON TABLE dsn_store.source_mark_days IS 'What each source said of itself last on each day.';
COMMENT ON COLUMN dsn_store.source_mark_days.source IS 'Source.';
COMMENT ON COLUMN dsn_store.source_mark_days.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.source_mark_days.day IS 'Day of the edge clock in America/Toronto.';
COMMENT ON COLUMN dsn_store.source_mark_days.received IS 'Changes it took in, duplicates included.';
COMMENT ON COLUMN dsn_store.source_mark_days.duplicate IS 'Of those, the ones that said nothing new.';

CREATE VIEW dsn_store.ledger_holes AS
WITH known AS (
    SELECT source, epoch, range_agg(numbers) AS numbers, max(day) AS day
    FROM dsn_store.ledger_days GROUP BY source, epoch
)
SELECT
    p.source, p.epoch,
    -- Under the day of the number behind them.
    coalesce(
        (
            SELECT d.day
            FROM dsn_store.ledger_days AS d
            WHERE d.source = p.source AND d.epoch = p.epoch AND upper(h.hole) <@ d.numbers
        ),
        greatest(p.day, k.day)
    ) AS day,
    h.lost,
    h.part AS hole
FROM dsn_store.ledger_progress AS p
LEFT JOIN known AS k ON k.source = p.source AND k.epoch = p.epoch
CROSS JOIN LATERAL (
    SELECT w.hole, s.lost, s.part
    FROM unnest(
        int8multirange(int8range(1, greatest(p.seq_last, 0) + 1)) - coalesce(k.numbers, '{}')
    ) AS w (hole)
    CROSS JOIN LATERAL (
        VALUES
            (true, w.hole * int8range(NULL, p.seq_read + 1)),
            (false, w.hole * int8range(p.seq_read + 1, NULL))
    ) AS s (lost, part)
    WHERE NOT isempty(s.part)
) AS h;
COMMENT ON VIEW dsn_store.ledger_holes IS
    'Numbers given out that the audit log does not have: lost where it was read past them.';

CREATE VIEW dsn.ledger_days AS
WITH positions AS (
    SELECT b.topic, b."partition", min(b."position") AS "position"
    FROM (
        SELECT view_partition, topic, "partition", max("position") AS "position"
        FROM dsn_store.barriers
        GROUP BY view_partition, topic, "partition"
    ) AS b
    GROUP BY b.topic, b."partition"
    HAVING count(*) >= (SELECT t.partitions FROM dsn_store.topics AS t WHERE t.topic = 'dsn.view')
),
lines AS (
    SELECT source, day, shown, superseded, copies AS duplicate, quarantined, in_flight, unexplained
    FROM dsn_store.ledger_days
    UNION ALL
    SELECT
        source, day, 0, 0, 0, 0,
        CASE WHEN lost THEN 0 ELSE upper(hole) - lower(hole) END,
        CASE WHEN lost THEN upper(hole) - lower(hole) ELSE 0 END
    FROM dsn_store.ledger_holes
    UNION ALL
    -- Heard of, though nothing is counted of it yet.
    SELECT source, day, 0, 0, 0, 0, 0, 0 FROM dsn_store.ledger_progress
    UNION ALL
    SELECT
        source, day, 0, 0,
        duplicate - coalesce(lag(duplicate) OVER (PARTITION BY source, epoch ORDER BY day), 0),
        0, 0, 0
    FROM dsn_store.source_mark_days
    UNION ALL
    -- Journal records without a number, unreadable ones above all: known by their place.
    SELECT
        coalesce(nullif(a.source, ''), substring(a.topic FROM '[^.]*$')),
        (a.captured_at AT TIME ZONE 'America/Toronto')::date,
        0, 0, 0,
        (q.topic IS NOT NULL)::integer,
        (q.topic IS NULL AND coalesce(a."offset" >= p."position", true))::integer,
        (q.topic IS NULL AND coalesce(a."offset" < p."position", false))::integer
    FROM dsn_store.audit AS a
    LEFT JOIN dsn_store.quarantine AS q USING (topic, "partition", "offset")
    LEFT JOIN positions AS p USING (topic, "partition")
    WHERE a.seq <= 0
)
SELECT
    source,
    day,
    sum(shown + superseded + duplicate + quarantined + in_flight + unexplained)::bigint AS received,
    sum(shown)::bigint AS shown,
    sum(superseded)::bigint AS superseded,
    sum(duplicate)::bigint AS duplicate,
    sum(quarantined)::bigint AS quarantined,
    sum(in_flight)::bigint AS in_flight,
    sum(unexplained)::bigint AS unexplained,
    (SELECT c.at FROM dsn_store.ledger_counted AS c) AS counted_at
FROM lines
GROUP BY source, day;
COMMENT ON VIEW dsn.ledger_days IS
    'The books by source and day, as last counted: received = shown + superseded + duplicate + quarantined + in_flight + unexplained. dsn ledger and the status page read this.';
COMMENT ON COLUMN dsn.ledger_days.source IS
    'Establishment system; the establishment alone for records of its topic that nobody can read.';
COMMENT ON COLUMN dsn.ledger_days.day IS
    'Day the edge took the change in, in America/Toronto; what no row tells the day of is under the latest.';
COMMENT ON COLUMN dsn.ledger_days.received IS 'The sum of the others.';
COMMENT ON COLUMN dsn.ledger_days.shown IS
    'Contributors of an entry as it stands (deletions included), and claims taken into account; of each record item its newest change alone.';
COMMENT ON COLUMN dsn.ledger_days.superseded IS
    'Replaced by a later change of the same record item that is not in quarantine.';
COMMENT ON COLUMN dsn.ledger_days.duplicate IS
    'Said nothing new at the edge, as the source said by the end of that day, or a copy in the journal.';
COMMENT ON COLUMN dsn.ledger_days.quarantined IS 'Set aside with a reason.';
COMMENT ON COLUMN dsn.ledger_days.in_flight IS
    'Not in the journal yet, not in the view yet, or held until its record is linked and settled.';
COMMENT ON COLUMN dsn.ledger_days.unexplained IS 'The rest: 0 unless something was lost.';
COMMENT ON COLUMN dsn.ledger_days.counted_at IS 'When the books were counted.';
GRANT SELECT ON dsn.ledger_days TO dsn_reader;
COMMENT ON COLUMN dsn.ledger.shown IS
    'Contributors of an entry as it stands (deletions included), of each record item its newest change alone, and claims taken into account.';
