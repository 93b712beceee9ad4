-- Can this database take a write? A standby or a read-only one answers queries, but fails here.
SELECT pg_current_xact_id()
