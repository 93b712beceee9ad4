-- What the audit consumer writes, and the log of who read what. Both logs are append-only and
-- chained: each row's hash covers the row before it, so a change, a hole or a swap shows.

CREATE FUNCTION dsn_store.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION dsn_store.refuse_change() IS 'Refuses UPDATE, DELETE and TRUNCATE of a log.';

CREATE TABLE dsn_store.audit (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    section text NOT NULL,
    op text NOT NULL,
    standing smallint NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    item_digest bytea NOT NULL,
    content_digest bytea NOT NULL,
    captured_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (topic, "partition", "offset")
);
CREATE TRIGGER audit_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON dsn_store.audit
    FOR EACH STATEMENT EXECUTE FUNCTION dsn_store.refuse_change();
ALTER TABLE dsn_store.audit ENABLE ALWAYS TRIGGER audit_append_only;
COMMENT ON TABLE dsn_store.audit IS
    'One row per journal record, copies and unreadable ones included; no patient data.';
COMMENT ON COLUMN dsn_store.audit.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.audit."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.audit."offset" IS 'Offset.';
COMMENT ON COLUMN dsn_store.audit.source IS 'Source; empty when the record could not be read.';
COMMENT ON COLUMN dsn_store.audit.epoch IS 'Epoch; 0 when it could not be read.';
COMMENT ON COLUMN dsn_store.audit.seq IS 'Number; 0 when it could not be read.';
COMMENT ON COLUMN dsn_store.audit.section IS 'Section; unknown when it could not be read.';
COMMENT ON COLUMN dsn_store.audit.op IS 'upsert or delete; unknown when it could not be read.';
COMMENT ON COLUMN dsn_store.audit.standing IS
    '1 for a settled result or its end: no later preliminary one replaces it (dsn_schemas.standing).';
COMMENT ON COLUMN dsn_store.audit.record_id IS
    'Opaque id of the record: the person it would found; empty when it could not be read.';
COMMENT ON COLUMN dsn_store.audit.item_digest IS
    'First 16 bytes of the SHA-256 of source, record, section and item.';
COMMENT ON COLUMN dsn_store.audit.content_digest IS 'SHA-256 of the journal record.';
COMMENT ON COLUMN dsn_store.audit.captured_at IS 'Edge clock, or broker time.';
COMMENT ON COLUMN dsn_store.audit.stored_at IS 'Clock of the audit consumer.';
COMMENT ON COLUMN dsn_store.audit.previous_hash IS
    'Hash of the row before it of the same topic and partition; 32 zero bytes for the first.';
COMMENT ON COLUMN dsn_store.audit.hash IS 'SHA-256 of previous_hash and the row, see docs/views.md.';

CREATE TABLE dsn_store.audit_heads (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    rows bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (topic, "partition")
);
COMMENT ON TABLE dsn_store.audit_heads IS 'End of each chain: a cut tail shows against it.';
COMMENT ON COLUMN dsn_store.audit_heads.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.audit_heads."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.audit_heads.rows IS 'Rows in the chain.';
COMMENT ON COLUMN dsn_store.audit_heads.hash IS 'Hash of the last row.';

CREATE TABLE dsn_store.source_marks (
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    received bigint NOT NULL,
    duplicate bigint NOT NULL,
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (source, epoch)
);
COMMENT ON TABLE dsn_store.source_marks IS 'What each source last said of itself.';
COMMENT ON COLUMN dsn_store.source_marks.source IS 'Source.';
COMMENT ON COLUMN dsn_store.source_marks.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.source_marks.seq IS 'Highest number it has published.';
COMMENT ON COLUMN dsn_store.source_marks.received IS 'Changes it took in, duplicates included.';
COMMENT ON COLUMN dsn_store.source_marks.duplicate IS 'Of those, the ones that said nothing new.';
COMMENT ON COLUMN dsn_store.source_marks.sent_at IS 'Edge clock.';

CREATE TABLE dsn_store.source_lanes (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    complete bigint NOT NULL,
    read bigint NOT NULL,
    changes bigint NOT NULL,
    copies bigint NOT NULL,
    rejected bigint NOT NULL,
    captured_at timestamptz,
    runs_before bigint[] NOT NULL,
    runs_last bigint[] NOT NULL,
    PRIMARY KEY (topic, "partition", source, epoch)
);
COMMENT ON TABLE dsn_store.source_lanes IS
    'How far each source has been read in each partition; kept while reading, never by scanning.';
COMMENT ON COLUMN dsn_store.source_lanes.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.source_lanes."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.source_lanes.source IS 'Source.';
COMMENT ON COLUMN dsn_store.source_lanes.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.source_lanes.complete IS
    'Every number up to this one that belongs to the partition has been read.';
COMMENT ON COLUMN dsn_store.source_lanes.read IS
    'Highest number read, or said to be published before a mark that was read.';
COMMENT ON COLUMN dsn_store.source_lanes.changes IS 'Numbered changes, each once.';
COMMENT ON COLUMN dsn_store.source_lanes.copies IS 'Further copies of them.';
COMMENT ON COLUMN dsn_store.source_lanes.rejected IS 'Of the changes, messages the edge rejected.';
COMMENT ON COLUMN dsn_store.source_lanes.captured_at IS 'Edge clock of the latest change.';
COMMENT ON COLUMN dsn_store.source_lanes.runs_before IS
    'Number before each unbroken run: itself missing, unless it is 0.';
COMMENT ON COLUMN dsn_store.source_lanes.runs_last IS 'Last number of each run.';

CREATE TABLE dsn_store.access_log (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    establishment text NOT NULL,
    action text NOT NULL,
    person_id text COLLATE "C" NOT NULL,
    sections text[] NOT NULL,
    purpose text NOT NULL,
    outcome text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX access_log_person ON dsn_store.access_log (person_id);
CREATE TRIGGER access_log_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON dsn_store.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION dsn_store.refuse_change();
ALTER TABLE dsn_store.access_log ENABLE ALWAYS TRIGGER access_log_append_only;
COMMENT ON TABLE dsn_store.access_log IS 'Who read what, when and why (R-22.1, s. 103).';
COMMENT ON COLUMN dsn_store.access_log.number IS 'Gapless number, from 1.';
COMMENT ON COLUMN dsn_store.access_log.at IS 'When.';
COMMENT ON COLUMN dsn_store.access_log.actor IS 'Who.';
COMMENT ON COLUMN dsn_store.access_log.role IS 'Role at that moment.';
COMMENT ON COLUMN dsn_store.access_log.establishment IS 'Where the actor works.';
COMMENT ON COLUMN dsn_store.access_log.action IS 'search, read, print, export.';
COMMENT ON COLUMN dsn_store.access_log.person_id IS 'Person; empty for a search.';
COMMENT ON COLUMN dsn_store.access_log.sections IS 'Which information.';
COMMENT ON COLUMN dsn_store.access_log.purpose IS 'Why, as the actor declared it.';
COMMENT ON COLUMN dsn_store.access_log.outcome IS 'shown, refused, failed.';
COMMENT ON COLUMN dsn_store.access_log.previous_hash IS 'Hash of the row before it.';
COMMENT ON COLUMN dsn_store.access_log.hash IS 'SHA-256 of previous_hash and the row.';

CREATE FUNCTION dsn_store.netstring(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT octet_length(convert_to(value, 'UTF8')) || ':' || value || ','
$$;
COMMENT ON FUNCTION dsn_store.netstring(text) IS
    'Length in bytes, colon, value, comma: no two lists of values read the same.';

CREATE FUNCTION dsn_store.chain_access() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last dsn_store.access_log;
    canonical text;
BEGIN
    -- One writer at a time until it commits: the chain has one end.
    PERFORM pg_advisory_xact_lock(hashtextextended('dsn access log', 0));
    SELECT l.* INTO last FROM dsn_store.access_log AS l ORDER BY l.number DESC LIMIT 1;
    NEW.number := coalesce(last.number, 0) + 1;
    NEW.at := coalesce(NEW.at, clock_timestamp());
    NEW.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    canonical := (
        SELECT string_agg(dsn_store.netstring(field), '' ORDER BY place)
        FROM unnest(
            ARRAY[
                NEW.number::text,
                (extract(epoch FROM NEW.at) * 1000000)::bigint::text,
                NEW.actor, NEW.role, NEW.establishment, NEW.action, NEW.person_id
            ] || NEW.sections || ARRAY[NEW.purpose, NEW.outcome]
        ) WITH ORDINALITY AS fields (field, place)
    );
    NEW.hash := sha256(NEW.previous_hash || convert_to(canonical, 'UTF8'));
    INSERT INTO dsn_store.access_log VALUES (
        NEW.number, NEW.at, NEW.actor, NEW.role, NEW.establishment, NEW.action, NEW.person_id,
        NEW.sections, NEW.purpose, NEW.outcome, NEW.previous_hash, NEW.hash
    );
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION dsn_store.chain_access() IS
    'Numbers and chains a line of the access log, whatever number and hash it came with.';
