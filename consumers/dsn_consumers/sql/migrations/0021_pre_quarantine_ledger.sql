-- The ledger after a retry. A rejected message that was taken after all is superseded by the word that it
-- is over, and that word is shown by what it did; a change put through again has the fate of any other.
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
