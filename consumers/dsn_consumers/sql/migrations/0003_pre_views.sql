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
