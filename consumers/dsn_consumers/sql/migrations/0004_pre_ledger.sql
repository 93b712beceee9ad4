-- The books: how far each source has come, and the one fate of each of its changes.

CREATE VIEW dsn_store.source_progress AS
WITH contained AS (
    SELECT b.source, b.epoch, b.topic, count(*) AS barriers, min(b.seq) AS seq, min(b.as_of) AS as_of
    FROM dsn_store.barriers AS b
    WHERE b.source <> ''
    GROUP BY b.source, b.epoch, b.topic
),
complete AS (
    -- A partition without a barrier holds the number at 0.
    SELECT
        c.source,
        c.epoch,
        min(CASE WHEN c.barriers >= t.partitions * v.partitions THEN c.seq ELSE 0 END) AS seq,
        min(CASE WHEN c.barriers >= t.partitions * v.partitions THEN c.as_of END) AS as_of
    FROM contained AS c
    LEFT JOIN dsn_store.topics AS t ON t.topic = c.topic
    LEFT JOIN dsn_store.topics AS v ON v.topic = 'dsn.view'
    GROUP BY c.source, c.epoch
),
lanes AS (
    SELECT
        l.source, l.epoch, l.topic,
        count(*) AS lanes,
        min(l.complete) AS complete,
        min(l.read) AS read,
        sum(l.changes) AS changes,
        sum(l.copies) AS copies,
        sum(l.rejected) AS rejected,
        max(l.captured_at) AS captured_at
    FROM dsn_store.source_lanes AS l
    GROUP BY l.source, l.epoch, l.topic
),
read AS (
    SELECT
        l.source, l.epoch,
        min(CASE WHEN l.lanes >= t.partitions THEN l.complete ELSE 0 END) AS complete,
        min(CASE WHEN l.lanes >= t.partitions THEN l.read ELSE 0 END) AS read,
        sum(l.changes)::bigint AS changes,
        sum(l.copies)::bigint AS copies,
        sum(l.rejected)::bigint AS rejected,
        max(l.captured_at) AS captured_at
    FROM lanes AS l
    LEFT JOIN dsn_store.topics AS t ON t.topic = l.topic
    GROUP BY l.source, l.epoch
)
SELECT
    source,
    epoch,
    coalesce(r.complete, 0) AS seq_received,
    coalesce(r.read, 0) AS seq_read,
    coalesce(c.seq, 0) AS seq_complete,
    c.as_of,
    coalesce(m.seq, 0) AS seq_published,
    coalesce(m.received, 0) AS received,
    coalesce(m.duplicate, 0) AS duplicate,
    m.sent_at,
    coalesce(r.changes, 0) AS changes,
    coalesce(r.copies, 0) AS copies,
    coalesce(r.rejected, 0) AS rejected,
    r.captured_at
FROM read AS r
FULL JOIN complete AS c USING (source, epoch)
FULL JOIN dsn_store.source_marks AS m USING (source, epoch);
COMMENT ON VIEW dsn_store.source_progress IS 'Every count per source and epoch, none by scanning.';

CREATE VIEW dsn.sources AS
SELECT source, epoch, seq_received, seq_complete, as_of, received, duplicate
FROM dsn_store.source_progress;
COMMENT ON VIEW dsn.sources IS 'How far the centre has come with each source.';
COMMENT ON COLUMN dsn.sources.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.sources.epoch IS 'Grows when the outbox of the source is recreated.';
COMMENT ON COLUMN dsn.sources.seq_received IS
    'Every change up to this number is in the audit log.';
COMMENT ON COLUMN dsn.sources.seq_complete IS
    'Every change up to this number is in the charts or in quarantine.';
COMMENT ON COLUMN dsn.sources.as_of IS 'Edge clock at seq_complete.';
COMMENT ON COLUMN dsn.sources.received IS
    'Changes the edge says it took in, duplicates included.';
COMMENT ON COLUMN dsn.sources.duplicate IS 'Of those, the ones that said nothing new.';

CREATE VIEW dsn.source_status AS
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
    SELECT source, count(*) AS quarantined FROM dsn_store.quarantine GROUP BY source
) AS q ON q.source = p.source
GROUP BY p.source;
COMMENT ON VIEW dsn.source_status IS 'One row per source for the status page; cheap to read.';
COMMENT ON COLUMN dsn.source_status.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.source_status.received IS 'Changes the edge took in, duplicates included.';
COMMENT ON COLUMN dsn.source_status.queued IS 'Of those, not in the journal yet.';
COMMENT ON COLUMN dsn.source_status.stored IS 'Changes in the audit log, each once.';
COMMENT ON COLUMN dsn.source_status.errored IS 'Messages the edge could not map (AE, AR).';
COMMENT ON COLUMN dsn.source_status.quarantined IS
    'Set aside by any stage, the errored ones included.';
COMMENT ON COLUMN dsn.source_status.duplicate IS 'Said nothing new, at the edge or in the journal.';
COMMENT ON COLUMN dsn.source_status.last_change_at IS 'Edge clock of the latest change.';
COMMENT ON COLUMN dsn.source_status.last_heard_at IS 'Edge clock of the latest mark.';
COMMENT ON COLUMN dsn.source_status.epoch IS 'Current epoch.';
COMMENT ON COLUMN dsn.source_status.seq_complete IS 'Complete up to this number of the epoch.';
COMMENT ON COLUMN dsn.source_status.seq_published IS 'Highest number published in the epoch.';
COMMENT ON COLUMN dsn.source_status.as_of IS 'Edge clock at seq_complete.';

-- One row per numbered change of the journal, with the fate its own evidence gives it.
CREATE VIEW dsn_store.fates AS
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
    SELECT item_digest, max(rank) AS rank FROM journal WHERE NOT quarantined GROUP BY item_digest
)
SELECT
    j.source, j.epoch, j.seq, j.section, j.record_id, j.copies,
    CASE
        WHEN j.quarantined THEN 'quarantined'
        WHEN j.shown THEN 'shown'
        WHEN j.section = 'claims' AND j.seq <= p.seq_complete THEN 'shown'
        WHEN j.rank < n.rank THEN 'superseded'
        WHEN j.seq > p.seq_complete THEN 'in_flight'
        WHEN j.held OR w.record_id IS NOT NULL THEN 'in_flight'
        ELSE 'unexplained'
    END AS fate
FROM journal AS j
LEFT JOIN newest AS n ON n.item_digest = j.item_digest
LEFT JOIN waiting AS w ON w.record_id = j.record_id
LEFT JOIN dsn_store.source_progress AS p ON p.source = j.source AND p.epoch = j.epoch;
COMMENT ON VIEW dsn_store.fates IS 'The one fate of each numbered change in the audit log.';

CREATE VIEW dsn.ledger AS
-- Materialized: or the whole log would be read once per source.
WITH counted AS MATERIALIZED (
    SELECT
        f.source, f.epoch,
        count(*) AS numbers,
        count(*) FILTER (WHERE f.seq <= p.seq_read) AS numbers_read,
        sum(f.copies) AS copies,
        max(f.seq) AS seq_last,
        count(*) FILTER (WHERE f.fate = 'shown') AS shown,
        count(*) FILTER (WHERE f.fate = 'superseded') AS superseded,
        count(*) FILTER (WHERE f.fate = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE f.fate = 'in_flight') AS in_flight,
        count(*) FILTER (WHERE f.fate = 'unexplained') AS unexplained
    FROM dsn_store.fates AS f
    LEFT JOIN dsn_store.source_progress AS p ON p.source = f.source AND p.epoch = f.epoch
    GROUP BY f.source, f.epoch
),
numbered AS (
    SELECT
        p.source,
        p.duplicate AS edge_duplicate,
        p.seq_read,
        -- Highest number the source has given out, as far as anybody heard.
        greatest(p.received - p.duplicate, p.seq_published, p.seq_read, c.seq_last) AS last,
        coalesce(c.numbers, 0) AS numbers,
        coalesce(c.numbers_read, 0) AS numbers_read,
        coalesce(c.copies, 0) AS copies,
        coalesce(c.shown, 0) AS shown,
        coalesce(c.superseded, 0) AS superseded,
        coalesce(c.quarantined, 0) AS quarantined,
        coalesce(c.in_flight, 0) AS in_flight,
        coalesce(c.unexplained, 0) AS unexplained
    FROM dsn_store.source_progress AS p
    LEFT JOIN counted AS c ON c.source = p.source AND c.epoch = p.epoch
),
-- Journal records that carry no number, unreadable ones above all: known by their place.
positions AS (
    SELECT b.topic, b."partition", min(b."position") AS "position"
    FROM (
        SELECT view_partition, topic, "partition", max("position") AS "position"
        FROM dsn_store.barriers
        GROUP BY view_partition, topic, "partition"
    ) AS b
    GROUP BY b.topic, b."partition"
    HAVING count(*) >= (SELECT t.partitions FROM dsn_store.topics AS t WHERE t.topic = 'dsn.view')
),
unnumbered AS (
    SELECT
        coalesce(nullif(a.source, ''), substring(a.topic FROM '[^.]*$')) AS source,
        count(*) AS received,
        count(q.topic) AS quarantined,
        count(*) FILTER (WHERE q.topic IS NULL AND a."offset" < p."position") AS unexplained
    FROM dsn_store.audit AS a
    LEFT JOIN dsn_store.quarantine AS q USING (topic, "partition", "offset")
    LEFT JOIN positions AS p USING (topic, "partition")
    WHERE a.seq <= 0
    GROUP BY 1
),
lines AS (
    SELECT
        source,
        last + edge_duplicate + copies AS received,
        shown,
        superseded,
        edge_duplicate + copies AS duplicate,
        quarantined,
        -- Beyond seq_read nobody has looked yet; below it, a number without a row is a loss.
        in_flight + (last - seq_read) - (numbers - numbers_read) AS in_flight,
        unexplained + seq_read - numbers_read AS unexplained
    FROM numbered
    UNION ALL
    SELECT
        source, received, 0, 0, 0, quarantined, received - quarantined - unexplained, unexplained
    FROM unnumbered
)
SELECT
    source,
    sum(received)::bigint AS received,
    sum(shown)::bigint AS shown,
    sum(superseded)::bigint AS superseded,
    sum(duplicate)::bigint AS duplicate,
    sum(quarantined)::bigint AS quarantined,
    sum(in_flight)::bigint AS in_flight,
    sum(unexplained)::bigint AS unexplained
FROM lines
GROUP BY source;
COMMENT ON VIEW dsn.ledger IS
    'One line per source: received = shown + superseded + duplicate + quarantined + in_flight + unexplained. Reads the whole audit log; dsn_consumers.ledger gives it the memory it wants.';
COMMENT ON COLUMN dsn.ledger.source IS
    'Establishment system; the establishment alone for records of its topic that nobody can read.';
COMMENT ON COLUMN dsn.ledger.received IS
    'Numbers given out by the source, plus duplicates at the edge, plus copies in the journal.';
COMMENT ON COLUMN dsn.ledger.shown IS
    'Contributors of an entry as it stands (deletions included), and claims taken into account.';
COMMENT ON COLUMN dsn.ledger.superseded IS
    'Replaced by a later change of the same record item that is not in quarantine.';
COMMENT ON COLUMN dsn.ledger.duplicate IS 'Said nothing new at the edge, or a copy in the journal.';
COMMENT ON COLUMN dsn.ledger.quarantined IS 'Set aside with a reason.';
COMMENT ON COLUMN dsn.ledger.in_flight IS
    'Not in the journal yet, not in the view yet, or held until its record is linked and settled.';
COMMENT ON COLUMN dsn.ledger.unexplained IS 'The rest: 0 unless something was lost.';
