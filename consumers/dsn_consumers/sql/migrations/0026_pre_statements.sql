-- Closing statements: what was told to a source's site about a period, kept as it was signed.

CREATE TABLE dsn_store.statements (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    issued_at timestamptz NOT NULL,
    unexplained bigint NOT NULL,
    document json NOT NULL,
    signature json
);
CREATE INDEX statements_source ON dsn_store.statements (source, last_day);
CREATE TRIGGER statements_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON dsn_store.statements
    FOR EACH STATEMENT EXECUTE FUNCTION dsn_store.refuse_change();
ALTER TABLE dsn_store.statements ENABLE ALWAYS TRIGGER statements_append_only;
COMMENT ON TABLE dsn_store.statements IS 'Every closing statement that was issued.';
COMMENT ON COLUMN dsn_store.statements.number IS 'Number of the statement.';
COMMENT ON COLUMN dsn_store.statements.source IS 'Source.';
COMMENT ON COLUMN dsn_store.statements.first_day IS 'First day, in Quebec.';
COMMENT ON COLUMN dsn_store.statements.last_day IS 'Last day, inclusive.';
COMMENT ON COLUMN dsn_store.statements.issued_at IS 'When.';
COMMENT ON COLUMN dsn_store.statements.unexplained IS 'Changes that were lost, as it says.';
COMMENT ON COLUMN dsn_store.statements.document IS 'The statement, see docs/books.md.';
COMMENT ON COLUMN dsn_store.statements.signature IS 'Its signature; null: no key was configured.';

CREATE VIEW dsn.statements AS
SELECT number, source, first_day, last_day, issued_at, unexplained, document, signature
FROM dsn_store.statements;
COMMENT ON VIEW dsn.statements IS 'Every closing statement that was issued; no patient data.';
COMMENT ON COLUMN dsn.statements.number IS 'Number of the statement.';
COMMENT ON COLUMN dsn.statements.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.statements.first_day IS 'First day, in America/Toronto.';
COMMENT ON COLUMN dsn.statements.last_day IS 'Last day, inclusive.';
COMMENT ON COLUMN dsn.statements.issued_at IS 'When it was issued.';
COMMENT ON COLUMN dsn.statements.unexplained IS 'Changes that were lost, as it says.';
COMMENT ON COLUMN dsn.statements.document IS 'The statement as it was signed, see docs/books.md.';
COMMENT ON COLUMN dsn.statements.signature IS
    'Ed25519 signature of the document; null when no key was configured.';
GRANT SELECT ON dsn.statements TO dsn_reader;
