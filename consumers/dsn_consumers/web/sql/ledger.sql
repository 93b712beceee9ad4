-- The fates of every source's changes, as last counted: what dsn ledger reads as well.
SELECT
    source,
    sum(received) AS received,
    sum(shown) AS shown,
    sum(superseded) AS superseded,
    sum(duplicate) AS duplicate,
    sum(quarantined) AS quarantined,
    sum(in_flight) AS in_flight,
    sum(unexplained) AS unexplained
FROM dsn.ledger_days
GROUP BY source
ORDER BY source
