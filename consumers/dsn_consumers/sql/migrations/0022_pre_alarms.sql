-- What the watch keeps: when each edge was heard, how much is usual of it, and what is raised now.

ALTER TABLE dsn_store.source_marks ADD COLUMN heard_at timestamptz;
COMMENT ON COLUMN dsn_store.source_marks.heard_at IS 'Clock of the centre when the mark was read.';
CREATE FUNCTION dsn_store.heard_now() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.heard_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION dsn_store.heard_now() IS 'Notes when a mark was read.';
CREATE TRIGGER source_marks_heard
    BEFORE INSERT OR UPDATE ON dsn_store.source_marks
    FOR EACH ROW EXECUTE FUNCTION dsn_store.heard_now();

CREATE TABLE dsn_store.source_hours (
    source text NOT NULL,
    hour timestamptz NOT NULL,
    changes bigint NOT NULL,
    PRIMARY KEY (source, hour)
);
COMMENT ON TABLE dsn_store.source_hours IS
    'Changes of each source that had been read by the end of each hour, as last seen.';
COMMENT ON COLUMN dsn_store.source_hours.source IS 'Source.';
COMMENT ON COLUMN dsn_store.source_hours.hour IS 'Beginning of the hour.';
COMMENT ON COLUMN dsn_store.source_hours.changes IS 'Changes since its journal began.';

CREATE TABLE dsn_store.alarms (
    place integer PRIMARY KEY,
    kind text NOT NULL,
    level text NOT NULL CHECK (level IN ('warning', 'error')),
    subject text NOT NULL,
    measure_fr text NOT NULL,
    measure_en text NOT NULL,
    since timestamptz
);
COMMENT ON TABLE dsn_store.alarms IS 'What is not as it should be, as of the last look.';
COMMENT ON COLUMN dsn_store.alarms.place IS 'The worst first.';
COMMENT ON COLUMN dsn_store.alarms.kind IS 'Kind; also the name of its runbook.';
COMMENT ON COLUMN dsn_store.alarms.level IS 'warning or error.';
COMMENT ON COLUMN dsn_store.alarms.subject IS 'Source, reader, disk, certificate or service.';
COMMENT ON COLUMN dsn_store.alarms.measure_fr IS 'How much, in French.';
COMMENT ON COLUMN dsn_store.alarms.measure_en IS 'How much, in English.';
COMMENT ON COLUMN dsn_store.alarms.since IS 'Since when, where that is known.';

CREATE TABLE dsn_store.alarms_looked (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    at timestamptz NOT NULL
);
COMMENT ON TABLE dsn_store.alarms_looked IS 'When somebody looked last.';
COMMENT ON COLUMN dsn_store.alarms_looked.single IS 'There is one row.';
COMMENT ON COLUMN dsn_store.alarms_looked.at IS 'When.';

CREATE VIEW dsn.alarms AS
SELECT a.kind, a.level, a.subject, a.measure_fr, a.measure_en, a.since, a.place, l.at AS looked_at
FROM dsn_store.alarms_looked AS l
LEFT JOIN dsn_store.alarms AS a ON true;
COMMENT ON VIEW dsn.alarms IS
    'What is not as it should be; one row without a kind when nothing is, no row when nobody looked yet.';
COMMENT ON COLUMN dsn.alarms.kind IS 'Kind; its runbook is deploy/runbooks/<kind>.md.';
COMMENT ON COLUMN dsn.alarms.level IS 'warning or error.';
COMMENT ON COLUMN dsn.alarms.subject IS 'Source, reader, disk, certificate or service.';
COMMENT ON COLUMN dsn.alarms.measure_fr IS 'How much, in French.';
COMMENT ON COLUMN dsn.alarms.measure_en IS 'How much, in English.';
COMMENT ON COLUMN dsn.alarms.since IS 'Since when, where that is known.';
COMMENT ON COLUMN dsn.alarms.place IS 'The worst first.';
COMMENT ON COLUMN dsn.alarms.looked_at IS 'When somebody looked: an old look is an alarm by itself.';
GRANT SELECT ON dsn.alarms TO dsn_reader;
