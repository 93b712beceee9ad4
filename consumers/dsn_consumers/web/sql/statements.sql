-- Closing statements, the latest first.
SELECT
    number, source, first_day, last_day, issued_at, unexplained, signature IS NOT NULL AS signed
FROM dsn.statements
ORDER BY number DESC
LIMIT %(limit)s
