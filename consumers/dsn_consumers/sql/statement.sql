-- What a closing statement is made of. See statement.

-- statement_days --
-- Numbers of each day and epoch, as runs.
SELECT d.day, d.epoch, array_agg(lower(r.run) ORDER BY r.run), array_agg(upper(r.run) - 1 ORDER BY r.run)
FROM dsn_store.ledger_days AS d
CROSS JOIN LATERAL unnest(d.numbers) AS r (run)
WHERE d.source = %(source)s AND d.day >= %(first)s AND d.day <= %(last)s
GROUP BY d.day, d.epoch
ORDER BY d.day, d.epoch

-- statement_changes --
-- What was read first under each of these numbers, in their order.
SELECT DISTINCT ON (a.seq) a.seq, a.content_digest, coalesce(a.schema_id, 0)
FROM dsn_store.audit AS a
WHERE a.source = %(source)s AND a.epoch = %(epoch)s AND a.seq BETWEEN %(first)s AND %(last)s
ORDER BY a.seq, a.topic, a."partition", a."offset"

-- statement_missing --
SELECT h.epoch, h.lost, lower(h.hole), upper(h.hole) - 1
FROM dsn_store.ledger_holes AS h
WHERE h.source = %(source)s AND h.day >= %(first)s AND h.day <= %(last)s
ORDER BY h.epoch, h.lost DESC, h.hole

-- statement_sources --
-- Sources that were heard of by the end of the period.
SELECT DISTINCT source FROM dsn.ledger_days WHERE day <= %(last)s ORDER BY source

-- put_statement --
INSERT INTO dsn_store.statements (
    source, first_day, last_day, issued_at, unexplained, document, signature
)
VALUES (
    %(source)s, %(first)s, %(last)s, %(issued_at)s, %(unexplained)s, %(document)s, %(signature)s
)
RETURNING number
