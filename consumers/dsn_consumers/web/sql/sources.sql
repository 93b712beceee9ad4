-- How far every source is, and what became of what it sent.
SELECT
    source, epoch, seq_published, seq_complete, as_of, last_change_at, last_heard_at, received,
    queued, stored, errored, quarantined, duplicate
FROM dsn.source_status
ORDER BY source
