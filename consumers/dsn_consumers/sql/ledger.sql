-- Counting the books: what came since the last count, and what was open then. See ledger_count.

-- lock --
-- First in its transaction: the snapshot is taken behind it.
LOCK TABLE dsn_store.ledger_counted IN EXCLUSIVE MODE

-- counted_before --
-- After a rebuild the charts are other ones: what was seen in the old ones says nothing of them.
SELECT c.at IS NOT NULL AND c.generation IS NOT DISTINCT FROM g.generation, c.person_looked
FROM dsn_store.ledger_counted AS c
CROSS JOIN (
    SELECT max(generation) AS generation FROM dsn_store.generations WHERE place = 'dsn_store'
) AS g

-- forget --
-- Not TRUNCATE: whoever looks meanwhile reads the books as they were.
WITH places AS (DELETE FROM dsn_store.ledger_places),
heads AS (DELETE FROM dsn_store.ledger_heads),
aside AS (DELETE FROM dsn_store.ledger_set_aside),
ahead AS (DELETE FROM dsn_store.ledger_ahead)
DELETE FROM dsn_store.ledger_days

-- begin --
CREATE TEMP TABLE ledger_delta (
    source text, epoch integer, day date, fate text, change bigint
) ON COMMIT DROP;
CREATE TEMP TABLE ledger_dirty (
    person_id text COLLATE "C", entry_digest uuid, records text[], sources text[],
    epochs integer[], seqs bigint[], gone boolean
) ON COMMIT DROP;
-- Items to be judged; searched: their charts are read, instead of what changed in them.
CREATE TEMP TABLE ledger_items (item_digest bytea, searched boolean) ON COMMIT DROP;
CREATE TEMP TABLE ledger_moved (person_id text COLLATE "C") ON COMMIT DROP;
CREATE TEMP TABLE ledger_rows (
    source text, epoch integer, seq bigint, section text, record_id text COLLATE "C",
    item_digest bytea, standing smallint, day date
) ON COMMIT DROP

-- audit_places --
SELECT t.topic, n."partition", coalesce(p.next_offset, 0)
FROM dsn_store.topics AS t
CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS n ("partition")
LEFT JOIN dsn_store.ledger_places AS p ON p.log = t.topic AND p."partition" = n."partition"
WHERE t.topic LIKE 'dsn.changes.%'
ORDER BY t.topic, n."partition"

-- read_rows --
-- One partition at a time: the planner knows then how few there are.
INSERT INTO ledger_rows
SELECT
    source, epoch, seq, section, record_id, item_digest, standing,
    (captured_at AT TIME ZONE 'America/Toronto')::date
FROM dsn_store.audit
WHERE topic = %(log)s AND "partition" = %(partition)s AND "offset" >= %(next)s AND seq > 0

-- read_new --
CREATE TEMP TABLE ledger_new ON COMMIT DROP AS
SELECT
    a.source, a.epoch, a.seq,
    any_value(a.section) = 'claims' AS claim,
    any_value(a.record_id) AS record_id,
    CASE
        WHEN any_value(a.section) = 'claims'
            THEN substring(
                sha256(convert_to(a.source || '|' || a.epoch || '|' || a.seq, 'UTF8')) FOR 16
            )
        ELSE any_value(a.item_digest)
    END AS item_digest,
    -- The order of dsn_schemas.standing in one number: standing, then epoch, then seq.
    max((a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq) AS rank,
    min(a.day) AS day,
    count(*) AS rows,
    false AS again
FROM ledger_rows AS a
GROUP BY a.source, a.epoch, a.seq

-- count_copies --
WITH known AS MATERIALIZED (
    SELECT source, epoch, range_agg(numbers) AS numbers
    FROM dsn_store.ledger_days GROUP BY source, epoch
),
copies AS (
    DELETE FROM ledger_new AS n
    USING known AS k
    WHERE k.source = n.source AND k.epoch = n.epoch AND n.seq <@ k.numbers
    RETURNING n.source, n.epoch, n.day, n.rows
)
INSERT INTO dsn_store.ledger_days AS d (source, epoch, day, numbers, copies)
SELECT source, epoch, day, '{}'::int8multirange, sum(rows) FROM copies GROUP BY source, epoch, day
ON CONFLICT (source, epoch, day) DO UPDATE SET copies = d.copies + EXCLUDED.copies

-- count_new --
INSERT INTO dsn_store.ledger_days AS d (source, epoch, day, numbers, copies)
SELECT source, epoch, day, range_agg(int8range(seq, seq + 1)), sum(rows) - count(*)
FROM ledger_new GROUP BY source, epoch, day
ON CONFLICT (source, epoch, day) DO UPDATE SET
    numbers = d.numbers + EXCLUDED.numbers,
    copies = d.copies + EXCLUDED.copies

-- read_set_aside --
-- Numbers that were put into quarantine since, of those the log has.
CREATE TEMP TABLE ledger_added ON COMMIT DROP AS
SELECT q.source, q.epoch, q.seq, f.claim, f.item_digest, f.rank, f.day
FROM (
    SELECT DISTINCT q.source, q.epoch, q.seq
    FROM dsn_store.quarantine AS q
    LEFT JOIN dsn_store.ledger_set_aside AS s
        ON s.source = q.source AND s.epoch = q.epoch AND s.seq = q.seq
    WHERE q.seq > 0 AND s.source IS NULL
) AS q
CROSS JOIN LATERAL (
    SELECT
        any_value(a.section) = 'claims' AS claim,
        CASE
            WHEN any_value(a.section) = 'claims'
                THEN substring(
                    sha256(convert_to(q.source || '|' || q.epoch || '|' || q.seq, 'UTF8')) FOR 16
                )
            ELSE any_value(a.item_digest)
        END AS item_digest,
        max((a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq) AS rank,
        min((a.captured_at AT TIME ZONE 'America/Toronto')::date) AS day
    FROM dsn_store.audit AS a
    WHERE a.source = q.source AND a.epoch = q.epoch AND a.seq = q.seq
    HAVING count(*) > 0
) AS f

-- was_shown --
-- What a change replaced is forgotten once it is shown; so this cannot be counted, only recounted.
SELECT FROM ledger_added AS a
INNER JOIN dsn_store.ledger_heads AS h ON h.item_digest = a.item_digest AND h.rank = a.rank
WHERE h.fate = 'shown'
LIMIT 1

-- set_aside --
WITH moved AS (
    INSERT INTO dsn_store.ledger_set_aside SELECT source, epoch, seq, day FROM ledger_added
),
fresh AS (
    DELETE FROM ledger_new AS n
    USING ledger_added AS a
    WHERE a.source = n.source AND a.epoch = n.epoch AND a.seq = n.seq
    RETURNING n.source, n.epoch, n.seq
),
headed AS (
    DELETE FROM dsn_store.ledger_heads AS h
    USING ledger_added AS a
    WHERE a.item_digest = h.item_digest AND a.rank = h.rank
    RETURNING h.source, h.epoch, h.seq, h.fate
),
fallen AS (
    INSERT INTO ledger_items SELECT item_digest, true FROM ledger_added
)
INSERT INTO ledger_delta
SELECT a.source, a.epoch, a.day, 'quarantined', 1 FROM ledger_added AS a
UNION ALL
SELECT
    a.source, a.epoch, a.day,
    coalesce(h.fate, CASE WHEN a.claim THEN 'shown' ELSE 'superseded' END),
    -1
FROM ledger_added AS a
LEFT JOIN headed AS h ON h.source = a.source AND h.epoch = a.epoch AND h.seq = a.seq
LEFT JOIN fresh AS f ON f.source = a.source AND f.epoch = a.epoch AND f.seq = a.seq
WHERE f.source IS NULL

-- take_back --
-- Numbers that are in quarantine no more are judged like new ones.
WITH back AS (
    DELETE FROM dsn_store.ledger_set_aside AS s
    WHERE NOT EXISTS (
        SELECT FROM dsn_store.quarantine AS q
        WHERE q.source = s.source AND q.epoch = s.epoch AND q.seq = s.seq
    )
    RETURNING s.source, s.epoch, s.seq, s.day
),
counted AS (
    INSERT INTO ledger_delta SELECT source, epoch, day, 'quarantined', -1 FROM back
)
INSERT INTO ledger_new
SELECT
    b.source, b.epoch, b.seq, any_value(a.section) = 'claims', any_value(a.record_id),
    CASE
        WHEN any_value(a.section) = 'claims'
            THEN substring(
                sha256(convert_to(b.source || '|' || b.epoch || '|' || b.seq, 'UTF8')) FOR 16
            )
        ELSE any_value(a.item_digest)
    END,
    max((a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq),
    any_value(b.day), 0, true
FROM back AS b
INNER JOIN dsn_store.audit AS a ON a.source = b.source AND a.epoch = b.epoch AND a.seq = b.seq
GROUP BY b.source, b.epoch, b.seq

-- replace_late --
-- What comes after a change that is shown and stands before it never shows.
WITH late AS (
    DELETE FROM ledger_new AS n
    USING dsn_store.ledger_heads AS h
    WHERE h.item_digest = n.item_digest AND h.fate = 'shown' AND h.rank > n.rank
    RETURNING n.source, n.epoch, n.day
)
INSERT INTO ledger_delta SELECT source, epoch, day, 'superseded', 1 FROM late

-- add_new --
INSERT INTO dsn_store.ledger_heads
SELECT item_digest, rank, source, epoch, seq, record_id, day, claim, 'new' FROM ledger_new

-- add_items --
INSERT INTO ledger_items
SELECT item_digest, again FROM ledger_new
UNION ALL
SELECT item_digest, false FROM dsn_store.ledger_heads WHERE fate IN ('in_flight', 'unexplained')

-- places --
SELECT n.log, n."partition", coalesce(p.next_offset, 0)
FROM (
    SELECT g.log, g."partition"
    FROM generate_series(
        0, (SELECT coalesce(max(t.partitions), 0) FROM dsn_store.topics AS t) - 1
    ) AS n ("partition")
    CROSS JOIN LATERAL (VALUES ('links', n."partition"), ('view', n."partition")) AS g (log, "partition")
) AS n
LEFT JOIN dsn_store.ledger_places AS p ON p.log = n.log AND p."partition" = n."partition"
ORDER BY n.log, n."partition"

-- changed_links --
-- Everybody a record that moved since belongs or belonged to.
WITH changed AS (
    SELECT l.record_id, l.person_id, l.previous
    FROM dsn_store.links AS l
    WHERE l.link_partition = %(partition)s AND l.link_offset >= %(next)s
)
INSERT INTO ledger_moved
SELECT record_id FROM changed
UNION
SELECT person_id FROM changed WHERE person_id <> ''
UNION
SELECT previous FROM changed WHERE previous <> ''
UNION
SELECT m.person_id FROM changed AS c INNER JOIN dsn_store.moves AS m ON m.record_id = c.record_id
UNION
SELECT m.previous FROM changed AS c INNER JOIN dsn_store.moves AS m ON m.record_id = c.record_id

-- changed_entries --
INSERT INTO ledger_dirty
SELECT person_id, entry_digest, records, sources, epochs, seqs, gone
FROM dsn_store.entries
WHERE view_partition = %(partition)s AND view_offset >= %(next)s

-- entries_ahead --
INSERT INTO ledger_dirty
SELECT e.person_id, e.entry_digest, e.records, e.sources, e.epochs, e.seqs, e.gone
FROM dsn_store.ledger_ahead AS a
INNER JOIN dsn_store.entries AS e ON e.person_id = a.person_id AND e.entry_digest = a.entry_digest

-- moved_entries --
INSERT INTO ledger_dirty
SELECT e.person_id, e.entry_digest, e.records, e.sources, e.epochs, e.seqs, e.gone
FROM (SELECT DISTINCT person_id FROM ledger_moved) AS m
INNER JOIN dsn_store.entries AS e ON e.person_id = m.person_id

-- slice_end --
SELECT person_id FROM dsn_store.entries WHERE person_id > %(after)s
ORDER BY person_id OFFSET %(entries)s LIMIT 1

-- slice_entries --
INSERT INTO ledger_dirty
SELECT person_id, entry_digest, records, sources, epochs, seqs, gone
FROM dsn_store.entries
WHERE person_id > %(after)s AND (%(upto)s::text IS NULL OR person_id <= %(upto)s)

-- slice_absent --
-- Charts of these people that lost a whole entry.
INSERT INTO ledger_items
SELECT h.item_digest, true
FROM dsn_store.ledger_heads AS h
WHERE h.fate = 'shown' AND h.person_id > %(after)s
    AND (%(upto)s::text IS NULL OR h.person_id <= %(upto)s)
    AND NOT EXISTS (
        SELECT FROM dsn_store.entries AS e
        WHERE e.person_id = h.person_id AND e.entry_digest = h.entry_digest
    )

-- name_shown --
-- What the changed entries show, by the rule of dsn_store.linked_entries.
CREATE TEMP TABLE ledger_named ON COMMIT DROP AS
SELECT
    source, epoch, seq, person_id, entry_digest,
    row_number() OVER (
        PARTITION BY source, epoch, seq ORDER BY person_id, entry_digest
    ) = 1 AS first
FROM (
    SELECT DISTINCT c.source, c.epoch, c.seq, d.person_id, d.entry_digest
    FROM ledger_dirty AS d
    INNER JOIN dsn_store.links AS l ON l.record_id = d.records[1] AND l.person_id = d.person_id
    CROSS JOIN LATERAL unnest(d.sources, d.epochs, d.seqs) AS c (source, epoch, seq)
    WHERE NOT d.gone
        AND (
            cardinality(d.records) = 1
            OR NOT EXISTS (
                SELECT FROM unnest(d.records) AS r (record_id)
                LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
                WHERE o.person_id IS DISTINCT FROM d.person_id
            )
        )
) AS named

-- find_lost --
-- Changes that an entry showed and shows no more. Not an anti-join: nobody can guess how many heads
-- an entry has, and a plan made for one never ends.
INSERT INTO ledger_items
SELECT any_value(item_digest), true
FROM (
    SELECT h.source, h.epoch, h.seq, h.person_id, h.entry_digest, h.item_digest, 0 AS named
    FROM (SELECT DISTINCT person_id, entry_digest FROM ledger_dirty) AS d
    INNER JOIN dsn_store.ledger_heads AS h
        ON h.person_id = d.person_id AND h.entry_digest = d.entry_digest AND h.fate = 'shown'
    UNION ALL
    SELECT source, epoch, seq, person_id, entry_digest, NULL, 1 FROM ledger_named
) AS both_sides
GROUP BY source, epoch, seq, person_id, entry_digest
HAVING sum(named) = 0

-- find_candidates --
CREATE TEMP TABLE ledger_candidates ON COMMIT DROP AS
WITH items AS MATERIALIZED (
    SELECT item_digest, bool_or(searched) AS searched FROM ledger_items GROUP BY item_digest
)
SELECT h.*, i.searched, h.rank = max(h.rank) OVER (PARTITION BY h.item_digest) AS top
FROM items AS i
INNER JOIN dsn_store.ledger_heads AS h ON h.item_digest = i.item_digest

-- judge --
-- The fates of dsn_store.fates for these items; 'search' where the charts must be read.
CREATE TEMP TABLE ledger_judged ON COMMIT DROP AS
SELECT
    c.item_digest, c.rank, c.source, c.epoch, c.seq, c.record_id, c.day, c.claim, c.top,
    c.fate AS fate_before, p.seq_complete, n.person_id, n.entry_digest,
    CASE
        WHEN NOT c.top THEN 'superseded'
        WHEN c.claim AND c.seq <= p.seq_complete THEN 'shown'
        WHEN c.claim THEN 'in_flight'
        WHEN n.source IS NOT NULL THEN 'shown'
        -- The word that a rejection is over is shown by what it did.
        WHEN (c.source, c.epoch, c.seq) IN (
            SELECT e.source, e.epoch, e.seq FROM dsn_store.quarantine_ends AS e WHERE e.item <> ''
        ) THEN 'shown'
        WHEN c.seq > p.seq_complete AND NOT c.searched THEN 'in_flight'
        ELSE 'search'
    END AS fate
FROM ledger_candidates AS c
LEFT JOIN ledger_named AS n
    ON n.source = c.source AND n.epoch = c.epoch AND n.seq = c.seq AND n.first
LEFT JOIN dsn_store.source_progress AS p ON p.source = c.source AND p.epoch = c.epoch

-- wanted_people --
-- Whose charts may name them: where their records are, were, and began.
CREATE TEMP TABLE ledger_people ON COMMIT DROP AS
WITH records AS MATERIALIZED (
    SELECT DISTINCT record_id FROM ledger_judged WHERE fate = 'search'
)
SELECT record_id AS person_id FROM records
UNION
SELECT l.person_id FROM records AS r INNER JOIN dsn_store.links AS l ON l.record_id = r.record_id
UNION
SELECT l.previous FROM records AS r INNER JOIN dsn_store.links AS l ON l.record_id = r.record_id
UNION
SELECT m.person_id FROM records AS r INNER JOIN dsn_store.moves AS m ON m.record_id = r.record_id
UNION
SELECT m.previous FROM records AS r INNER JOIN dsn_store.moves AS m ON m.record_id = r.record_id

-- search --
CREATE TEMP TABLE ledger_found ON COMMIT DROP AS
WITH said AS MATERIALIZED (
    SELECT
        e.person_id, e.entry_digest, e.sources, e.epochs, e.seqs,
        NOT EXISTS (
            SELECT FROM unnest(e.records) AS r (record_id)
            LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
            WHERE o.person_id IS DISTINCT FROM e.person_id
        ) AS linked,
        EXISTS (
            SELECT FROM unnest(e.records) AS r (record_id)
            WHERE EXISTS (SELECT FROM dsn_store.unsettled AS u WHERE u.record_id = r.record_id)
                OR (
                    NOT EXISTS (SELECT FROM dsn_store.links AS o WHERE o.record_id = r.record_id)
                    AND EXISTS (
                        SELECT FROM dsn_store.record_sources AS s WHERE s.record_id = r.record_id
                    )
                )
        ) AS held
    FROM ledger_people AS p
    INNER JOIN dsn_store.entries AS e ON e.person_id = p.person_id
    WHERE NOT e.gone
)
SELECT DISTINCT ON (c.source, c.epoch, c.seq)
    c.source, c.epoch, c.seq, s.person_id, s.entry_digest, s.linked,
    bool_or(s.held) OVER (PARTITION BY c.source, c.epoch, c.seq) AS held
FROM said AS s
CROSS JOIN LATERAL unnest(s.sources, s.epochs, s.seqs) AS c (source, epoch, seq)
ORDER BY c.source, c.epoch, c.seq, s.linked DESC, s.person_id, s.entry_digest

-- resolve --
WITH resolved AS (
    SELECT
        j.item_digest, j.rank, f.person_id, f.entry_digest,
        CASE
            WHEN f.linked THEN 'shown'
            WHEN j.seq > j.seq_complete OR f.held THEN 'in_flight'
            WHEN EXISTS (SELECT FROM dsn_store.unsettled AS u WHERE u.record_id = j.record_id)
                THEN 'in_flight'
            WHEN EXISTS (SELECT FROM dsn_store.record_sources AS r WHERE r.record_id = j.record_id)
                AND NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = j.record_id)
                THEN 'in_flight'
            ELSE 'unexplained'
        END AS fate
    FROM ledger_judged AS j
    LEFT JOIN ledger_found AS f ON f.source = j.source AND f.epoch = j.epoch AND f.seq = j.seq
    WHERE j.fate = 'search'
)
UPDATE ledger_judged AS j
SET fate = r.fate, person_id = r.person_id, entry_digest = r.entry_digest
FROM resolved AS r
WHERE j.item_digest = r.item_digest AND j.rank = r.rank

-- keep_heads --
UPDATE dsn_store.ledger_heads AS h
SET fate = j.fate, person_id = j.person_id, entry_digest = j.entry_digest
FROM ledger_judged AS j
WHERE h.item_digest = j.item_digest AND h.rank = j.rank
    AND (h.fate, h.person_id, h.entry_digest)
        IS DISTINCT FROM (j.fate, j.person_id, j.entry_digest)

-- count_judged --
INSERT INTO ledger_delta
SELECT source, epoch, day, fate_before, -1
FROM ledger_judged WHERE fate_before <> 'new' AND fate_before <> fate
UNION ALL
SELECT source, epoch, day, fate, 1 FROM ledger_judged WHERE fate_before <> fate

-- drop_replaced --
-- Below one that is shown nothing changes any more; a claim that is shown stays so.
DELETE FROM dsn_store.ledger_heads AS h
USING ledger_judged AS j
WHERE j.fate = 'shown' AND h.item_digest = j.item_digest AND (h.rank < j.rank OR j.claim)

-- keep_days --
UPDATE dsn_store.ledger_days AS d
SET
    shown = d.shown + c.shown,
    superseded = d.superseded + c.superseded,
    quarantined = d.quarantined + c.quarantined,
    in_flight = d.in_flight + c.in_flight,
    unexplained = d.unexplained + c.unexplained
FROM (
    SELECT
        source, epoch, day,
        coalesce(sum(change) FILTER (WHERE fate = 'shown'), 0) AS shown,
        coalesce(sum(change) FILTER (WHERE fate = 'superseded'), 0) AS superseded,
        coalesce(sum(change) FILTER (WHERE fate = 'quarantined'), 0) AS quarantined,
        coalesce(sum(change) FILTER (WHERE fate = 'in_flight'), 0) AS in_flight,
        coalesce(sum(change) FILTER (WHERE fate = 'unexplained'), 0) AS unexplained
    FROM ledger_delta
    GROUP BY source, epoch, day
) AS c
WHERE d.source = c.source AND d.epoch = c.epoch AND d.day = c.day

-- forget_ahead --
DELETE FROM dsn_store.ledger_ahead

-- keep_ahead --
WITH known AS MATERIALIZED (
    SELECT source, epoch, range_agg(numbers) AS numbers
    FROM dsn_store.ledger_days GROUP BY source, epoch
)
INSERT INTO dsn_store.ledger_ahead
SELECT DISTINCT d.person_id, d.entry_digest
FROM ledger_dirty AS d
CROSS JOIN LATERAL unnest(d.sources, d.epochs, d.seqs) AS c (source, epoch, seq)
LEFT JOIN known AS k ON k.source = c.source AND k.epoch = c.epoch
WHERE NOT d.gone AND (c.seq <@ k.numbers) IS NOT TRUE

-- forget_progress --
DELETE FROM dsn_store.ledger_progress

-- keep_progress --
INSERT INTO dsn_store.ledger_progress
SELECT
    p.source, p.epoch, p.seq_read,
    greatest(p.received - p.duplicate, p.seq_published, p.seq_read, d.seq_last),
    p.duplicate,
    (coalesce(p.sent_at, p.captured_at, now()) AT TIME ZONE 'America/Toronto')::date
FROM dsn_store.source_progress AS p
LEFT JOIN (
    SELECT source, epoch, max(upper(numbers) - 1) AS seq_last FROM dsn_store.ledger_days
    GROUP BY source, epoch
) AS d ON d.source = p.source AND d.epoch = p.epoch

-- keep_marks --
-- What each source last said of itself on each day. A count of a mark only grows; a clock may go
-- back, and then the day does not. The audit keeps them too: its rows are left alone where they say
-- the same, or it would wait for us.
INSERT INTO dsn_store.source_mark_days AS d
SELECT said.source, said.epoch, said.day, said.received, said.duplicate
FROM (
    SELECT
        m.source, m.epoch,
        greatest(
            (m.sent_at AT TIME ZONE 'America/Toronto')::date,
            (
                SELECT max(k.day) FROM dsn_store.source_mark_days AS k
                WHERE k.source = m.source AND k.epoch = m.epoch
            )
        ) AS day,
        m.received, m.duplicate
    FROM dsn_store.source_marks AS m
) AS said
WHERE NOT EXISTS (
    SELECT FROM dsn_store.source_mark_days AS k
    WHERE (k.source, k.epoch, k.day, k.received, k.duplicate)
        = (said.source, said.epoch, said.day, said.received, said.duplicate)
)
ON CONFLICT (source, epoch, day) DO UPDATE SET
    received = EXCLUDED.received,
    duplicate = EXCLUDED.duplicate

-- keep_places --
INSERT INTO dsn_store.ledger_places AS p
SELECT t.topic, n."partition", l."offset" + 1
FROM dsn_store.topics AS t
CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS n ("partition")
CROSS JOIN LATERAL (
    SELECT max(a."offset") AS "offset"
    FROM dsn_store.audit AS a
    WHERE a.topic = t.topic AND a."partition" = n."partition"
) AS l
WHERE t.topic LIKE 'dsn.changes.%' AND l."offset" IS NOT NULL
ON CONFLICT (log, "partition") DO UPDATE SET next_offset = EXCLUDED.next_offset

-- keep_link_place --
INSERT INTO dsn_store.ledger_places AS p
SELECT 'links', %(partition)s, max(link_offset) + 1
FROM dsn_store.links
WHERE link_partition = %(partition)s AND link_offset >= %(next)s
HAVING count(*) > 0
ON CONFLICT (log, "partition") DO UPDATE SET next_offset = EXCLUDED.next_offset

-- keep_view_place --
INSERT INTO dsn_store.ledger_places AS p
SELECT 'view', %(partition)s, max(view_offset) + 1
FROM dsn_store.entries
WHERE view_partition = %(partition)s AND view_offset >= %(next)s
HAVING count(*) > 0
ON CONFLICT (log, "partition") DO UPDATE SET next_offset = EXCLUDED.next_offset

-- say_counted --
UPDATE dsn_store.ledger_counted
SET
    at = clock_timestamp(),
    person_looked = %(looked)s,
    generation = (
        SELECT max(generation) FROM dsn_store.generations WHERE place = 'dsn_store'
    )

-- days --
SELECT
    source, day, received, shown, superseded, duplicate, quarantined, in_flight, unexplained,
    counted_at
FROM dsn.ledger_days
WHERE (%(source)s::text IS NULL OR source = %(source)s)
    AND (%(first)s::date IS NULL OR day >= %(first)s)
    AND (%(last)s::date IS NULL OR day <= %(last)s)
ORDER BY source, day
