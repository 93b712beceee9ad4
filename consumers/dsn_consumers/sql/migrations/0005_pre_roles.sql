-- Who may do what. A role belongs to the whole server, so it may exist from another database.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'dsn_reader') THEN
        CREATE ROLE dsn_reader NOLOGIN;
    END IF;
EXCEPTION
    -- Two databases of one server migrating at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

REVOKE ALL ON SCHEMA dsn_store FROM PUBLIC;
REVOKE ALL ON FUNCTION dsn_store.chain_access() FROM PUBLIC;
GRANT USAGE ON SCHEMA dsn TO dsn_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA dsn TO dsn_reader;
-- Whoever may read must be able to leave the trace of it.
GRANT INSERT ON dsn.access TO dsn_reader;
