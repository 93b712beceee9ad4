-- Numbers that only the streams miss are holes too.

CREATE OR REPLACE VIEW dsn_store.holes AS
SELECT l.topic, l."partition", l.source, l.epoch, r.last AS "after", r.upto
FROM dsn_store.source_lanes AS l
CROSS JOIN LATERAL (
    SELECT u.last, lead(u.first) OVER (ORDER BY u.first) AS upto
    FROM unnest(l.runs_before, l.runs_last) AS u (first, last)
) AS r
WHERE cardinality(l.runs_before) > 1 AND r.upto > r.last
UNION
SELECT b.topic, b."partition", b.source, b.epoch, b.seq AS "after", n.seq AS upto
FROM (
    SELECT topic, "partition", source, epoch, max(seq) AS seq, min("position") AS "position"
    FROM dsn_store.barriers
    WHERE source <> ''
    GROUP BY topic, "partition", source, epoch
) AS b
INNER JOIN dsn_store.source_lanes AS l
    ON l.topic = b.topic AND l."partition" = b."partition" AND l.source = b.source AND l.epoch = b.epoch
CROSS JOIN LATERAL (
    SELECT a.seq, a."offset"
    FROM dsn_store.audit AS a
    WHERE a.source = b.source AND a.epoch = b.epoch AND a.seq > b.seq
        AND a.topic = b.topic AND a."partition" = b."partition"
    ORDER BY a.seq, a."offset"
    LIMIT 1
) AS n
WHERE l.complete > b.seq AND n."offset" < b."position";
COMMENT ON VIEW dsn_store.holes IS
    'Numbers that never arrived though later ones did, now: in the audit log, or at the streams.';
