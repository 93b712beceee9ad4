-- What the watch raised at its last look.
SELECT kind, level, subject, measure_fr, measure_en, since, looked_at FROM dsn.alarms ORDER BY place
