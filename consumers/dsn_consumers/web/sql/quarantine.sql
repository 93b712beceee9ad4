-- What was set aside, newest first within source and reason; never the payload.
SELECT
    source, epoch, seq, stage, reason, detail, topic, "partition", "offset", captured_at,
    count(*) OVER (PARTITION BY source, stage, reason) AS alike
FROM dsn.quarantine
ORDER BY source, stage, reason, captured_at DESC, topic, "partition", "offset"
LIMIT %(limit)s
