-- The fates of every source's changes.
SELECT source, received, shown, superseded, duplicate, quarantined, in_flight, unexplained
FROM dsn.ledger
ORDER BY source
