-- The whole schema: every migration, in order. Made by tests/consumers/make_schema.py.

-- What the store consumer writes: charts, links, barriers, quarantine, and how far it has read.
-- Readers never come here: their contract is the views of schema dsn.

CREATE SCHEMA dsn_store;
CREATE SCHEMA dsn;
COMMENT ON SCHEMA dsn_store IS 'Tables of the store and audit consumers; no contract, may change.';
COMMENT ON SCHEMA dsn IS 'The reading contract: documented views over the central store.';

CREATE TABLE dsn_store.topics (
    topic text PRIMARY KEY,
    topic_id text NOT NULL,
    partitions integer NOT NULL CHECK (partitions > 0)
);
COMMENT ON TABLE dsn_store.topics IS
    'Topics as the consumers found them. A partition nobody has heard of yet holds completeness back.';
COMMENT ON COLUMN dsn_store.topics.topic IS 'Name.';
COMMENT ON COLUMN dsn_store.topics.topic_id IS
    'Id the broker gave at creation: offsets of a topic created anew say nothing of this one.';
COMMENT ON COLUMN dsn_store.topics.partitions IS 'Number of partitions.';

CREATE TABLE dsn_store.offsets (
    consumer text NOT NULL,
    topic text NOT NULL REFERENCES dsn_store.topics,
    "partition" integer NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (consumer, topic, "partition")
);
COMMENT ON TABLE dsn_store.offsets IS
    'Where each consumer goes on reading; moved in the transaction that writes what was read.';
COMMENT ON COLUMN dsn_store.offsets.consumer IS 'store or audit.';
COMMENT ON COLUMN dsn_store.offsets.topic IS 'Topic.';
COMMENT ON COLUMN dsn_store.offsets."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.offsets.next_offset IS 'First offset that is not in the tables.';

-- The key is a digest: an entry may be named by words of any length, an index row may not.
-- Documents are json and not jsonb: taking them in as they came costs a third, and the views, which
-- give them out as jsonb, read one chart at a time.
CREATE TABLE dsn_store.entries (
    person_id text COLLATE "C" NOT NULL,
    entry_digest uuid NOT NULL,
    section text NOT NULL,
    entry text NOT NULL,
    status text NOT NULL,
    conflicts text[] NOT NULL,
    as_of timestamptz NOT NULL,
    content_type text NOT NULL,
    content json,
    contributors json NOT NULL,
    provenance json NOT NULL,
    disagreements json NOT NULL,
    records text[] NOT NULL,
    sources text[] NOT NULL,
    epochs integer[] NOT NULL,
    seqs bigint[] NOT NULL,
    gone boolean NOT NULL,
    view_partition integer NOT NULL,
    view_offset bigint NOT NULL,
    PRIMARY KEY (person_id, entry_digest)
) WITH (fillfactor = 90);
-- Search asks of each candidate whether its demographics may be shown.
CREATE INDEX entries_demographics ON dsn_store.entries (person_id) WHERE section = 'demographics';
COMMENT ON TABLE dsn_store.entries IS
    'The newest state of every key of dsn.view; a row only moves forward in view_offset.';
COMMENT ON COLUMN dsn_store.entries.person_id IS 'Person.';
COMMENT ON COLUMN dsn_store.entries.entry_digest IS
    'First 16 bytes of the SHA-256 of section, separator and entry.';
COMMENT ON COLUMN dsn_store.entries.section IS 'Section of the chart.';
COMMENT ON COLUMN dsn_store.entries.entry IS 'Entry within the section.';
COMMENT ON COLUMN dsn_store.entries.status IS 'FHIR status of the leading contribution.';
COMMENT ON COLUMN dsn_store.entries.conflicts IS 'What the contributors disagree on.';
COMMENT ON COLUMN dsn_store.entries.as_of IS 'Latest instant of the contributions, at their source.';
COMMENT ON COLUMN dsn_store.entries.content_type IS
    'Record type of the content (Allergy, SectionStatement); empty when it was deleted.';
COMMENT ON COLUMN dsn_store.entries.content IS 'Content; null when every contribution was deleted.';
COMMENT ON COLUMN dsn_store.entries.contributors IS 'Record items behind the entry, leading first.';
COMMENT ON COLUMN dsn_store.entries.provenance IS 'Who each field of a merged entry came from.';
COMMENT ON COLUMN dsn_store.entries.disagreements IS
    'Every value of each field the contributors disagree on.';
COMMENT ON COLUMN dsn_store.entries.records IS 'Ids of the records behind the entry, each once.';
COMMENT ON COLUMN dsn_store.entries.sources IS 'Source of each contributor, in their order.';
COMMENT ON COLUMN dsn_store.entries.epochs IS 'Epoch of each contributor, in their order.';
COMMENT ON COLUMN dsn_store.entries.seqs IS 'Number of each contributor, in their order.';
COMMENT ON COLUMN dsn_store.entries.gone IS
    'The view no longer has this key; kept so that an older state cannot come back.';
COMMENT ON COLUMN dsn_store.entries.view_partition IS 'Partition of dsn.view it came from.';
COMMENT ON COLUMN dsn_store.entries.view_offset IS 'Offset it came from: the guard.';

CREATE TABLE dsn_store.links (
    record_id text COLLATE "C" PRIMARY KEY,
    authority text NOT NULL,
    number text NOT NULL,
    person_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    previous text NOT NULL,
    reasons text[] NOT NULL,
    link_partition integer NOT NULL,
    link_offset bigint NOT NULL
);
CREATE INDEX links_person ON dsn_store.links (person_id);
COMMENT ON TABLE dsn_store.links IS 'The person each record belongs to now (dsn.identity.links).';
COMMENT ON COLUMN dsn_store.links.record_id IS
    'Id of the person this record would found: an opaque name for (authority, number).';
COMMENT ON COLUMN dsn_store.links.authority IS 'Assigning authority.';
COMMENT ON COLUMN dsn_store.links.number IS 'Local number.';
COMMENT ON COLUMN dsn_store.links.person_id IS 'Person; empty while the record is linked to nobody.';
COMMENT ON COLUMN dsn_store.links.version IS 'Grows with each move of the record.';
COMMENT ON COLUMN dsn_store.links.previous IS 'Person before the move; empty for the first link.';
COMMENT ON COLUMN dsn_store.links.reasons IS 'Rules that decided.';
COMMENT ON COLUMN dsn_store.links.link_partition IS 'Partition of dsn.identity.links.';
COMMENT ON COLUMN dsn_store.links.link_offset IS 'Offset: the guard.';

-- Apart from links: a settled marker may be read before the link that it settles.
CREATE TABLE dsn_store.settled (
    record_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    person_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE dsn_store.settled IS
    'Newest link version of which all entries have arrived at their person.';
COMMENT ON COLUMN dsn_store.settled.record_id IS 'Record.';
COMMENT ON COLUMN dsn_store.settled.version IS 'Link version.';
COMMENT ON COLUMN dsn_store.settled.person_id IS 'Person of that version.';

CREATE TABLE dsn_store.record_sources (
    record_id text COLLATE "C" NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (record_id, source)
);
COMMENT ON TABLE dsn_store.record_sources IS
    'Which sources spoke of a record, as the contributors of the view say.';
COMMENT ON COLUMN dsn_store.record_sources.record_id IS 'Record.';
COMMENT ON COLUMN dsn_store.record_sources.source IS 'Source.';

CREATE TABLE dsn_store.search_terms (
    kind text COLLATE "C" NOT NULL,
    term text COLLATE "C" NOT NULL,
    person_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, term, person_id)
);
CREATE INDEX search_terms_person ON dsn_store.search_terms (person_id);
COMMENT ON TABLE dsn_store.search_terms IS
    'What people are looked up by, made from their demographics when these are stored.';
COMMENT ON COLUMN dsn_store.search_terms.kind IS 'name, nam, number or birth.';
COMMENT ON COLUMN dsn_store.search_terms.term IS
    'One word of a name without accents in lower case; a number without spaces; a date.';
COMMENT ON COLUMN dsn_store.search_terms.person_id IS 'Person.';

CREATE TABLE dsn_store.barriers (
    view_partition integer NOT NULL,
    topic text NOT NULL,
    "partition" integer NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    "position" bigint NOT NULL,
    seq bigint NOT NULL,
    as_of timestamptz,
    view_offset bigint NOT NULL,
    PRIMARY KEY (view_partition, topic, "partition", source, epoch)
);
COMMENT ON TABLE dsn_store.barriers IS
    'How far each partition of changes is contained in each partition of the view.';
COMMENT ON COLUMN dsn_store.barriers.view_partition IS 'Partition of dsn.view.';
COMMENT ON COLUMN dsn_store.barriers.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.barriers."partition" IS 'Partition of the changes topic.';
COMMENT ON COLUMN dsn_store.barriers.source IS 'Source; empty while the partition has none.';
COMMENT ON COLUMN dsn_store.barriers.epoch IS 'Epoch of the source.';
COMMENT ON COLUMN dsn_store.barriers."position" IS 'Everything below this offset is contained.';
COMMENT ON COLUMN dsn_store.barriers.seq IS 'Complete up to this number, as this partition goes.';
COMMENT ON COLUMN dsn_store.barriers.as_of IS 'Edge clock at that number.';
COMMENT ON COLUMN dsn_store.barriers.view_offset IS 'Offset it came from: the guard.';

CREATE TABLE dsn_store.quarantine (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    stage text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    captured_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (topic, "partition", "offset")
);
CREATE INDEX quarantine_source ON dsn_store.quarantine (source, epoch, seq);
COMMENT ON TABLE dsn_store.quarantine IS 'What no stage could use, byte for byte (dsn.quarantine).';
COMMENT ON COLUMN dsn_store.quarantine.topic IS 'Topic it was read from.';
COMMENT ON COLUMN dsn_store.quarantine."partition" IS 'Partition it was read from.';
COMMENT ON COLUMN dsn_store.quarantine."offset" IS 'Offset it was read at.';
COMMENT ON COLUMN dsn_store.quarantine.source IS 'Source as far as it is known.';
COMMENT ON COLUMN dsn_store.quarantine.epoch IS '0 when it could not be read.';
COMMENT ON COLUMN dsn_store.quarantine.seq IS '0 when it could not be read.';
COMMENT ON COLUMN dsn_store.quarantine.stage IS 'Stage that could not use it.';
COMMENT ON COLUMN dsn_store.quarantine.reason IS 'Reason class.';
COMMENT ON COLUMN dsn_store.quarantine.detail IS 'What, where and what to do.';
COMMENT ON COLUMN dsn_store.quarantine.captured_at IS 'Edge clock, or broker time.';
COMMENT ON COLUMN dsn_store.quarantine.payload IS 'The bytes as they were read.';

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

-- The reading contract: charts, people and logs.

CREATE VIEW dsn_store.linked_entries AS
SELECT e.*
FROM dsn_store.entries AS e
WHERE NOT e.gone
    AND cardinality(e.records) > 0
    AND NOT EXISTS (
        SELECT FROM unnest(e.records) AS r (record_id)
        LEFT JOIN dsn_store.links AS l ON l.record_id = r.record_id
        WHERE l.person_id IS DISTINCT FROM e.person_id
    );
COMMENT ON VIEW dsn_store.linked_entries IS
    'Entries all of whose records are linked to the entry''s person now; deleted ones included.';

CREATE VIEW dsn.entries AS
WITH visible AS (
    SELECT
        e.*,
        e.content_type = 'SectionStatement' AND e.content ->> 'code' = 'none-known' AS says_none,
        e.content_type <> 'SectionStatement'
            AND e.status NOT IN (
                'inactive', 'resolved', 'remission', 'stopped', 'cancelled', 'ended', 'revoked',
                'not-done', 'refuted'
            )
            AND NOT (e.section = 'medications' AND e.status = 'completed')
            AND coalesce(e.content ->> 'verification', '') NOT IN ('refuted', 'entered-in-error')
            AS says_some
    FROM dsn_store.linked_entries AS e
    WHERE e.content IS NOT NULL AND e.status <> 'entered-in-error'
),
contrasted AS (
    SELECT
        v.*,
        bool_or(v.says_none) OVER s AS some_say_none,
        bool_or(v.says_some) OVER s AS some_say_some
    FROM visible AS v
    WINDOW s AS (PARTITION BY v.person_id, v.section)
)
SELECT
    person_id,
    section,
    entry,
    content::jsonb AS content,
    contributors::jsonb AS contributors,
    as_of,
    CASE
        WHEN (says_none AND some_say_some) OR (says_some AND some_say_none)
            THEN conflicts || 'none-known-contradicted'::text
        ELSE conflicts
    END AS conflict,
    status,
    content_type,
    provenance::jsonb AS provenance,
    disagreements::jsonb AS disagreements
FROM contrasted;
COMMENT ON VIEW dsn.entries IS
    'Every entry of every chart that may be shown now: each of its records is linked to the person, it is not deleted and not entered in error.';
COMMENT ON COLUMN dsn.entries.person_id IS 'Person.';
COMMENT ON COLUMN dsn.entries.section IS 'Section of the chart (demographics, allergies...).';
COMMENT ON COLUMN dsn.entries.entry IS
    'Entry within the section: system and code where two records can mean the same, "statement" for what is said of the whole section, "patient" for demographics.';
COMMENT ON COLUMN dsn.entries.content IS 'Content as docs/catalogue.md describes content_type.';
COMMENT ON COLUMN dsn.entries.contributors IS
    'Array of {source, authority, number, item, epoch, seq, op, status, occurred_at, captured_at}, the leading one first; instants in ISO 8601, UTC.';
COMMENT ON COLUMN dsn.entries.as_of IS 'Latest instant of the contributions, at their source.';
COMMENT ON COLUMN dsn.entries.conflict IS
    'What the contributors disagree on; none-known-contradicted when "none known" stands beside an active entry.';
COMMENT ON COLUMN dsn.entries.status IS 'FHIR status of the leading contribution; empty: none.';
COMMENT ON COLUMN dsn.entries.content_type IS 'Record type of the content, such as Allergy.';
COMMENT ON COLUMN dsn.entries.provenance IS
    'Array of {field, contributors, rule} for an entry merged field by field (demographics): positions in contributors, from 0, and the rule that chose.';
COMMENT ON COLUMN dsn.entries.disagreements IS
    'Array of {field, value, contributors}: every value given for each disputed field, the one shown included, in the shape it has in content; positions in contributors, from 0. A disputed status stands with its contributor.';

CREATE VIEW dsn.chart_sections AS
SELECT
    p.person_id,
    s.section,
    CASE
        WHEN e.entries > 0 THEN 'known'
        WHEN e.statement IS NOT NULL THEN e.statement
        ELSE 'nothing-received'
    END AS state,
    coalesce(e.entries, 0) AS entries
FROM (SELECT DISTINCT person_id FROM dsn_store.links WHERE person_id <> '') AS p
CROSS JOIN (
    VALUES
        ('demographics'), ('encounters'), ('allergies'), ('medications'), ('problems'),
        ('immunizations'), ('results'), ('procedures'), ('documents'), ('directives'),
        ('alerts'), ('restrictions')
) AS s (section)
LEFT JOIN (
    SELECT
        person_id,
        section,
        count(*) FILTER (WHERE content_type <> 'SectionStatement') AS entries,
        max(content ->> 'code') FILTER (WHERE content_type = 'SectionStatement') AS statement
    FROM dsn.entries
    GROUP BY person_id, section
) AS e ON e.person_id = p.person_id AND e.section = s.section;
COMMENT ON VIEW dsn.chart_sections IS 'What is known of each section of each person''s chart.';
COMMENT ON COLUMN dsn.chart_sections.person_id IS 'Person.';
COMMENT ON COLUMN dsn.chart_sections.section IS 'Section of the chart.';
COMMENT ON COLUMN dsn.chart_sections.state IS
    'known: it has entries; none-known, not-asked, unavailable or withheld: a source said so; nothing-received: no source said anything, which is not "none".';
COMMENT ON COLUMN dsn.chart_sections.entries IS 'Entries to show, statements not counted.';

CREATE VIEW dsn_store.unsettled AS
SELECT l.record_id, l.authority, l.number, l.person_id, l.version
FROM dsn_store.links AS l
LEFT JOIN dsn_store.settled AS s ON s.record_id = l.record_id
WHERE l.person_id = ''
    OR (
        (l.version > 1 OR l.person_id <> l.record_id)
        AND (s.version, s.person_id) IS DISTINCT FROM (l.version, l.person_id)
    );
COMMENT ON VIEW dsn_store.unsettled IS
    'Records on their way from one person to another, or linked to nobody.';

CREATE VIEW dsn.people_records AS
SELECT
    l.person_id, s.source, l.authority, l.number,
    NOT EXISTS (SELECT FROM dsn_store.unsettled AS u WHERE u.record_id = l.record_id) AS settled
FROM dsn_store.links AS l
INNER JOIN dsn_store.record_sources AS s ON s.record_id = l.record_id
WHERE l.person_id <> '';
COMMENT ON VIEW dsn.people_records IS
    'One row per record and source that spoke of it, with the person it belongs to now.';
COMMENT ON COLUMN dsn.people_records.person_id IS 'Person.';
COMMENT ON COLUMN dsn.people_records.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.people_records.authority IS 'Assigning authority of the record.';
COMMENT ON COLUMN dsn.people_records.number IS 'Local number of the record.';
COMMENT ON COLUMN dsn.people_records.settled IS
    'False while entries of the record are on their way to this person.';

CREATE VIEW dsn.people_ids AS
SELECT record_id AS given_id, person_id FROM dsn_store.links WHERE person_id <> '';
COMMENT ON VIEW dsn.people_ids IS 'Every id ever given out, and the person it leads to now.';
COMMENT ON COLUMN dsn.people_ids.given_id IS 'Id a person has or had.';
COMMENT ON COLUMN dsn.people_ids.person_id IS 'Person.';

CREATE VIEW dsn.search_terms AS
SELECT t.kind, t.term, t.person_id
FROM dsn_store.search_terms AS t
INNER JOIN dsn_store.linked_entries AS e ON e.person_id = t.person_id
WHERE e.section = 'demographics' AND e.content IS NOT NULL AND e.status <> 'entered-in-error';
COMMENT ON VIEW dsn.search_terms IS
    'What people whose demographics may be shown are looked up by; see dsn_consumers.search.';
COMMENT ON COLUMN dsn.search_terms.kind IS 'name, nam, number or birth.';
COMMENT ON COLUMN dsn.search_terms.term IS
    'One word of a name without accents in lower case; a number without spaces; a date.';
COMMENT ON COLUMN dsn.search_terms.person_id IS 'Person.';

CREATE VIEW dsn.quarantine AS
SELECT
    source, epoch, seq, stage, reason, detail, topic, "partition", "offset", captured_at, payload
FROM dsn_store.quarantine;
COMMENT ON VIEW dsn.quarantine IS 'What no stage could use, byte for byte, with its reason.';
COMMENT ON COLUMN dsn.quarantine.source IS 'Source as far as it is known.';
COMMENT ON COLUMN dsn.quarantine.epoch IS 'Epoch; 0 when it could not be read.';
COMMENT ON COLUMN dsn.quarantine.seq IS 'Number; 0 when it could not be read.';
COMMENT ON COLUMN dsn.quarantine.stage IS 'Stage that could not use it (edge, admit, unify...).';
COMMENT ON COLUMN dsn.quarantine.reason IS 'Reason class.';
COMMENT ON COLUMN dsn.quarantine.detail IS 'What, where and what to do; no patient data.';
COMMENT ON COLUMN dsn.quarantine.topic IS 'Topic it was read from.';
COMMENT ON COLUMN dsn.quarantine."partition" IS 'Partition it was read from.';
COMMENT ON COLUMN dsn.quarantine."offset" IS 'Offset it was read at.';
COMMENT ON COLUMN dsn.quarantine.captured_at IS 'Edge clock, or broker time.';
COMMENT ON COLUMN dsn.quarantine.payload IS 'The bytes as they were read: patient data.';

CREATE VIEW dsn.audit AS
SELECT
    topic, "partition", "offset", source, epoch, seq, section, op, item_digest, content_digest,
    captured_at, stored_at, previous_hash, hash, record_id, standing
FROM dsn_store.audit;
COMMENT ON VIEW dsn.audit IS
    'One row per journal record, copies and unreadable ones included; hash-chained by topic and partition, append-only, no patient data.';
COMMENT ON COLUMN dsn.audit.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn.audit."partition" IS 'Partition.';
COMMENT ON COLUMN dsn.audit."offset" IS 'Offset.';
COMMENT ON COLUMN dsn.audit.source IS 'Source; empty when the record could not be read.';
COMMENT ON COLUMN dsn.audit.epoch IS 'Epoch; 0 when it could not be read.';
COMMENT ON COLUMN dsn.audit.seq IS 'Number; 0 when it could not be read.';
COMMENT ON COLUMN dsn.audit.section IS 'Section; unknown when it could not be read.';
COMMENT ON COLUMN dsn.audit.op IS 'upsert or delete; unknown when it could not be read.';
COMMENT ON COLUMN dsn.audit.item_digest IS
    'First 16 bytes of the SHA-256 of source, record, section and item.';
COMMENT ON COLUMN dsn.audit.content_digest IS 'SHA-256 of the journal record.';
COMMENT ON COLUMN dsn.audit.captured_at IS 'Edge clock, or broker time.';
COMMENT ON COLUMN dsn.audit.stored_at IS 'Clock of the audit consumer.';
COMMENT ON COLUMN dsn.audit.previous_hash IS 'Hash of the row before it; 32 zero bytes: the first.';
COMMENT ON COLUMN dsn.audit.hash IS 'SHA-256 of previous_hash and the row.';
COMMENT ON COLUMN dsn.audit.record_id IS 'Opaque id of the record; see dsn.people_ids.';
COMMENT ON COLUMN dsn.audit.standing IS
    '1 for a settled result or its end: no later preliminary one replaces it.';

CREATE VIEW dsn.access AS
SELECT
    number, at, actor, role, establishment, action, person_id, sections, purpose, outcome,
    previous_hash, hash
FROM dsn_store.access_log;
CREATE TRIGGER access_chained INSTEAD OF INSERT ON dsn.access
    FOR EACH ROW EXECUTE FUNCTION dsn_store.chain_access();
COMMENT ON VIEW dsn.access IS
    'Who read what, when and why; hash-chained, append-only. Insert a line and commit it before anything is shown; number and hashes are given here.';
COMMENT ON COLUMN dsn.access.number IS 'Gapless number, from 1.';
COMMENT ON COLUMN dsn.access.at IS 'When.';
COMMENT ON COLUMN dsn.access.actor IS 'Who.';
COMMENT ON COLUMN dsn.access.role IS 'Role at that moment.';
COMMENT ON COLUMN dsn.access.establishment IS 'Where the actor works.';
COMMENT ON COLUMN dsn.access.action IS 'search, read, print, export.';
COMMENT ON COLUMN dsn.access.person_id IS 'Person; empty for a search.';
COMMENT ON COLUMN dsn.access.sections IS 'Which information.';
COMMENT ON COLUMN dsn.access.purpose IS 'Why, as the actor declared it.';
COMMENT ON COLUMN dsn.access.outcome IS 'shown, refused, failed.';
COMMENT ON COLUMN dsn.access.previous_hash IS 'Hash of the row before it.';
COMMENT ON COLUMN dsn.access.hash IS 'SHA-256 of previous_hash and the row.';

-- The books: how far each source has come, and the one fate of each of its changes.

CREATE VIEW dsn_store.source_progress AS
WITH contained AS (
    SELECT b.source, b.epoch, b.topic, count(*) AS barriers, min(b.seq) AS seq, min(b.as_of) AS as_of
    FROM dsn_store.barriers AS b
    WHERE b.source <> ''
    GROUP BY b.source, b.epoch, b.topic
),
complete AS (
    -- A partition without a barrier holds the number at 0.
    SELECT
        c.source,
        c.epoch,
        min(CASE WHEN c.barriers >= t.partitions * v.partitions THEN c.seq ELSE 0 END) AS seq,
        min(CASE WHEN c.barriers >= t.partitions * v.partitions THEN c.as_of END) AS as_of
    FROM contained AS c
    LEFT JOIN dsn_store.topics AS t ON t.topic = c.topic
    LEFT JOIN dsn_store.topics AS v ON v.topic = 'dsn.view'
    GROUP BY c.source, c.epoch
),
lanes AS (
    SELECT
        l.source, l.epoch, l.topic,
        count(*) AS lanes,
        min(l.complete) AS complete,
        min(l.read) AS read,
        sum(l.changes) AS changes,
        sum(l.copies) AS copies,
        sum(l.rejected) AS rejected,
        max(l.captured_at) AS captured_at
    FROM dsn_store.source_lanes AS l
    GROUP BY l.source, l.epoch, l.topic
),
read AS (
    SELECT
        l.source, l.epoch,
        min(CASE WHEN l.lanes >= t.partitions THEN l.complete ELSE 0 END) AS complete,
        min(CASE WHEN l.lanes >= t.partitions THEN l.read ELSE 0 END) AS read,
        sum(l.changes)::bigint AS changes,
        sum(l.copies)::bigint AS copies,
        sum(l.rejected)::bigint AS rejected,
        max(l.captured_at) AS captured_at
    FROM lanes AS l
    LEFT JOIN dsn_store.topics AS t ON t.topic = l.topic
    GROUP BY l.source, l.epoch
)
SELECT
    source,
    epoch,
    coalesce(r.complete, 0) AS seq_received,
    coalesce(r.read, 0) AS seq_read,
    coalesce(c.seq, 0) AS seq_complete,
    c.as_of,
    coalesce(m.seq, 0) AS seq_published,
    coalesce(m.received, 0) AS received,
    coalesce(m.duplicate, 0) AS duplicate,
    m.sent_at,
    coalesce(r.changes, 0) AS changes,
    coalesce(r.copies, 0) AS copies,
    coalesce(r.rejected, 0) AS rejected,
    r.captured_at
FROM read AS r
FULL JOIN complete AS c USING (source, epoch)
FULL JOIN dsn_store.source_marks AS m USING (source, epoch);
COMMENT ON VIEW dsn_store.source_progress IS 'Every count per source and epoch, none by scanning.';

CREATE VIEW dsn.sources AS
SELECT source, epoch, seq_received, seq_complete, as_of, received, duplicate
FROM dsn_store.source_progress;
COMMENT ON VIEW dsn.sources IS 'How far the centre has come with each source.';
COMMENT ON COLUMN dsn.sources.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.sources.epoch IS 'Grows when the outbox of the source is recreated.';
COMMENT ON COLUMN dsn.sources.seq_received IS
    'Every change up to this number is in the audit log.';
COMMENT ON COLUMN dsn.sources.seq_complete IS
    'Every change up to this number is in the charts or in quarantine.';
COMMENT ON COLUMN dsn.sources.as_of IS 'Edge clock at seq_complete.';
COMMENT ON COLUMN dsn.sources.received IS
    'Changes the edge says it took in, duplicates included.';
COMMENT ON COLUMN dsn.sources.duplicate IS 'Of those, the ones that said nothing new.';

CREATE VIEW dsn.source_status AS
SELECT
    p.source,
    sum(greatest(p.received, p.changes + p.duplicate))::bigint AS received,
    sum(greatest(p.received - p.duplicate - p.changes, 0))::bigint AS queued,
    sum(p.changes)::bigint AS stored,
    sum(p.rejected)::bigint AS errored,
    coalesce(max(q.quarantined), 0) AS quarantined,
    sum(p.duplicate + p.copies)::bigint AS duplicate,
    max(p.captured_at) AS last_change_at,
    max(p.sent_at) AS last_heard_at,
    max(p.epoch) AS epoch,
    (array_agg(p.seq_complete ORDER BY p.epoch DESC))[1] AS seq_complete,
    (array_agg(p.seq_published ORDER BY p.epoch DESC))[1] AS seq_published,
    (array_agg(p.as_of ORDER BY p.epoch DESC))[1] AS as_of
FROM dsn_store.source_progress AS p
LEFT JOIN (
    SELECT source, count(*) AS quarantined FROM dsn_store.quarantine GROUP BY source
) AS q ON q.source = p.source
GROUP BY p.source;
COMMENT ON VIEW dsn.source_status IS 'One row per source for the status page; cheap to read.';
COMMENT ON COLUMN dsn.source_status.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.source_status.received IS 'Changes the edge took in, duplicates included.';
COMMENT ON COLUMN dsn.source_status.queued IS 'Of those, not in the journal yet.';
COMMENT ON COLUMN dsn.source_status.stored IS 'Changes in the audit log, each once.';
COMMENT ON COLUMN dsn.source_status.errored IS 'Messages the edge could not map (AE, AR).';
COMMENT ON COLUMN dsn.source_status.quarantined IS
    'Set aside by any stage, the errored ones included.';
COMMENT ON COLUMN dsn.source_status.duplicate IS 'Said nothing new, at the edge or in the journal.';
COMMENT ON COLUMN dsn.source_status.last_change_at IS 'Edge clock of the latest change.';
COMMENT ON COLUMN dsn.source_status.last_heard_at IS 'Edge clock of the latest mark.';
COMMENT ON COLUMN dsn.source_status.epoch IS 'Current epoch.';
COMMENT ON COLUMN dsn.source_status.seq_complete IS 'Complete up to this number of the epoch.';
COMMENT ON COLUMN dsn.source_status.seq_published IS 'Highest number published in the epoch.';
COMMENT ON COLUMN dsn.source_status.as_of IS 'Edge clock at seq_complete.';

-- One row per numbered change of the journal, with the fate its own evidence gives it.
CREATE VIEW dsn_store.fates AS
WITH waiting AS (
    SELECT record_id FROM dsn_store.unsettled
    UNION
    SELECT s.record_id
    FROM dsn_store.record_sources AS s
    WHERE NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = s.record_id)
),
-- Everything known of each number, to be brought together in one pass: joins took twice as long.
evidence AS (
    SELECT
        a.source, a.epoch, a.seq, a.section, a.record_id, a.item_digest,
        -- The order of dsn_schemas.standing in one number: standing, then epoch, then seq.
        (a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq AS rank,
        1 AS rows, false AS shown, false AS quarantined, false AS held
    FROM dsn_store.audit AS a
    WHERE a.seq > 0
    UNION ALL
    -- As dsn_store.linked_entries, but most entries have one record, and a join is faster then.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.entries AS e
    INNER JOIN dsn_store.links AS l ON l.record_id = e.records[1] AND l.person_id = e.person_id
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND (
            cardinality(e.records) = 1
            OR NOT EXISTS (
                SELECT FROM unnest(e.records) AS r (record_id)
                LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
                WHERE o.person_id IS DISTINCT FROM e.person_id
            )
        )
    UNION ALL
    SELECT q.source, q.epoch, q.seq, NULL, NULL, NULL, NULL, 0, false, true, false
    FROM dsn_store.quarantine AS q
    UNION ALL
    -- Entries that stay hidden because one of their records is on its way.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, false, false, true
    FROM dsn_store.entries AS e
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND e.records && (SELECT coalesce(array_agg(w.record_id), '{}') FROM waiting AS w)
),
journal AS (
    SELECT
        source, epoch, seq,
        any_value(section) AS section,
        any_value(record_id) AS record_id,
        any_value(item_digest) AS item_digest,
        max(rank) AS rank,
        sum(rows) - 1 AS copies,
        bool_or(shown) AS shown,
        bool_or(quarantined) AS quarantined,
        bool_or(held) AS held
    FROM evidence
    GROUP BY source, epoch, seq
    HAVING sum(rows) > 0
),
newest AS (
    SELECT item_digest, max(rank) AS rank FROM journal WHERE NOT quarantined GROUP BY item_digest
)
SELECT
    j.source, j.epoch, j.seq, j.section, j.record_id, j.copies,
    CASE
        WHEN j.quarantined THEN 'quarantined'
        WHEN j.shown THEN 'shown'
        WHEN j.section = 'claims' AND j.seq <= p.seq_complete THEN 'shown'
        WHEN j.rank < n.rank THEN 'superseded'
        WHEN j.seq > p.seq_complete THEN 'in_flight'
        WHEN j.held OR w.record_id IS NOT NULL THEN 'in_flight'
        ELSE 'unexplained'
    END AS fate
FROM journal AS j
LEFT JOIN newest AS n ON n.item_digest = j.item_digest
LEFT JOIN waiting AS w ON w.record_id = j.record_id
LEFT JOIN dsn_store.source_progress AS p ON p.source = j.source AND p.epoch = j.epoch;
COMMENT ON VIEW dsn_store.fates IS 'The one fate of each numbered change in the audit log.';

CREATE VIEW dsn.ledger AS
-- Materialized: or the whole log would be read once per source.
WITH counted AS MATERIALIZED (
    SELECT
        f.source, f.epoch,
        count(*) AS numbers,
        count(*) FILTER (WHERE f.seq <= p.seq_read) AS numbers_read,
        sum(f.copies) AS copies,
        max(f.seq) AS seq_last,
        count(*) FILTER (WHERE f.fate = 'shown') AS shown,
        count(*) FILTER (WHERE f.fate = 'superseded') AS superseded,
        count(*) FILTER (WHERE f.fate = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE f.fate = 'in_flight') AS in_flight,
        count(*) FILTER (WHERE f.fate = 'unexplained') AS unexplained
    FROM dsn_store.fates AS f
    LEFT JOIN dsn_store.source_progress AS p ON p.source = f.source AND p.epoch = f.epoch
    GROUP BY f.source, f.epoch
),
numbered AS (
    SELECT
        p.source,
        p.duplicate AS edge_duplicate,
        p.seq_read,
        -- Highest number the source has given out, as far as anybody heard.
        greatest(p.received - p.duplicate, p.seq_published, p.seq_read, c.seq_last) AS last,
        coalesce(c.numbers, 0) AS numbers,
        coalesce(c.numbers_read, 0) AS numbers_read,
        coalesce(c.copies, 0) AS copies,
        coalesce(c.shown, 0) AS shown,
        coalesce(c.superseded, 0) AS superseded,
        coalesce(c.quarantined, 0) AS quarantined,
        coalesce(c.in_flight, 0) AS in_flight,
        coalesce(c.unexplained, 0) AS unexplained
    FROM dsn_store.source_progress AS p
    LEFT JOIN counted AS c ON c.source = p.source AND c.epoch = p.epoch
),
-- Journal records that carry no number, unreadable ones above all: known by their place.
positions AS (
    SELECT b.topic, b."partition", min(b."position") AS "position"
    FROM (
        SELECT view_partition, topic, "partition", max("position") AS "position"
        FROM dsn_store.barriers
        GROUP BY view_partition, topic, "partition"
    ) AS b
    GROUP BY b.topic, b."partition"
    HAVING count(*) >= (SELECT t.partitions FROM dsn_store.topics AS t WHERE t.topic = 'dsn.view')
),
unnumbered AS (
    SELECT
        coalesce(nullif(a.source, ''), substring(a.topic FROM '[^.]*$')) AS source,
        count(*) AS received,
        count(q.topic) AS quarantined,
        count(*) FILTER (WHERE q.topic IS NULL AND a."offset" < p."position") AS unexplained
    FROM dsn_store.audit AS a
    LEFT JOIN dsn_store.quarantine AS q USING (topic, "partition", "offset")
    LEFT JOIN positions AS p USING (topic, "partition")
    WHERE a.seq <= 0
    GROUP BY 1
),
lines AS (
    SELECT
        source,
        last + edge_duplicate + copies AS received,
        shown,
        superseded,
        edge_duplicate + copies AS duplicate,
        quarantined,
        -- Beyond seq_read nobody has looked yet; below it, a number without a row is a loss.
        in_flight + (last - seq_read) - (numbers - numbers_read) AS in_flight,
        unexplained + seq_read - numbers_read AS unexplained
    FROM numbered
    UNION ALL
    SELECT
        source, received, 0, 0, 0, quarantined, received - quarantined - unexplained, unexplained
    FROM unnumbered
)
SELECT
    source,
    sum(received)::bigint AS received,
    sum(shown)::bigint AS shown,
    sum(superseded)::bigint AS superseded,
    sum(duplicate)::bigint AS duplicate,
    sum(quarantined)::bigint AS quarantined,
    sum(in_flight)::bigint AS in_flight,
    sum(unexplained)::bigint AS unexplained
FROM lines
GROUP BY source;
COMMENT ON VIEW dsn.ledger IS
    'One line per source: received = shown + superseded + duplicate + quarantined + in_flight + unexplained. Reads the whole audit log; dsn_consumers.ledger gives it the memory it wants.';
COMMENT ON COLUMN dsn.ledger.source IS
    'Establishment system; the establishment alone for records of its topic that nobody can read.';
COMMENT ON COLUMN dsn.ledger.received IS
    'Numbers given out by the source, plus duplicates at the edge, plus copies in the journal.';
COMMENT ON COLUMN dsn.ledger.shown IS
    'Contributors of an entry as it stands (deletions included), and claims taken into account.';
COMMENT ON COLUMN dsn.ledger.superseded IS
    'Replaced by a later change of the same record item that is not in quarantine.';
COMMENT ON COLUMN dsn.ledger.duplicate IS 'Said nothing new at the edge, or a copy in the journal.';
COMMENT ON COLUMN dsn.ledger.quarantined IS 'Set aside with a reason.';
COMMENT ON COLUMN dsn.ledger.in_flight IS
    'Not in the journal yet, not in the view yet, or held until its record is linked and settled.';
COMMENT ON COLUMN dsn.ledger.unexplained IS 'The rest: 0 unless something was lost.';

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

-- Receipts to the outboxes, holes in their numbers, requests to send again, and how full they are.

CREATE TABLE dsn_store.identity (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    store uuid NOT NULL DEFAULT gen_random_uuid(),
    issued bigint NOT NULL DEFAULT 0
);
INSERT INTO dsn_store.identity DEFAULT VALUES;
COMMENT ON TABLE dsn_store.identity IS 'Which store this is: a store made anew is another one.';
COMMENT ON COLUMN dsn_store.identity.one IS 'There is one row.';
COMMENT ON COLUMN dsn_store.identity.store IS 'Given when the tables were made.';
COMMENT ON COLUMN dsn_store.identity.issued IS 'Looks at the store that receipts were issued from.';

-- By topic and source: a source is what one establishment says, whatever others call theirs.
CREATE VIEW dsn_store.receipt_progress AS
WITH contained AS (
    SELECT topic, source, epoch, count(*) AS barriers, min(seq) AS seq
    FROM dsn_store.barriers
    WHERE source <> ''
    GROUP BY topic, source, epoch
),
read AS (
    SELECT topic, source, epoch, count(*) AS lanes, min(complete) AS complete, max(read) AS seen
    FROM dsn_store.source_lanes
    WHERE source <> ''
    GROUP BY topic, source, epoch
)
SELECT
    r.topic, r.source, r.epoch,
    CASE
        WHEN r.lanes >= t.partitions AND c.barriers >= t.partitions * v.partitions
            THEN least(r.complete, c.seq)
        ELSE 0
    END AS complete,
    r.seen
FROM read AS r
INNER JOIN dsn_store.topics AS t ON t.topic = r.topic
LEFT JOIN dsn_store.topics AS v ON v.topic = 'dsn.view'
LEFT JOIN contained AS c ON c.topic = r.topic AND c.source = r.source AND c.epoch = r.epoch;
COMMENT ON VIEW dsn_store.receipt_progress IS
    'Up to where everything of a source is in the audit log and behind the barriers, and the highest number seen.';

CREATE TABLE dsn_store.gaps (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    "after" bigint NOT NULL,
    upto bigint NOT NULL,
    since timestamptz NOT NULL,
    asked integer NOT NULL DEFAULT 0,
    asked_at timestamptz,
    reason text,
    explained_by text,
    explained_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (topic, "partition", source, epoch, "after", upto)
);
CREATE INDEX gaps_source ON dsn_store.gaps (source, epoch);
COMMENT ON TABLE dsn_store.gaps IS 'Holes in the numbers of a source, open and closed ones.';
COMMENT ON COLUMN dsn_store.gaps.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.gaps."partition" IS 'Partition that misses them.';
COMMENT ON COLUMN dsn_store.gaps.source IS 'Source.';
COMMENT ON COLUMN dsn_store.gaps.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.gaps."after" IS 'Last number before the hole.';
COMMENT ON COLUMN dsn_store.gaps.upto IS 'Last number that is missing.';
COMMENT ON COLUMN dsn_store.gaps.since IS 'When it was noticed.';
COMMENT ON COLUMN dsn_store.gaps.asked IS 'How often the outbox was asked to send again.';
COMMENT ON COLUMN dsn_store.gaps.asked_at IS 'When last.';
COMMENT ON COLUMN dsn_store.gaps.reason IS 'Why an operator says that it stays.';
COMMENT ON COLUMN dsn_store.gaps.explained_by IS 'Who says so.';
COMMENT ON COLUMN dsn_store.gaps.explained_at IS 'When.';
COMMENT ON COLUMN dsn_store.gaps.closed_at IS 'When it was seen to be filled.';

CREATE TABLE dsn_store.resend_requests (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    "after" bigint NOT NULL,
    upto bigint NOT NULL,
    "partition" integer NOT NULL,
    fill boolean NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX resend_requests_waiting ON dsn_store.resend_requests (number)
    WHERE published_at IS NULL;
COMMENT ON TABLE dsn_store.resend_requests IS 'What outboxes were asked to send again.';
COMMENT ON COLUMN dsn_store.resend_requests.number IS 'Grows; an outbox serves each once.';
COMMENT ON COLUMN dsn_store.resend_requests.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn_store.resend_requests.source IS 'Source.';
COMMENT ON COLUMN dsn_store.resend_requests.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.resend_requests."after" IS 'Everything above this number.';
COMMENT ON COLUMN dsn_store.resend_requests.upto IS 'Last number wanted; 0: all there are.';
COMMENT ON COLUMN dsn_store.resend_requests."partition" IS 'Partition that misses them; -1: any.';
COMMENT ON COLUMN dsn_store.resend_requests.fill IS 'Whether a hole is to be filled with its reason.';
COMMENT ON COLUMN dsn_store.resend_requests.reason IS 'Why.';
COMMENT ON COLUMN dsn_store.resend_requests.asked_at IS 'When.';
COMMENT ON COLUMN dsn_store.resend_requests.published_at IS 'When the request was on its topic.';

-- Holes between the runs of a lane, live; see dsn_consumers.lanes. And numbers that the audit log read
-- and the streams did not, though they are past their place: deleted in between.
CREATE VIEW dsn_store.holes AS
SELECT l.topic, l."partition", l.source, l.epoch, r.last AS "after", r.upto
FROM dsn_store.source_lanes AS l
CROSS JOIN LATERAL (
    SELECT u.last, lead(u.first) OVER (ORDER BY u.first) AS upto
    FROM unnest(l.runs_before, l.runs_last) AS u (first, last)
) AS r
WHERE cardinality(l.runs_before) > 1 AND r.upto > r.last
UNION
SELECT b.topic, b."partition", b.source, b.epoch, b.seq AS "after", n.seq AS upto
FROM (
    SELECT topic, "partition", source, epoch, max(seq) AS seq, min("position") AS "position"
    FROM dsn_store.barriers
    WHERE source <> ''
    GROUP BY topic, "partition", source, epoch
) AS b
INNER JOIN dsn_store.source_lanes AS l
    ON l.topic = b.topic AND l."partition" = b."partition" AND l.source = b.source AND l.epoch = b.epoch
CROSS JOIN LATERAL (
    SELECT a.seq, a."offset"
    FROM dsn_store.audit AS a
    WHERE a.source = b.source AND a.epoch = b.epoch AND a.seq > b.seq
        AND a.topic = b.topic AND a."partition" = b."partition"
    ORDER BY a.seq, a."offset"
    LIMIT 1
) AS n
WHERE l.complete > b.seq AND n."offset" < b."position";
COMMENT ON VIEW dsn_store.holes IS
    'Numbers that never arrived though later ones did, now: in the audit log, or at the streams.';

CREATE VIEW dsn.gaps AS
SELECT
    source,
    epoch,
    "after",
    upto,
    coalesce(g.since, now()) AS since,
    CASE
        WHEN h.upto IS NULL AND g.explained_at IS NOT NULL THEN 'explained'
        WHEN h.upto IS NULL THEN 'closed'
        WHEN g.explained_at IS NOT NULL THEN 'explained'
        WHEN g.asked > 0 THEN 'asked'
        ELSE 'open'
    END AS state,
    topic,
    "partition",
    coalesce(g.asked, 0) AS asked,
    g.reason,
    g.explained_by,
    g.closed_at
FROM dsn_store.holes AS h
FULL JOIN dsn_store.gaps AS g USING (topic, "partition", source, epoch, "after", upto);
COMMENT ON VIEW dsn.gaps IS
    'Holes in the numbers of each source. An open or asked one holds back what is complete, and is an alarm.';
COMMENT ON COLUMN dsn.gaps.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.gaps.epoch IS 'Epoch of its numbers.';
COMMENT ON COLUMN dsn.gaps."after" IS 'Last number before the hole that went to this partition.';
COMMENT ON COLUMN dsn.gaps.upto IS
    'Last number that is missing. Of those between, the ones that went to other partitions are there.';
COMMENT ON COLUMN dsn.gaps.since IS 'When it was noticed.';
COMMENT ON COLUMN dsn.gaps.state IS
    'open: just noticed; asked: the outbox was asked to send again; explained: an operator gave the reason; closed: filled.';
COMMENT ON COLUMN dsn.gaps.topic IS 'Changes topic.';
COMMENT ON COLUMN dsn.gaps."partition" IS 'Partition that misses them.';
COMMENT ON COLUMN dsn.gaps.asked IS 'How often the outbox was asked.';
COMMENT ON COLUMN dsn.gaps.reason IS 'Why an operator says that it stays.';
COMMENT ON COLUMN dsn.gaps.explained_by IS 'Who says so.';
COMMENT ON COLUMN dsn.gaps.closed_at IS 'When it was seen to be filled.';

ALTER TABLE dsn_store.source_marks
    ADD COLUMN unconfirmed bigint NOT NULL DEFAULT 0,
    ADD COLUMN unconfirmed_since timestamptz,
    ADD COLUMN outbox_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN outbox_bytes_max bigint NOT NULL DEFAULT 0,
    ADD COLUMN disk_free_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN disk_free_bytes_min bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN dsn_store.source_marks.unconfirmed IS 'Changes that no receipt covers.';
COMMENT ON COLUMN dsn_store.source_marks.unconfirmed_since IS 'Edge clock of the oldest of them.';
COMMENT ON COLUMN dsn_store.source_marks.outbox_bytes IS 'Bytes of the outbox in use.';
COMMENT ON COLUMN dsn_store.source_marks.outbox_bytes_max IS 'Bytes at which it refuses; 0: not told.';
COMMENT ON COLUMN dsn_store.source_marks.disk_free_bytes IS 'Bytes free on its disk.';
COMMENT ON COLUMN dsn_store.source_marks.disk_free_bytes_min IS
    'Bytes free at which it refuses; 0: not told.';

CREATE VIEW dsn.outboxes AS
SELECT DISTINCT ON (source)
    source,
    epoch,
    unconfirmed,
    unconfirmed_since,
    outbox_bytes,
    outbox_bytes_max,
    disk_free_bytes,
    disk_free_bytes_min,
    sent_at AS told_at
FROM dsn_store.source_marks
ORDER BY source, epoch DESC;
COMMENT ON VIEW dsn.outboxes IS 'How full and how far behind each outbox last said it is.';
COMMENT ON COLUMN dsn.outboxes.source IS 'Establishment system.';
COMMENT ON COLUMN dsn.outboxes.epoch IS 'Its current epoch.';
COMMENT ON COLUMN dsn.outboxes.unconfirmed IS 'Changes that no receipt covers, of every epoch.';
COMMENT ON COLUMN dsn.outboxes.unconfirmed_since IS
    'Edge clock of the oldest of them: its age is the alarm. Null: there is none.';
COMMENT ON COLUMN dsn.outboxes.outbox_bytes IS 'Bytes in use.';
COMMENT ON COLUMN dsn.outboxes.outbox_bytes_max IS 'Bytes at which it refuses messages; 0: not told.';
COMMENT ON COLUMN dsn.outboxes.disk_free_bytes IS 'Bytes free on its disk.';
COMMENT ON COLUMN dsn.outboxes.disk_free_bytes_min IS
    'Bytes free at which it refuses messages; 0: not told.';
COMMENT ON COLUMN dsn.outboxes.told_at IS 'Edge clock of the mark that said so.';

-- Whether a number that comes again has the same bytes is asked by number.
ALTER TABLE dsn_store.audit ADD COLUMN schema_id integer;
CREATE INDEX audit_number ON dsn_store.audit (source, epoch, seq);
COMMENT ON COLUMN dsn_store.audit.schema_id IS
    'Schema the record was written with; null in rows from before it was kept.';

GRANT SELECT ON dsn.gaps, dsn.outboxes TO dsn_reader;

-- Who is who: the questions that wait for a steward, what stewards decided, where records have been.

CREATE TABLE dsn_store.reviews (
    record_a text COLLATE "C" NOT NULL,
    record_b text COLLATE "C" NOT NULL,
    authority_a text NOT NULL,
    number_a text NOT NULL,
    authority_b text NOT NULL,
    number_b text NOT NULL,
    kind text NOT NULL,
    reasons text[] NOT NULL,
    weight bigint NOT NULL,
    levels text[] NOT NULL,
    weights text NOT NULL,
    opened_at timestamptz NOT NULL,
    open boolean NOT NULL,
    review_partition integer NOT NULL,
    review_offset bigint NOT NULL,
    PRIMARY KEY (record_a, record_b)
);
CREATE INDEX reviews_open ON dsn_store.reviews (opened_at) WHERE open;
COMMENT ON TABLE dsn_store.reviews IS
    'Pairs of records that a person must look at, settled ones included (dsn.identity.reviews).';
COMMENT ON COLUMN dsn_store.reviews.record_a IS 'Id of the first record.';
COMMENT ON COLUMN dsn_store.reviews.record_b IS 'Id of the second record.';
COMMENT ON COLUMN dsn_store.reviews.authority_a IS 'Assigning authority of the first record.';
COMMENT ON COLUMN dsn_store.reviews.number_a IS 'Its local number.';
COMMENT ON COLUMN dsn_store.reviews.authority_b IS 'Assigning authority of the second record.';
COMMENT ON COLUMN dsn_store.reviews.number_b IS 'Its local number.';
COMMENT ON COLUMN dsn_store.reviews.kind IS 'doubt, blocked or contradiction.';
COMMENT ON COLUMN dsn_store.reviews.reasons IS 'Why it is not automatic.';
COMMENT ON COLUMN dsn_store.reviews.weight IS 'Weight of the comparison, 1/256 bit.';
COMMENT ON COLUMN dsn_store.reviews.levels IS 'The comparison, field by field, with its bits.';
COMMENT ON COLUMN dsn_store.reviews.weights IS 'Version of the weights.';
COMMENT ON COLUMN dsn_store.reviews.opened_at IS 'When it was first put on the list.';
COMMENT ON COLUMN dsn_store.reviews.open IS 'False when settled.';
COMMENT ON COLUMN dsn_store.reviews.review_partition IS 'Partition of dsn.identity.reviews.';
COMMENT ON COLUMN dsn_store.reviews.review_offset IS 'Offset: the guard.';

CREATE TABLE dsn_store.decisions (
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    section text NOT NULL,
    kind text NOT NULL,
    field text NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    authority text NOT NULL,
    number text NOT NULL,
    other_id text COLLATE "C" NOT NULL,
    other_authority text NOT NULL,
    other_number text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    decided_at timestamptz NOT NULL,
    "partition" integer NOT NULL,
    PRIMARY KEY (epoch, seq)
);
CREATE INDEX decisions_record ON dsn_store.decisions (record_id);
CREATE INDEX decisions_other ON dsn_store.decisions (other_id) WHERE other_id <> '';
COMMENT ON TABLE dsn_store.decisions IS
    'Every change that stewards wrote (dsn.changes.steward, which is kept for ever); a copy.';
COMMENT ON COLUMN dsn_store.decisions.epoch IS 'Epoch of the numbers.';
COMMENT ON COLUMN dsn_store.decisions.seq IS 'Number of the change, gapless.';
COMMENT ON COLUMN dsn_store.decisions.section IS
    'claims: a decision; demographics: the value of an override.';
COMMENT ON COLUMN dsn_store.decisions.kind IS 'link, unlink, not-same, override or undo.';
COMMENT ON COLUMN dsn_store.decisions.field IS 'Field of an override; empty for two records.';
COMMENT ON COLUMN dsn_store.decisions.record_id IS 'Id of the record.';
COMMENT ON COLUMN dsn_store.decisions.authority IS 'Assigning authority of the record.';
COMMENT ON COLUMN dsn_store.decisions.number IS 'Its local number.';
COMMENT ON COLUMN dsn_store.decisions.other_id IS 'Id of the other record; empty for an override.';
COMMENT ON COLUMN dsn_store.decisions.other_authority IS 'Assigning authority of the other record.';
COMMENT ON COLUMN dsn_store.decisions.other_number IS 'Its local number.';
COMMENT ON COLUMN dsn_store.decisions.actor IS 'Who decided.';
COMMENT ON COLUMN dsn_store.decisions.reason IS 'Why, in words.';
COMMENT ON COLUMN dsn_store.decisions.decided_at IS 'When.';
COMMENT ON COLUMN dsn_store.decisions."partition" IS 'Partition of dsn.changes.steward.';

ALTER TABLE dsn_store.links ADD COLUMN evidence json NOT NULL DEFAULT '[]';
COMMENT ON COLUMN dsn_store.links.evidence IS
    'What holds the record to others of its person: comparisons, claims and decisions.';

CREATE TABLE dsn_store.moves (
    record_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    person_id text COLLATE "C" NOT NULL,
    previous text COLLATE "C" NOT NULL,
    reasons text[] NOT NULL,
    evidence json NOT NULL,
    moved_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (record_id, version)
);
CREATE INDEX moves_previous ON dsn_store.moves (previous);
COMMENT ON TABLE dsn_store.moves IS
    'Every move of a record from one person to another that was read. The links topic is compacted: a store rebuilt from it knows the last move of each record.';
COMMENT ON COLUMN dsn_store.moves.record_id IS 'Record.';
COMMENT ON COLUMN dsn_store.moves.version IS 'Link version.';
COMMENT ON COLUMN dsn_store.moves.person_id IS 'Person from then on.';
COMMENT ON COLUMN dsn_store.moves.previous IS 'Person until then.';
COMMENT ON COLUMN dsn_store.moves.reasons IS 'Rules that decided.';
COMMENT ON COLUMN dsn_store.moves.evidence IS 'What held it to others of its new person.';
COMMENT ON COLUMN dsn_store.moves.moved_at IS 'When the streams decided (broker time).';
COMMENT ON COLUMN dsn_store.moves.stored_at IS 'When readers saw it.';

CREATE VIEW dsn.links AS
SELECT record_id, authority, number, person_id, version, previous, reasons, evidence::jsonb AS evidence
FROM dsn_store.links
WHERE person_id <> '';
COMMENT ON VIEW dsn.links IS 'The person each record belongs to now, and why.';
COMMENT ON COLUMN dsn.links.record_id IS 'Opaque id of the record; the id of the person it would found.';
COMMENT ON COLUMN dsn.links.authority IS 'Assigning authority.';
COMMENT ON COLUMN dsn.links.number IS 'Local number.';
COMMENT ON COLUMN dsn.links.person_id IS 'Person.';
COMMENT ON COLUMN dsn.links.version IS 'Grows with each move of the record.';
COMMENT ON COLUMN dsn.links.previous IS 'Person before the last move; empty when it never moved.';
COMMENT ON COLUMN dsn.links.reasons IS 'Rules that decided: own, match, claim, decision.';
COMMENT ON COLUMN dsn.links.evidence IS
    'Array of {authority, number, rule, weight, levels, reasons, weights}: what holds it to others of its person, the strongest first; weight in 1/256 bit.';

CREATE VIEW dsn.decisions AS
SELECT
    epoch, seq, kind, field, record_id, authority, number, other_id, other_authority, other_number,
    actor, reason, decided_at
FROM dsn_store.decisions
WHERE section = 'claims';
COMMENT ON VIEW dsn.decisions IS 'Every decision of a steward, taken back or not; seq orders them.';
COMMENT ON COLUMN dsn.decisions.epoch IS 'Epoch of the numbers.';
COMMENT ON COLUMN dsn.decisions.seq IS 'Number of the decision among the changes of the stewards.';
COMMENT ON COLUMN dsn.decisions.kind IS 'link, unlink, not-same, override or undo.';
COMMENT ON COLUMN dsn.decisions.field IS 'Field of an override; empty for two records.';
COMMENT ON COLUMN dsn.decisions.record_id IS 'Id of the record.';
COMMENT ON COLUMN dsn.decisions.authority IS 'Assigning authority of the record.';
COMMENT ON COLUMN dsn.decisions.number IS 'Its local number.';
COMMENT ON COLUMN dsn.decisions.other_id IS 'Id of the other record; empty for an override.';
COMMENT ON COLUMN dsn.decisions.other_authority IS 'Assigning authority of the other record.';
COMMENT ON COLUMN dsn.decisions.other_number IS 'Its local number.';
COMMENT ON COLUMN dsn.decisions.actor IS 'Who decided.';
COMMENT ON COLUMN dsn.decisions.reason IS 'Why, in words.';
COMMENT ON COLUMN dsn.decisions.decided_at IS 'When.';

CREATE VIEW dsn.reviews AS
SELECT
    r.record_a, r.record_b, r.authority_a, r.number_a, r.authority_b, r.number_b,
    a.person_id AS person_a,
    b.person_id AS person_b,
    r.kind, r.reasons,
    round(r.weight / 256.0, 1) AS weight_bits,
    r.levels, r.weights, r.opened_at,
    coalesce(
        (
            SELECT max(d.seq)
            FROM dsn_store.decisions AS d
            WHERE d.record_id IN (r.record_a, r.record_b) OR d.other_id IN (r.record_a, r.record_b)
        ),
        0
    ) AS version
FROM dsn_store.reviews AS r
INNER JOIN dsn_store.links AS a ON a.record_id = r.record_a
INNER JOIN dsn_store.links AS b ON b.record_id = r.record_b
WHERE r.open AND a.person_id <> '' AND b.person_id <> '' AND a.person_id <> b.person_id;
COMMENT ON VIEW dsn.reviews IS
    'Open questions for a steward: potential duplicates, and joins that something forbids.';
COMMENT ON COLUMN dsn.reviews.record_a IS 'Id of the first record.';
COMMENT ON COLUMN dsn.reviews.record_b IS 'Id of the second record.';
COMMENT ON COLUMN dsn.reviews.authority_a IS 'Assigning authority of the first record.';
COMMENT ON COLUMN dsn.reviews.number_a IS 'Its local number.';
COMMENT ON COLUMN dsn.reviews.authority_b IS 'Assigning authority of the second record.';
COMMENT ON COLUMN dsn.reviews.number_b IS 'Its local number.';
COMMENT ON COLUMN dsn.reviews.person_a IS 'Person of the first record now.';
COMMENT ON COLUMN dsn.reviews.person_b IS 'Person of the second record now.';
COMMENT ON COLUMN dsn.reviews.kind IS
    'doubt: too alike to ignore; blocked: a join that something forbids; contradiction: claims that contradict each other.';
COMMENT ON COLUMN dsn.reviews.reasons IS 'Why it is not automatic: the bar, then the rule that asks.';
COMMENT ON COLUMN dsn.reviews.weight_bits IS
    'Posterior of the comparison in bits: 0 is as likely as not.';
COMMENT ON COLUMN dsn.reviews.levels IS 'The comparison: one "field:level bits" per field.';
COMMENT ON COLUMN dsn.reviews.weights IS 'Version of the weights.';
COMMENT ON COLUMN dsn.reviews.opened_at IS 'When it was put on the list.';
COMMENT ON COLUMN dsn.reviews.version IS
    'Number of the last decision on either record, 0 when there is none: what a new decision expects.';

CREATE VIEW dsn.moves AS
SELECT
    m.record_id, l.authority, l.number, m.version, m.person_id, m.previous, m.reasons,
    m.evidence::jsonb AS evidence, m.moved_at, m.stored_at
FROM dsn_store.moves AS m
INNER JOIN dsn_store.links AS l ON l.record_id = m.record_id;
COMMENT ON VIEW dsn.moves IS 'Every known move of a record from one person to another.';
COMMENT ON COLUMN dsn.moves.record_id IS 'Id of the record.';
COMMENT ON COLUMN dsn.moves.authority IS 'Assigning authority.';
COMMENT ON COLUMN dsn.moves.number IS 'Local number.';
COMMENT ON COLUMN dsn.moves.version IS 'Link version.';
COMMENT ON COLUMN dsn.moves.person_id IS 'Person from then on.';
COMMENT ON COLUMN dsn.moves.previous IS 'Person until then.';
COMMENT ON COLUMN dsn.moves.reasons IS 'Rules that decided.';
COMMENT ON COLUMN dsn.moves.evidence IS 'What held it to others of its new person; as in dsn.links.';
COMMENT ON COLUMN dsn.moves.moved_at IS 'When the streams decided.';
COMMENT ON COLUMN dsn.moves.stored_at IS 'When readers saw it.';

-- A record was part of its previous person from the move before until readers saw it gone.
CREATE VIEW dsn.exposures AS
SELECT
    m.record_id, m.version, a.person_id, a.at, a.actor, a.role, a.establishment, a.action,
    a.sections, a.purpose, a.number AS access_number
FROM (
    SELECT
        record_id, version, previous, stored_at,
        lag(moved_at) OVER (PARTITION BY record_id ORDER BY version) AS began_at
    FROM dsn_store.moves
) AS m
INNER JOIN dsn_store.access_log AS a
    ON a.person_id = m.previous
    AND a.at < m.stored_at
    AND a.at >= coalesce(m.began_at, '-infinity'::timestamptz)
-- A record that leaves the chart it founded was not wrong there: what stayed behind may have been.
WHERE a.action <> 'search' AND a.outcome = 'shown' AND m.previous <> m.record_id;
COMMENT ON VIEW dsn.exposures IS
    'Who read or received a chart while a record was part of it that no longer is.';
COMMENT ON COLUMN dsn.exposures.record_id IS 'The record that left.';
COMMENT ON COLUMN dsn.exposures.version IS 'Link version with which it left.';
COMMENT ON COLUMN dsn.exposures.person_id IS 'The chart it was part of.';
COMMENT ON COLUMN dsn.exposures.at IS 'When it was read.';
COMMENT ON COLUMN dsn.exposures.actor IS 'By whom.';
COMMENT ON COLUMN dsn.exposures.role IS 'Role at that moment.';
COMMENT ON COLUMN dsn.exposures.establishment IS 'Where the actor works.';
COMMENT ON COLUMN dsn.exposures.action IS 'read, print, export.';
COMMENT ON COLUMN dsn.exposures.sections IS 'Which information.';
COMMENT ON COLUMN dsn.exposures.purpose IS 'Why, as the actor declared it.';
COMMENT ON COLUMN dsn.exposures.access_number IS 'Number of the line in dsn.access.';

-- A steward who overrides a field of a record is no system that keeps it.
CREATE OR REPLACE VIEW dsn.people_records AS
SELECT
    l.person_id, s.source, l.authority, l.number,
    NOT EXISTS (SELECT FROM dsn_store.unsettled AS u WHERE u.record_id = l.record_id) AS settled
FROM dsn_store.links AS l
INNER JOIN dsn_store.record_sources AS s ON s.record_id = l.record_id
WHERE l.person_id <> '' AND s.source <> 'steward';

GRANT SELECT ON ALL TABLES IN SCHEMA dsn TO dsn_reader;

-- Generations of the store: one that readers see, and while a rebuild lasts one beside it.

CREATE TABLE dsn_store.generations (
    generation integer PRIMARY KEY,
    place text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO dsn_store.generations (generation, place) VALUES (0, 'dsn_store');
COMMENT ON TABLE dsn_store.generations IS
    'Where the tables of each generation are: dsn_store is the one that readers see.';
COMMENT ON COLUMN dsn_store.generations.generation IS 'Number; also of its topics and consumers.';
COMMENT ON COLUMN dsn_store.generations.place IS 'Schema of its tables; a switch exchanges them.';
COMMENT ON COLUMN dsn_store.generations.begun_at IS 'When it was begun.';

-- Quarantine as a list of things to do: what is over, what people did about the rest, and its state.

ALTER TABLE dsn_store.quarantine
    ADD COLUMN item text NOT NULL DEFAULT '',
    ADD COLUMN said_offset bigint NOT NULL DEFAULT -1;
COMMENT ON COLUMN dsn_store.quarantine.item IS
    'Of a message the edge rejected: SHA-256 of its bytes, hexadecimal; else empty.';
COMMENT ON COLUMN dsn_store.quarantine.said_offset IS
    'Offset in dsn.quarantine of the latest word on it; -1: no topic has it.';
UPDATE dsn_store.quarantine SET item = encode(sha256(payload), 'hex')
WHERE stage = 'edge' AND payload <> '';
CREATE INDEX quarantine_item ON dsn_store.quarantine (source, item) WHERE item <> '';

CREATE TABLE dsn_store.quarantine_ends (
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    source text NOT NULL,
    item text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    captured_at timestamptz NOT NULL,
    PRIMARY KEY (topic, "partition", "offset")
);
CREATE INDEX quarantine_ends_item ON dsn_store.quarantine_ends (source, item) WHERE item <> '';
COMMENT ON TABLE dsn_store.quarantine_ends IS
    'What a retry made usable: one record of the journal by its place, a rejected message by its item.';
COMMENT ON COLUMN dsn_store.quarantine_ends.topic IS 'Where what ends it was read.';
COMMENT ON COLUMN dsn_store.quarantine_ends."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.quarantine_ends."offset" IS 'Offset.';
COMMENT ON COLUMN dsn_store.quarantine_ends.source IS 'Source.';
COMMENT ON COLUMN dsn_store.quarantine_ends.item IS 'Rejected message; empty: the record at this place.';
COMMENT ON COLUMN dsn_store.quarantine_ends.epoch IS 'Epoch of the number that ends it.';
COMMENT ON COLUMN dsn_store.quarantine_ends.seq IS
    'Number that ends it: what carries the item below it is over.';
COMMENT ON COLUMN dsn_store.quarantine_ends.captured_at IS 'Edge clock of that number.';

-- Kept apart from what a store makes of the journal: people did it, and a rebuild must not forget it.
CREATE TABLE dsn_store.quarantine_acts (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    "partition" integer NOT NULL,
    "offset" bigint NOT NULL,
    act text NOT NULL CHECK (act IN ('retry', 'abandon', 'assign', 'reopen')),
    who text NOT NULL CHECK (who <> ''),
    why text NOT NULL,
    owner text NOT NULL DEFAULT '',
    said_offset bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CHECK (why <> '' OR act IN ('retry', 'assign'))
);
CREATE INDEX quarantine_acts_place
    ON dsn_store.quarantine_acts (topic, "partition", "offset", number);
CREATE TRIGGER quarantine_acts_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON dsn_store.quarantine_acts
    FOR EACH STATEMENT EXECUTE FUNCTION dsn_store.refuse_change();
ALTER TABLE dsn_store.quarantine_acts ENABLE ALWAYS TRIGGER quarantine_acts_append_only;
COMMENT ON TABLE dsn_store.quarantine_acts IS
    'What people did about quarantine, who and why; append-only.';
COMMENT ON COLUMN dsn_store.quarantine_acts.number IS 'Order.';
COMMENT ON COLUMN dsn_store.quarantine_acts.topic IS 'Topic of what it was done about.';
COMMENT ON COLUMN dsn_store.quarantine_acts."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.quarantine_acts."offset" IS 'Offset.';
COMMENT ON COLUMN dsn_store.quarantine_acts.act IS 'retry, abandon, assign or reopen.';
COMMENT ON COLUMN dsn_store.quarantine_acts.who IS 'Who.';
COMMENT ON COLUMN dsn_store.quarantine_acts.why IS 'Why; no patient data.';
COMMENT ON COLUMN dsn_store.quarantine_acts.owner IS 'Of an assignment: whose it is from now on.';
COMMENT ON COLUMN dsn_store.quarantine_acts.said_offset IS
    'Word of dsn.quarantine it answers: a later one says what came of a retry.';
COMMENT ON COLUMN dsn_store.quarantine_acts.at IS 'When.';

-- Numbered with the requests to send again: an outbox serves each number once.
ALTER TABLE dsn_store.resend_requests ADD COLUMN messages text[];
COMMENT ON COLUMN dsn_store.resend_requests.messages IS
    'Rejected messages to map again, by SHA-256, hexadecimal; null: changes are to be sent again.';

-- What is over leaves the table that says what is set aside, byte for byte, and is kept here.
CREATE TABLE dsn_store.quarantine_over (LIKE dsn_store.quarantine INCLUDING ALL);
COMMENT ON TABLE dsn_store.quarantine_over IS
    'What was in quarantine: used by itself since, or taken after all.';

CREATE OR REPLACE VIEW dsn.quarantine AS
SELECT
    q.source, q.epoch, q.seq, q.stage, q.reason, q.detail, q.topic, q."partition", q."offset",
    q.captured_at, q.payload,
    q.item,
    CASE
        WHEN q.over THEN 'resolved'
        -- Said anew by a later rejection of the same message, which is the one to look at.
        WHEN q.item <> '' AND EXISTS (
            SELECT FROM dsn_store.quarantine AS n
            WHERE n.source = q.source AND n.item = q.item AND (n.epoch, n.seq) > (q.epoch, q.seq)
        ) THEN 'resolved'
        WHEN a.act = 'abandon' THEN 'abandoned'
        WHEN a.act = 'retry' AND a.said_offset >= q.said_offset THEN 'in-retry'
        ELSE 'open'
    END AS state,
    coalesce(w.owner, '') AS owner,
    coalesce(t.retries, 0) AS retries,
    a.who AS acted_by,
    a.why AS acted_why,
    a.at AS acted_at
FROM (
    SELECT *, false AS over FROM dsn_store.quarantine
    UNION ALL
    SELECT *, true FROM dsn_store.quarantine_over
) AS q
LEFT JOIN LATERAL (
    SELECT act, who, why, at, said_offset
    FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act <> 'assign'
    ORDER BY number DESC LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT owner FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act = 'assign'
    ORDER BY number DESC LIMIT 1
) AS w ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS retries FROM dsn_store.quarantine_acts
    WHERE topic = q.topic AND "partition" = q."partition" AND "offset" = q."offset"
        AND act = 'retry'
) AS t ON true;
COMMENT ON VIEW dsn.quarantine IS
    'What no stage could use, byte for byte, with its reason and what became of it.';
COMMENT ON COLUMN dsn.quarantine.item IS
    'Of a message the edge rejected: SHA-256 of its bytes, hexadecimal.';
COMMENT ON COLUMN dsn.quarantine.state IS
    'open; in-retry: asked for, the outcome is on its way; resolved: used after all, or said anew; abandoned: somebody gave a reason.';
COMMENT ON COLUMN dsn.quarantine.owner IS 'Whom it was assigned to; empty: nobody yet.';
COMMENT ON COLUMN dsn.quarantine.retries IS 'How often it was tried again from here.';
COMMENT ON COLUMN dsn.quarantine.acted_by IS 'Who retried, abandoned or reopened it last.';
COMMENT ON COLUMN dsn.quarantine.acted_why IS 'Why.';
COMMENT ON COLUMN dsn.quarantine.acted_at IS 'When.';

-- Like errored, a count of all that ever was; what is open, dsn.quarantine says.
CREATE OR REPLACE VIEW dsn.source_status AS
SELECT
    p.source,
    sum(greatest(p.received, p.changes + p.duplicate))::bigint AS received,
    sum(greatest(p.received - p.duplicate - p.changes, 0))::bigint AS queued,
    sum(p.changes)::bigint AS stored,
    sum(p.rejected)::bigint AS errored,
    coalesce(max(q.quarantined), 0) AS quarantined,
    sum(p.duplicate + p.copies)::bigint AS duplicate,
    max(p.captured_at) AS last_change_at,
    max(p.sent_at) AS last_heard_at,
    max(p.epoch) AS epoch,
    (array_agg(p.seq_complete ORDER BY p.epoch DESC))[1] AS seq_complete,
    (array_agg(p.seq_published ORDER BY p.epoch DESC))[1] AS seq_published,
    (array_agg(p.as_of ORDER BY p.epoch DESC))[1] AS as_of
FROM dsn_store.source_progress AS p
LEFT JOIN (
    SELECT source, count(*) AS quarantined
    FROM (
        SELECT source FROM dsn_store.quarantine
        UNION ALL
        SELECT source FROM dsn_store.quarantine_over
    ) AS every
    GROUP BY source
) AS q ON q.source = p.source
GROUP BY p.source;

-- The ledger after a retry. A rejected message that was taken after all is superseded by the word that it
-- is over, and that word is shown by what it did; a change put through again has the fate of any other.
CREATE OR REPLACE VIEW dsn_store.fates AS
WITH waiting AS (
    SELECT record_id FROM dsn_store.unsettled
    UNION
    SELECT s.record_id
    FROM dsn_store.record_sources AS s
    WHERE NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = s.record_id)
),
-- Everything known of each number, to be brought together in one pass: joins took twice as long.
evidence AS (
    SELECT
        a.source, a.epoch, a.seq, a.section, a.record_id, a.item_digest,
        -- The order of dsn_schemas.standing in one number: standing, then epoch, then seq.
        (a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq AS rank,
        1 AS rows, false AS shown, false AS quarantined, false AS held
    FROM dsn_store.audit AS a
    WHERE a.seq > 0
    UNION ALL
    -- As dsn_store.linked_entries, but most entries have one record, and a join is faster then.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.entries AS e
    INNER JOIN dsn_store.links AS l ON l.record_id = e.records[1] AND l.person_id = e.person_id
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND (
            cardinality(e.records) = 1
            OR NOT EXISTS (
                SELECT FROM unnest(e.records) AS r (record_id)
                LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
                WHERE o.person_id IS DISTINCT FROM e.person_id
            )
        )
    UNION ALL
    SELECT q.source, q.epoch, q.seq, NULL, NULL, NULL, NULL, 0, false, true, false
    FROM dsn_store.quarantine AS q
    UNION ALL
    -- The word that a rejection is over is shown by what it did.
    SELECT e.source, e.epoch, e.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.quarantine_ends AS e
    WHERE e.item <> ''
    UNION ALL
    -- Entries that stay hidden because one of their records is on its way.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, false, false, true
    FROM dsn_store.entries AS e
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND e.records && (SELECT coalesce(array_agg(w.record_id), '{}') FROM waiting AS w)
),
journal AS (
    SELECT
        source, epoch, seq,
        any_value(section) AS section,
        any_value(record_id) AS record_id,
        any_value(item_digest) AS item_digest,
        max(rank) AS rank,
        sum(rows) - 1 AS copies,
        bool_or(shown) AS shown,
        bool_or(quarantined) AS quarantined,
        bool_or(held) AS held
    FROM evidence
    GROUP BY source, epoch, seq
    HAVING sum(rows) > 0
),
newest AS (
    SELECT item_digest, max(rank) AS rank FROM journal WHERE NOT quarantined GROUP BY item_digest
)
SELECT
    j.source, j.epoch, j.seq, j.section, j.record_id, j.copies,
    CASE
        WHEN j.quarantined THEN 'quarantined'
        WHEN j.shown THEN 'shown'
        WHEN j.section = 'claims' AND j.seq <= p.seq_complete THEN 'shown'
        WHEN j.rank < n.rank THEN 'superseded'
        WHEN j.seq > p.seq_complete THEN 'in_flight'
        WHEN j.held OR w.record_id IS NOT NULL THEN 'in_flight'
        ELSE 'unexplained'
    END AS fate
FROM journal AS j
LEFT JOIN newest AS n ON n.item_digest = j.item_digest
LEFT JOIN waiting AS w ON w.record_id = j.record_id
LEFT JOIN dsn_store.source_progress AS p ON p.source = j.source AND p.epoch = j.epoch;

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

-- The books kept while the log grows: a look at them reads what came since the last count.
-- dsn.ledger counts everything from nothing and is what these are checked against.

-- One row per numbered change of the journal, with the fate its own evidence gives it. What is
-- superseded, the journal and the quarantine alone say; the charts are asked of the newest only.
CREATE OR REPLACE VIEW dsn_store.fates AS
WITH waiting AS (
    SELECT record_id FROM dsn_store.unsettled
    UNION
    SELECT s.record_id
    FROM dsn_store.record_sources AS s
    WHERE NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = s.record_id)
),
-- Everything known of each number, to be brought together in one pass: joins took twice as long.
evidence AS (
    SELECT
        a.source, a.epoch, a.seq, a.section, a.record_id, a.item_digest,
        -- The order of dsn_schemas.standing in one number: standing, then epoch, then seq.
        (a.standing::bigint << 62) + (a.epoch::bigint << 44) + a.seq AS rank,
        1 AS rows, false AS shown, false AS quarantined, false AS held
    FROM dsn_store.audit AS a
    WHERE a.seq > 0
    UNION ALL
    -- As dsn_store.linked_entries, but most entries have one record, and a join is faster then.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.entries AS e
    INNER JOIN dsn_store.links AS l ON l.record_id = e.records[1] AND l.person_id = e.person_id
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND (
            cardinality(e.records) = 1
            OR NOT EXISTS (
                SELECT FROM unnest(e.records) AS r (record_id)
                LEFT JOIN dsn_store.links AS o ON o.record_id = r.record_id
                WHERE o.person_id IS DISTINCT FROM e.person_id
            )
        )
    UNION ALL
    SELECT q.source, q.epoch, q.seq, NULL, NULL, NULL, NULL, 0, false, true, false
    FROM dsn_store.quarantine AS q
    UNION ALL
    -- The word that a rejection is over is shown by what it did.
    SELECT e.source, e.epoch, e.seq, NULL, NULL, NULL, NULL, 0, true, false, false
    FROM dsn_store.quarantine_ends AS e
    WHERE e.item <> ''
    UNION ALL
    -- Entries that stay hidden because one of their records is on its way.
    SELECT c.source, c.epoch, c.seq, NULL, NULL, NULL, NULL, 0, false, false, true
    FROM dsn_store.entries AS e
    CROSS JOIN LATERAL unnest(e.sources, e.epochs, e.seqs) AS c (source, epoch, seq)
    WHERE NOT e.gone
        AND e.records && (SELECT coalesce(array_agg(w.record_id), '{}') FROM waiting AS w)
),
journal AS (
    SELECT
        source, epoch, seq,
        any_value(section) AS section,
        any_value(record_id) AS record_id,
        any_value(item_digest) AS item_digest,
        max(rank) AS rank,
        sum(rows) - 1 AS copies,
        bool_or(shown) AS shown,
        bool_or(quarantined) AS quarantined,
        bool_or(held) AS held
    FROM evidence
    GROUP BY source, epoch, seq
    HAVING sum(rows) > 0
),
newest AS (
    SELECT item_digest, max(rank) AS rank
    FROM journal
    WHERE NOT quarantined AND section <> 'claims'
    GROUP BY item_digest
)
SELECT
    j.source, j.epoch, j.seq, j.section, j.record_id, j.copies,
    CASE
        WHEN j.quarantined THEN 'quarantined'
        WHEN j.section = 'claims' AND j.seq <= p.seq_complete THEN 'shown'
        WHEN j.section = 'claims' THEN 'in_flight'
        WHEN j.rank < n.rank THEN 'superseded'
        WHEN j.shown THEN 'shown'
        WHEN j.seq > p.seq_complete THEN 'in_flight'
        WHEN j.held OR w.record_id IS NOT NULL THEN 'in_flight'
        ELSE 'unexplained'
    END AS fate
FROM journal AS j
LEFT JOIN newest AS n ON n.item_digest = j.item_digest
LEFT JOIN waiting AS w ON w.record_id = j.record_id
LEFT JOIN dsn_store.source_progress AS p ON p.source = j.source AND p.epoch = j.epoch;

CREATE INDEX audit_unnumbered ON dsn_store.audit (topic, "partition", "offset") WHERE seq <= 0;
-- What changed since a count: a few blocks of a large table, found at next to no cost for writers.
CREATE INDEX entries_place ON dsn_store.entries USING brin (view_partition, view_offset)
    WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX links_place ON dsn_store.links USING brin (link_partition, link_offset)
    WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE dsn_store.ledger_places (
    log text NOT NULL,
    "partition" integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (log, "partition")
);
COMMENT ON TABLE dsn_store.ledger_places IS 'Up to where each log has been counted.';
COMMENT ON COLUMN dsn_store.ledger_places.log IS 'Changes topic of the audit log; view or links.';
COMMENT ON COLUMN dsn_store.ledger_places."partition" IS 'Partition.';
COMMENT ON COLUMN dsn_store.ledger_places.next_offset IS 'First offset that is not counted.';

CREATE TABLE dsn_store.ledger_heads (
    item_digest bytea NOT NULL,
    rank bigint NOT NULL,
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    claim boolean NOT NULL,
    fate text NOT NULL,
    person_id text COLLATE "C",
    entry_digest uuid,
    PRIMARY KEY (item_digest, rank)
);
CREATE INDEX ledger_heads_shown ON dsn_store.ledger_heads (person_id, entry_digest)
    WHERE fate = 'shown';
CREATE INDEX ledger_heads_open ON dsn_store.ledger_heads (item_digest)
    WHERE fate IN ('in_flight', 'unexplained');
COMMENT ON TABLE dsn_store.ledger_heads IS
    'Of each record item the change that is shown, and those above it that may become so.';
COMMENT ON COLUMN dsn_store.ledger_heads.item_digest IS
    'Record item, as in the audit log; a claim is an item of its own.';
COMMENT ON COLUMN dsn_store.ledger_heads.rank IS 'Its place in the order of dsn_schemas.standing.';
COMMENT ON COLUMN dsn_store.ledger_heads.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_heads.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_heads.seq IS 'Number.';
COMMENT ON COLUMN dsn_store.ledger_heads.record_id IS 'Record.';
COMMENT ON COLUMN dsn_store.ledger_heads.day IS 'Day it is counted under.';
COMMENT ON COLUMN dsn_store.ledger_heads.claim IS 'Is it a claim about identities?';
COMMENT ON COLUMN dsn_store.ledger_heads.fate IS 'Fate at the last count.';
COMMENT ON COLUMN dsn_store.ledger_heads.person_id IS 'Person whose chart showed it.';
COMMENT ON COLUMN dsn_store.ledger_heads.entry_digest IS 'Entry that showed it.';

CREATE TABLE dsn_store.ledger_set_aside (
    source text NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (source, epoch, seq)
);
COMMENT ON TABLE dsn_store.ledger_set_aside IS 'Numbers that are counted as quarantined.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.seq IS 'Number.';
COMMENT ON COLUMN dsn_store.ledger_set_aside.day IS 'Day it is counted under.';

CREATE TABLE dsn_store.ledger_ahead (
    person_id text COLLATE "C" NOT NULL,
    entry_digest uuid NOT NULL,
    PRIMARY KEY (person_id, entry_digest)
);
COMMENT ON TABLE dsn_store.ledger_ahead IS
    'Entries that name a number which the audit log did not have yet.';
COMMENT ON COLUMN dsn_store.ledger_ahead.person_id IS 'Person.';
COMMENT ON COLUMN dsn_store.ledger_ahead.entry_digest IS 'Entry.';

CREATE TABLE dsn_store.ledger_days (
    source text NOT NULL,
    epoch integer NOT NULL,
    day date NOT NULL,
    numbers int8multirange NOT NULL,
    copies bigint NOT NULL DEFAULT 0,
    shown bigint NOT NULL DEFAULT 0,
    superseded bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    in_flight bigint NOT NULL DEFAULT 0,
    unexplained bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, epoch, day)
);
COMMENT ON TABLE dsn_store.ledger_days IS
    'What is counted of each source, epoch and day; the day is the edge''s, in Quebec.';
COMMENT ON COLUMN dsn_store.ledger_days.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_days.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_days.day IS 'Day of captured_at in America/Toronto.';
COMMENT ON COLUMN dsn_store.ledger_days.numbers IS 'Numbers in the audit log.';
COMMENT ON COLUMN dsn_store.ledger_days.copies IS 'Further copies of them.';
COMMENT ON COLUMN dsn_store.ledger_days.shown IS 'Of the numbers, those that are shown.';
COMMENT ON COLUMN dsn_store.ledger_days.superseded IS 'Those that are superseded.';
COMMENT ON COLUMN dsn_store.ledger_days.quarantined IS 'Those in quarantine.';
COMMENT ON COLUMN dsn_store.ledger_days.in_flight IS 'Those on their way.';
COMMENT ON COLUMN dsn_store.ledger_days.unexplained IS 'Those that were lost.';

CREATE TABLE dsn_store.ledger_progress (
    source text NOT NULL,
    epoch integer NOT NULL,
    seq_read bigint NOT NULL,
    seq_last bigint NOT NULL,
    duplicate bigint NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (source, epoch)
);
COMMENT ON TABLE dsn_store.ledger_progress IS 'How far each source was when the books were counted.';
COMMENT ON COLUMN dsn_store.ledger_progress.source IS 'Source.';
COMMENT ON COLUMN dsn_store.ledger_progress.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.ledger_progress.seq_read IS 'Every partition had been read up to it.';
COMMENT ON COLUMN dsn_store.ledger_progress.seq_last IS 'Highest number given out, as far as heard.';
COMMENT ON COLUMN dsn_store.ledger_progress.duplicate IS 'Said nothing new at the edge, in all.';
COMMENT ON COLUMN dsn_store.ledger_progress.day IS 'Day the source was last heard.';

CREATE TABLE dsn_store.ledger_counted (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    at timestamptz,
    generation integer,
    person_looked text COLLATE "C" NOT NULL DEFAULT ''
);
INSERT INTO dsn_store.ledger_counted VALUES (true);
COMMENT ON TABLE dsn_store.ledger_counted IS 'When the books were last counted; also their lock.';
COMMENT ON COLUMN dsn_store.ledger_counted.single IS 'There is one row.';
COMMENT ON COLUMN dsn_store.ledger_counted.at IS 'When; empty before the first count.';
COMMENT ON COLUMN dsn_store.ledger_counted.generation IS
    'Generation of the charts they were counted from.';
COMMENT ON COLUMN dsn_store.ledger_counted.person_looked IS
    'Last person whose chart was looked at again; each count goes on from there.';

CREATE TABLE dsn_store.source_mark_days (
    source text NOT NULL,
    epoch integer NOT NULL,
    day date NOT NULL,
    received bigint NOT NULL,
    duplicate bigint NOT NULL,
    PRIMARY KEY (source, epoch, day)
);
INSERT INTO dsn_store.source_mark_days
SELECT source, epoch, (sent_at AT TIME ZONE 'America/Toronto')::date, received, duplicate
FROM dsn_store.source_marks;
COMMENT ON TABLE dsn_store.source_mark_days IS 'What each source said of itself last on each day.';
COMMENT ON COLUMN dsn_store.source_mark_days.source IS 'Source.';
COMMENT ON COLUMN dsn_store.source_mark_days.epoch IS 'Epoch.';
COMMENT ON COLUMN dsn_store.source_mark_days.day IS 'Day of the edge clock in America/Toronto.';
COMMENT ON COLUMN dsn_store.source_mark_days.received IS 'Changes it took in, duplicates included.';
COMMENT ON COLUMN dsn_store.source_mark_days.duplicate IS 'Of those, the ones that said nothing new.';

CREATE VIEW dsn_store.ledger_holes AS
WITH known AS (
    SELECT source, epoch, range_agg(numbers) AS numbers, max(day) AS day
    FROM dsn_store.ledger_days GROUP BY source, epoch
)
SELECT
    p.source, p.epoch,
    -- Under the day of the number behind them.
    coalesce(
        (
            SELECT d.day
            FROM dsn_store.ledger_days AS d
            WHERE d.source = p.source AND d.epoch = p.epoch AND upper(h.hole) <@ d.numbers
        ),
        greatest(p.day, k.day)
    ) AS day,
    h.lost,
    h.part AS hole
FROM dsn_store.ledger_progress AS p
LEFT JOIN known AS k ON k.source = p.source AND k.epoch = p.epoch
CROSS JOIN LATERAL (
    SELECT w.hole, s.lost, s.part
    FROM unnest(
        int8multirange(int8range(1, greatest(p.seq_last, 0) + 1)) - coalesce(k.numbers, '{}')
    ) AS w (hole)
    CROSS JOIN LATERAL (
        VALUES
            (true, w.hole * int8range(NULL, p.seq_read + 1)),
            (false, w.hole * int8range(p.seq_read + 1, NULL))
    ) AS s (lost, part)
    WHERE NOT isempty(s.part)
) AS h;
COMMENT ON VIEW dsn_store.ledger_holes IS
    'Numbers given out that the audit log does not have: lost where it was read past them.';

CREATE VIEW dsn.ledger_days AS
WITH positions AS (
    SELECT b.topic, b."partition", min(b."position") AS "position"
    FROM (
        SELECT view_partition, topic, "partition", max("position") AS "position"
        FROM dsn_store.barriers
        GROUP BY view_partition, topic, "partition"
    ) AS b
    GROUP BY b.topic, b."partition"
    HAVING count(*) >= (SELECT t.partitions FROM dsn_store.topics AS t WHERE t.topic = 'dsn.view')
),
lines AS (
    SELECT source, day, shown, superseded, copies AS duplicate, quarantined, in_flight, unexplained
    FROM dsn_store.ledger_days
    UNION ALL
    SELECT
        source, day, 0, 0, 0, 0,
        CASE WHEN lost THEN 0 ELSE upper(hole) - lower(hole) END,
        CASE WHEN lost THEN upper(hole) - lower(hole) ELSE 0 END
    FROM dsn_store.ledger_holes
    UNION ALL
    -- Heard of, though nothing is counted of it yet.
    SELECT source, day, 0, 0, 0, 0, 0, 0 FROM dsn_store.ledger_progress
    UNION ALL
    SELECT
        source, day, 0, 0,
        duplicate - coalesce(lag(duplicate) OVER (PARTITION BY source, epoch ORDER BY day), 0),
        0, 0, 0
    FROM dsn_store.source_mark_days
    UNION ALL
    -- Journal records without a number, unreadable ones above all: known by their place.
    SELECT
        coalesce(nullif(a.source, ''), substring(a.topic FROM '[^.]*$')),
        (a.captured_at AT TIME ZONE 'America/Toronto')::date,
        0, 0, 0,
        (q.topic IS NOT NULL)::integer,
        (q.topic IS NULL AND coalesce(a."offset" >= p."position", true))::integer,
        (q.topic IS NULL AND coalesce(a."offset" < p."position", false))::integer
    FROM dsn_store.audit AS a
    LEFT JOIN dsn_store.quarantine AS q USING (topic, "partition", "offset")
    LEFT JOIN positions AS p USING (topic, "partition")
    WHERE a.seq <= 0
)
SELECT
    source,
    day,
    sum(shown + superseded + duplicate + quarantined + in_flight + unexplained)::bigint AS received,
    sum(shown)::bigint AS shown,
    sum(superseded)::bigint AS superseded,
    sum(duplicate)::bigint AS duplicate,
    sum(quarantined)::bigint AS quarantined,
    sum(in_flight)::bigint AS in_flight,
    sum(unexplained)::bigint AS unexplained,
    (SELECT c.at FROM dsn_store.ledger_counted AS c) AS counted_at
FROM lines
GROUP BY source, day;
COMMENT ON VIEW dsn.ledger_days IS
    'The books by source and day, as last counted: received = shown + superseded + duplicate + quarantined + in_flight + unexplained. dsn ledger and the status page read this.';
COMMENT ON COLUMN dsn.ledger_days.source IS
    'Establishment system; the establishment alone for records of its topic that nobody can read.';
COMMENT ON COLUMN dsn.ledger_days.day IS
    'Day the edge took the change in, in America/Toronto; what no row tells the day of is under the latest.';
COMMENT ON COLUMN dsn.ledger_days.received IS 'The sum of the others.';
COMMENT ON COLUMN dsn.ledger_days.shown IS
    'Contributors of an entry as it stands (deletions included), and claims taken into account; of each record item its newest change alone.';
COMMENT ON COLUMN dsn.ledger_days.superseded IS
    'Replaced by a later change of the same record item that is not in quarantine.';
COMMENT ON COLUMN dsn.ledger_days.duplicate IS
    'Said nothing new at the edge, as the source said by the end of that day, or a copy in the journal.';
COMMENT ON COLUMN dsn.ledger_days.quarantined IS 'Set aside with a reason.';
COMMENT ON COLUMN dsn.ledger_days.in_flight IS
    'Not in the journal yet, not in the view yet, or held until its record is linked and settled.';
COMMENT ON COLUMN dsn.ledger_days.unexplained IS 'The rest: 0 unless something was lost.';
COMMENT ON COLUMN dsn.ledger_days.counted_at IS 'When the books were counted.';
GRANT SELECT ON dsn.ledger_days TO dsn_reader;
COMMENT ON COLUMN dsn.ledger.shown IS
    'Contributors of an entry as it stands (deletions included), of each record item its newest change alone, and claims taken into account.';

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
