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
