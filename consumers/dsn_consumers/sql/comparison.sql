-- What the centre knows of a source, to be compared with its outbox. See comparing.

-- comparison_epochs --
-- How far every partition was read in each epoch, and the highest number there is.
SELECT
    p.epoch,
    p.seq_read,
    coalesce((
        SELECT max(a.seq) FROM dsn_store.audit AS a
        WHERE a.source = p.source AND a.epoch = p.epoch
    ), 0)
FROM dsn_store.source_progress AS p
WHERE p.source = %(source)s
ORDER BY p.epoch

-- comparison_leaves --
-- What was read first under each number.
SELECT DISTINCT ON (a.seq) a.seq, substring(a.content_digest FOR %(bytes)s), coalesce(a.schema_id, 0)
FROM dsn_store.audit AS a
WHERE a.source = %(source)s AND a.epoch = %(epoch)s AND a.seq > %(after)s AND a.seq <= %(upto)s
ORDER BY a.seq, a.topic, a."partition", a."offset"

-- comparison_quarantined --
SELECT r.epoch, lower(r.run), upper(r.run) - 1
FROM (
    SELECT s.epoch, unnest(range_agg(int8range(s.seq, s.seq, '[]'))) AS run
    FROM dsn_store.ledger_set_aside AS s
    WHERE s.source = %(source)s AND s.seq > 0
    GROUP BY s.epoch
) AS r
ORDER BY r.epoch, r.run LIMIT %(runs)s

-- comparison_not_shown --
SELECT r.epoch, lower(r.run), upper(r.run) - 1
FROM (
    SELECT h.epoch, unnest(range_agg(int8range(h.seq, h.seq, '[]'))) AS run
    FROM dsn_store.ledger_heads AS h
    WHERE h.source = %(source)s AND h.seq > 0 AND h.fate = 'unexplained'
    GROUP BY h.epoch
) AS r
ORDER BY r.epoch, r.run LIMIT %(runs)s
