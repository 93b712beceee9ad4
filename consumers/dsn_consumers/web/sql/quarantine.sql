-- What is set aside and not used since, newest first within source and reason; never the payload.
SELECT
    source, epoch, seq, stage, reason, detail, topic, "partition", "offset", captured_at,
    state, owner, retries, acted_by, acted_why,
    count(*) OVER (PARTITION BY source, stage, reason) AS alike,
    count(*) FILTER (WHERE state = 'open') OVER (PARTITION BY source) AS open_of_source,
    min(captured_at) FILTER (WHERE state = 'open') OVER (PARTITION BY source) AS open_since
FROM dsn.quarantine
WHERE state <> 'resolved'
ORDER BY source, stage, reason, captured_at DESC, topic, "partition", "offset"
LIMIT %(limit)s
