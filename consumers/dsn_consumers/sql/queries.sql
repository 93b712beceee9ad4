-- Statements of the consumers, each by its name; see dsn_consumers.database.statement.

-- lock_consumer --
SELECT pg_try_advisory_lock(hashtextextended('dsn consumer ' || %(consumer)s, 0))

-- add_topic --
INSERT INTO dsn_store.topics (topic, topic_id, partitions)
VALUES (%(topic)s, %(topic_id)s, %(partitions)s)
ON CONFLICT (topic) DO UPDATE SET partitions = EXCLUDED.partitions
WHERE topics.topic_id = EXCLUDED.topic_id AND topics.partitions < EXCLUDED.partitions

-- topic_ids --
SELECT topic, topic_id FROM dsn_store.topics

-- offsets --
SELECT topic, "partition", next_offset FROM dsn_store.offsets WHERE consumer = %(consumer)s

-- add_offset --
INSERT INTO dsn_store.offsets (consumer, topic, "partition", next_offset)
VALUES (%(consumer)s, %(topic)s, %(partition)s, %(next_offset)s)
ON CONFLICT DO NOTHING

-- move_offsets --
UPDATE dsn_store.offsets AS o
SET next_offset = m.after
FROM unnest(
    %(topics)s::text[], %(partitions)s::integer[], %(before)s::bigint[], %(after)s::bigint[]
) AS m (topic, "partition", before, after)
WHERE o.consumer = %(consumer)s
    AND o.topic = m.topic
    AND o."partition" = m."partition"
    AND o.next_offset = m.before

-- stage --
-- Rows wait here for their guarded insertion; the tables are this connection's own.
CREATE TEMP TABLE IF NOT EXISTS staged_entries (LIKE dsn_store.entries) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_terms (
    person_id text COLLATE "C", entry_digest uuid, view_offset bigint,
    kinds text[] COLLATE "C", terms text[] COLLATE "C"
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_record_sources (
    LIKE dsn_store.record_sources
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_links (LIKE dsn_store.links) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_settled (LIKE dsn_store.settled) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_barriers (LIKE dsn_store.barriers) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_quarantine (LIKE dsn_store.quarantine) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_quarantine_ends (
    LIKE dsn_store.quarantine_ends
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_reviews (LIKE dsn_store.reviews) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_decisions (LIKE dsn_store.decisions) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_moves (
    LIKE dsn_store.moves INCLUDING DEFAULTS
) ON COMMIT DELETE ROWS

-- write_entries --
INSERT INTO dsn_store.entries AS e
SELECT * FROM staged_entries
ON CONFLICT (person_id, entry_digest) DO UPDATE SET
    section = EXCLUDED.section,
    entry = EXCLUDED.entry,
    status = EXCLUDED.status,
    conflicts = EXCLUDED.conflicts,
    as_of = EXCLUDED.as_of,
    content_type = EXCLUDED.content_type,
    content = EXCLUDED.content,
    contributors = EXCLUDED.contributors,
    provenance = EXCLUDED.provenance,
    disagreements = EXCLUDED.disagreements,
    records = EXCLUDED.records,
    sources = EXCLUDED.sources,
    epochs = EXCLUDED.epochs,
    seqs = EXCLUDED.seqs,
    gone = EXCLUDED.gone,
    view_partition = EXCLUDED.view_partition,
    view_offset = EXCLUDED.view_offset
WHERE e.view_offset < EXCLUDED.view_offset

-- forget_terms --
-- Only for demographics that were really written: an older state found the row ahead of it. Asked as
-- a value and not as a join, because a join would be planned as a reading of every entry there is.
DELETE FROM dsn_store.search_terms AS t
USING staged_terms AS s
WHERE t.person_id = s.person_id
    AND s.view_offset = (
        SELECT e.view_offset
        FROM dsn_store.entries AS e
        WHERE e.person_id = s.person_id AND e.entry_digest = s.entry_digest
    )
    AND NOT EXISTS (
        SELECT FROM unnest(s.kinds, s.terms) AS n (kind, term)
        WHERE n.kind = t.kind AND n.term = t.term
    )

-- write_terms --
INSERT INTO dsn_store.search_terms (kind, term, person_id)
SELECT n.kind, n.term, s.person_id
FROM staged_terms AS s
CROSS JOIN LATERAL unnest(s.kinds, s.terms) AS n (kind, term)
WHERE s.view_offset = (
    SELECT e.view_offset
    FROM dsn_store.entries AS e
    WHERE e.person_id = s.person_id AND e.entry_digest = s.entry_digest
)
ON CONFLICT DO NOTHING

-- write_record_sources --
INSERT INTO dsn_store.record_sources SELECT * FROM staged_record_sources ON CONFLICT DO NOTHING

-- write_links --
INSERT INTO dsn_store.links AS l
SELECT * FROM staged_links
ON CONFLICT (record_id) DO UPDATE SET
    person_id = EXCLUDED.person_id,
    version = EXCLUDED.version,
    previous = EXCLUDED.previous,
    reasons = EXCLUDED.reasons,
    evidence = EXCLUDED.evidence,
    link_partition = EXCLUDED.link_partition,
    link_offset = EXCLUDED.link_offset
WHERE l.link_offset < EXCLUDED.link_offset

-- write_moves --
INSERT INTO dsn_store.moves (record_id, version, person_id, previous, reasons, evidence, moved_at)
SELECT record_id, version, person_id, previous, reasons, evidence, moved_at FROM staged_moves
ON CONFLICT DO NOTHING

-- write_reviews --
INSERT INTO dsn_store.reviews AS r
SELECT * FROM staged_reviews
ON CONFLICT (record_a, record_b) DO UPDATE SET
    kind = EXCLUDED.kind,
    reasons = EXCLUDED.reasons,
    weight = EXCLUDED.weight,
    levels = EXCLUDED.levels,
    weights = EXCLUDED.weights,
    opened_at = EXCLUDED.opened_at,
    open = EXCLUDED.open,
    review_partition = EXCLUDED.review_partition,
    review_offset = EXCLUDED.review_offset
WHERE r.review_offset < EXCLUDED.review_offset

-- write_decisions --
INSERT INTO dsn_store.decisions SELECT * FROM staged_decisions ON CONFLICT DO NOTHING

-- lock_stewards --
SELECT pg_advisory_lock(hashtextextended('dsn stewards', 0))

-- decision_heads --
SELECT "partition", max(seq) FROM dsn_store.decisions GROUP BY "partition"

-- decision_versions --
SELECT n.record_id, max(n.seq)
FROM (
    SELECT record_id, seq FROM dsn_store.decisions
    UNION ALL
    SELECT other_id, seq FROM dsn_store.decisions
) AS n
WHERE n.record_id = ANY(%(records)s)
GROUP BY n.record_id

-- decision_offsets --
-- The least of all generations of the store: whichever readers see, its copy holds what is before.
SELECT "partition", min(next_offset)
FROM dsn_store.offsets
WHERE starts_with(consumer, 'store') AND topic = %(topic)s
GROUP BY "partition"

-- desk_reviews --
SELECT
    record_a, record_b, authority_a, number_a, authority_b, number_b, person_a, person_b, kind,
    reasons, weight_bits::float8 AS weight_bits, levels, weights, opened_at, version
FROM dsn.reviews
WHERE %(record_a)s::text IS NULL OR (record_a, record_b) = (%(record_a)s, %(record_b)s)
ORDER BY opened_at, record_a, record_b
LIMIT %(limit)s

-- desk_reviews_count --
SELECT count(*) AS open FROM dsn.reviews

-- desk_links --
SELECT record_id, authority, number, person_id, version, previous, reasons, evidence
FROM dsn.links
WHERE record_id = ANY(%(records)s) OR person_id = ANY(%(records)s)
ORDER BY record_id

-- desk_decisions --
SELECT
    seq, kind, field, record_id, authority, number, other_id, other_authority, other_number, actor,
    reason, decided_at
FROM dsn.decisions
WHERE record_id = ANY(%(records)s) OR other_id = ANY(%(records)s)
ORDER BY epoch, seq

-- desk_moves --
SELECT
    record_id, authority, number, version, person_id, previous, reasons, evidence, moved_at
FROM dsn.moves
WHERE record_id = ANY(%(records)s) OR person_id = ANY(%(records)s) OR previous = ANY(%(records)s)
ORDER BY moved_at, record_id, version

-- desk_exposures --
SELECT
    record_id, person_id, at, actor, role, establishment, action, sections, purpose, access_number
FROM dsn.exposures
WHERE record_id = %(record)s
ORDER BY at, access_number

-- desk_demographics --
SELECT e.person_id, e.content
FROM dsn.entries AS e
WHERE e.section = 'demographics' AND e.person_id = ANY(%(people)s)

-- desk_trace --
INSERT INTO dsn.access (actor, role, establishment, action, person_id, sections, purpose, outcome)
SELECT
    %(actor)s, 'steward', '', 'read', l.person_id, ARRAY['demographics'], %(purpose)s, 'shown'
FROM (SELECT DISTINCT person_id FROM dsn.links WHERE record_id = ANY(%(records)s)) AS l

-- write_settled --
-- Markers of one record come from the partitions of several people: the version orders them.
INSERT INTO dsn_store.settled AS s
SELECT * FROM staged_settled
ON CONFLICT (record_id) DO UPDATE SET version = EXCLUDED.version, person_id = EXCLUDED.person_id
WHERE s.version < EXCLUDED.version

-- write_barriers --
INSERT INTO dsn_store.barriers AS b
SELECT * FROM staged_barriers
ON CONFLICT (view_partition, topic, "partition", source, epoch) DO UPDATE SET
    "position" = EXCLUDED."position",
    seq = EXCLUDED.seq,
    as_of = EXCLUDED.as_of,
    view_offset = EXCLUDED.view_offset
WHERE b.view_offset < EXCLUDED.view_offset

-- write_quarantine --
-- Said again of one place by a retry that failed: the latest word counts. Of several in a batch, too.
INSERT INTO dsn_store.quarantine AS q
SELECT DISTINCT ON (topic, "partition", "offset") *
FROM staged_quarantine
ORDER BY topic, "partition", "offset", said_offset DESC
ON CONFLICT (topic, "partition", "offset") DO UPDATE SET
    stage = EXCLUDED.stage,
    reason = EXCLUDED.reason,
    detail = EXCLUDED.detail,
    said_offset = EXCLUDED.said_offset
WHERE q.said_offset < EXCLUDED.said_offset

-- write_quarantine_ends --
INSERT INTO dsn_store.quarantine_ends SELECT * FROM staged_quarantine_ends ON CONFLICT DO NOTHING

-- settle_quarantine --
-- What is over goes: of what this batch speaks of, by place or by item. Read again, it goes again.
WITH spoken AS (
    SELECT topic, "partition", "offset", source, item FROM staged_quarantine
    UNION ALL
    SELECT topic, "partition", "offset", source, item FROM staged_quarantine_ends
),
candidates AS (
    SELECT topic, "partition", "offset" FROM spoken
    UNION
    SELECT q.topic, q."partition", q."offset"
    FROM spoken AS s
    INNER JOIN dsn_store.quarantine AS q ON q.source = s.source AND q.item = s.item
    WHERE s.item <> ''
),
over AS (
    DELETE FROM dsn_store.quarantine AS q
    USING candidates AS c
    WHERE q.topic = c.topic AND q."partition" = c."partition" AND q."offset" = c."offset"
        AND (
            EXISTS (
                SELECT FROM dsn_store.quarantine_ends AS e
                WHERE e.topic = q.topic AND e."partition" = q."partition"
                    AND e."offset" = q."offset"
            )
            OR q.item <> '' AND EXISTS (
                SELECT FROM dsn_store.quarantine_ends AS e
                WHERE e.source = q.source AND e.item = q.item
                    AND (e.epoch, e.seq) > (q.epoch, q.seq)
            )
        )
    RETURNING q.*
)
INSERT INTO dsn_store.quarantine_over SELECT * FROM over ON CONFLICT DO NOTHING

-- audit_heads --
SELECT topic, "partition", rows, hash FROM dsn_store.audit_heads

-- source_lanes --
SELECT
    topic, "partition", source, epoch, runs_before, runs_last, read, changes, copies, rejected,
    (extract(epoch FROM captured_at) * 1000)::bigint
FROM dsn_store.source_lanes

-- write_head --
INSERT INTO dsn_store.audit_heads (topic, "partition", rows, hash)
VALUES (%(topic)s, %(partition)s, %(rows)s, %(hash)s)
ON CONFLICT (topic, "partition") DO UPDATE SET rows = EXCLUDED.rows, hash = EXCLUDED.hash

-- write_lane --
INSERT INTO dsn_store.source_lanes
VALUES (
    %(topic)s, %(partition)s, %(source)s, %(epoch)s, %(complete)s, %(read)s, %(changes)s,
    %(copies)s, %(rejected)s, %(captured_at)s, %(runs_before)s, %(runs_last)s
)
ON CONFLICT (topic, "partition", source, epoch) DO UPDATE SET
    complete = EXCLUDED.complete,
    read = EXCLUDED.read,
    changes = EXCLUDED.changes,
    copies = EXCLUDED.copies,
    rejected = EXCLUDED.rejected,
    captured_at = EXCLUDED.captured_at,
    runs_before = EXCLUDED.runs_before,
    runs_last = EXCLUDED.runs_last

-- write_mark --
-- Every count of a mark only grows: marks read in any order leave the latest.
-- What it says of the outbox goes up and down: the mark read last gives it.
WITH of_day AS (
    INSERT INTO dsn_store.source_mark_days AS d (source, epoch, day, received, duplicate)
    VALUES (
        %(source)s, %(epoch)s, (%(sent_at)s::timestamptz AT TIME ZONE 'America/Toronto')::date,
        %(received)s, %(duplicate)s
    )
    ON CONFLICT (source, epoch, day) DO UPDATE SET
        received = greatest(d.received, EXCLUDED.received),
        duplicate = greatest(d.duplicate, EXCLUDED.duplicate)
)
INSERT INTO dsn_store.source_marks AS m (
    source, epoch, seq, received, duplicate, sent_at, unconfirmed, unconfirmed_since, outbox_bytes,
    outbox_bytes_max, disk_free_bytes, disk_free_bytes_min
)
VALUES (
    %(source)s, %(epoch)s, %(seq)s, %(received)s, %(duplicate)s, %(sent_at)s, %(unconfirmed)s,
    %(unconfirmed_since)s, %(outbox_bytes)s, %(outbox_bytes_max)s, %(disk_free_bytes)s,
    %(disk_free_bytes_min)s
)
ON CONFLICT (source, epoch) DO UPDATE SET
    seq = greatest(m.seq, EXCLUDED.seq),
    received = greatest(m.received, EXCLUDED.received),
    duplicate = greatest(m.duplicate, EXCLUDED.duplicate),
    sent_at = greatest(m.sent_at, EXCLUDED.sent_at),
    unconfirmed = EXCLUDED.unconfirmed,
    unconfirmed_since = EXCLUDED.unconfirmed_since,
    outbox_bytes = EXCLUDED.outbox_bytes,
    outbox_bytes_max = EXCLUDED.outbox_bytes_max,
    disk_free_bytes = EXCLUDED.disk_free_bytes,
    disk_free_bytes_min = EXCLUDED.disk_free_bytes_min

-- first_of_numbers --
-- What was read first under each of these numbers.
SELECT DISTINCT ON (a.source, a.epoch, a.seq)
    a.source, a.epoch, a.seq, a.content_digest, a.schema_id, a.item_digest, a.section, a.op,
    (extract(epoch FROM a.captured_at) * 1000000)::bigint
FROM unnest(
    %(sources)s::text[], %(epochs)s::integer[], %(seqs)s::bigint[]
) AS n (source, epoch, seq)
INNER JOIN dsn_store.audit AS a ON a.source = n.source AND a.epoch = n.epoch AND a.seq = n.seq
ORDER BY a.source, a.epoch, a.seq, a.topic, a."partition", a."offset"

-- put_conflict --
INSERT INTO dsn_store.quarantine (
    topic, "partition", "offset", source, epoch, seq, stage, reason, detail, captured_at, payload
)
VALUES (
    %(topic)s, %(partition)s, %(offset)s, %(source)s, %(epoch)s, 0, 'audit', 'number-conflict',
    %(detail)s, %(captured_at)s, %(payload)s
)
ON CONFLICT DO NOTHING

-- audit_rows --
SELECT
    topic, "partition", "offset", source, epoch, seq, section, op, standing, record_id,
    item_digest, content_digest, captured_at, stored_at, previous_hash, hash
FROM dsn_store.audit
ORDER BY topic, "partition", "offset"

-- access_end --
SELECT number, hash FROM dsn_store.access_log ORDER BY number DESC LIMIT 1

-- access_rows --
SELECT
    number, at, actor, role, establishment, action, person_id, sections, purpose, outcome,
    previous_hash, hash
FROM dsn_store.access_log
ORDER BY number

-- ledger --
SELECT
    source, received, shown, superseded, duplicate, quarantined, in_flight, unexplained
FROM dsn.ledger
ORDER BY source

-- sources --
SELECT source, epoch, seq_received, seq_complete, as_of, received, duplicate
FROM dsn.sources
ORDER BY source, epoch

-- source_status --
SELECT
    source, received, queued, stored, errored, quarantined, duplicate, last_change_at,
    last_heard_at, epoch, seq_complete, seq_published, as_of
FROM dsn.source_status
ORDER BY source

-- latest_complete --
SELECT DISTINCT ON (source) source, least(seq_received, seq_complete)
FROM dsn_store.source_progress
ORDER BY source, epoch DESC

-- on_their_way --
SELECT
    (SELECT count(*) FROM dsn_store.unsettled)
    + (
        SELECT count(DISTINCT s.record_id)
        FROM dsn_store.record_sources AS s
        WHERE NOT EXISTS (SELECT FROM dsn_store.links AS l WHERE l.record_id = s.record_id)
    ) AS records,
    (
        SELECT coalesce(sum(next_offset), 0)
        FROM dsn_store.offsets
        -- Of every generation: a link that none of them had yet is a link that came.
        WHERE starts_with(consumer, 'store') AND topic ~ 'identity[.]links$'
    ) AS place

-- reconcile_entries --
SELECT
    person_id, replace(entry_digest::text, '-', ''), section, status, conflicts, content_type,
    content::text, sources, epochs, seqs, records, view_partition, view_offset
FROM dsn_store.entries
WHERE NOT gone

-- reconcile_links --
SELECT record_id, person_id, version, link_offset FROM dsn_store.links

-- reconcile_quarantine --
SELECT topic, "partition", "offset", payload FROM dsn_store.quarantine
UNION ALL
SELECT topic, "partition", "offset", payload FROM dsn_store.quarantine_over

-- lower_guards --
-- One below what was read: exactly the state that stands may be written again, and no older one.
WITH entries AS (UPDATE dsn_store.entries SET view_offset = view_offset - 1),
links AS (UPDATE dsn_store.links SET link_offset = link_offset - 1)
UPDATE dsn_store.barriers SET view_offset = view_offset - 1

-- place --
-- Where the tables of a generation are; they stay there until this transaction ends.
SELECT place FROM dsn_store.generations WHERE generation = %(generation)s FOR SHARE

-- generations --
SELECT generation, place FROM dsn_store.generations ORDER BY generation

-- begin_generation --
INSERT INTO dsn_store.generations (generation, place) VALUES (%(generation)s, 'dsn_shadow')

-- exchange_places --
UPDATE dsn_store.generations
SET place = CASE place WHEN 'dsn_store' THEN 'dsn_shadow' ELSE 'dsn_store' END

-- end_generation --
DELETE FROM dsn_store.generations WHERE place = 'dsn_shadow'

-- forget_consumer --
DELETE FROM dsn_store.offsets WHERE consumer = %(consumer)s

-- forget_topics --
DELETE FROM dsn_store.topics
WHERE topic NOT IN (SELECT o.topic FROM dsn_store.offsets AS o) AND starts_with(topic, %(prefix)s)

-- view_definitions --
-- Every name in them is written out, because nothing is on the search path.
SELECT n.nspname, c.relname, c.reloptions, pg_get_viewdef(c.oid)
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname IN ('dsn', 'dsn_store')
ORDER BY c.oid

-- copy_conflicts --
-- What the audit set aside lies in no topic.
INSERT INTO dsn_shadow.quarantine
SELECT * FROM dsn_store.quarantine WHERE stage = 'audit'
ON CONFLICT DO NOTHING

-- rebuild_progress --
-- Sums over what the live one vouches for: how far the shadow is, and how far it has to come.
SELECT
    coalesce(sum(least(coalesce(s."position", 0), l."position")), 0)::bigint,
    coalesce(sum(l."position"), 0)::bigint
FROM dsn_store.barriers AS l
LEFT JOIN dsn_shadow.barriers AS s
    USING (view_partition, topic, "partition", source, epoch)

-- shadow_on_their_way --
SELECT count(*)
FROM dsn_shadow.links AS l
LEFT JOIN dsn_shadow.settled AS s ON s.record_id = l.record_id
WHERE (l.version > 1 OR l.person_id <> l.record_id)
    AND (s.version, s.person_id) IS DISTINCT FROM (l.version, l.person_id)

-- differing_entries --
SELECT coalesce(l.person_id, s.person_id), coalesce(l.section, s.section),
    replace(coalesce(l.entry_digest, s.entry_digest)::text, '-', ''),
    l.said, s.said
FROM (
    SELECT person_id, entry_digest, section, jsonb_build_object(
        'status', md5(status), 'conflicts', md5(conflicts::text), 'as_of', as_of,
        'content', md5(content_type || coalesce(content::text, '')),
        'contributors', md5(contributors::text), 'provenance', md5(provenance::text),
        'disagreements', md5(disagreements::text), 'records', records,
        'numbers', jsonb_build_array(sources, epochs, seqs)
    ) AS said
    FROM dsn_store.entries WHERE NOT gone
) AS l
FULL JOIN (
    SELECT person_id, entry_digest, section, jsonb_build_object(
        'status', md5(status), 'conflicts', md5(conflicts::text), 'as_of', as_of,
        'content', md5(content_type || coalesce(content::text, '')),
        'contributors', md5(contributors::text), 'provenance', md5(provenance::text),
        'disagreements', md5(disagreements::text), 'records', records,
        'numbers', jsonb_build_array(sources, epochs, seqs)
    ) AS said
    FROM dsn_shadow.entries WHERE NOT gone
) AS s USING (person_id, entry_digest)
WHERE l.said IS DISTINCT FROM s.said

-- differing_links --
SELECT record_id, coalesce(l.person_id, ''), coalesce(s.person_id, '')
FROM dsn_store.links AS l
FULL JOIN dsn_shadow.links AS s USING (record_id)
WHERE coalesce(l.person_id, '') <> coalesce(s.person_id, '')

-- differing_quarantine --
SELECT topic, "partition", "offset", l.topic IS NOT NULL, s.topic IS NOT NULL
FROM dsn_store.quarantine AS l
FULL JOIN dsn_shadow.quarantine AS s USING (topic, "partition", "offset")
WHERE (l.source, l.epoch, l.seq, l.stage, l.reason, l.captured_at, l.payload)
    IS DISTINCT FROM (s.source, s.epoch, s.seq, s.stage, s.reason, s.captured_at, s.payload)

-- differing_terms --
SELECT person_id, count(*)
FROM dsn_store.search_terms AS l
FULL JOIN dsn_shadow.search_terms AS s USING (kind, term, person_id)
WHERE l.kind IS NULL OR s.kind IS NULL
GROUP BY person_id

-- differing_sources --
SELECT record_id, source
FROM dsn_store.record_sources AS l
FULL JOIN dsn_shadow.record_sources AS s USING (record_id, source)
WHERE l.source IS NULL OR s.source IS NULL

-- reread --
DELETE FROM dsn_store.offsets WHERE consumer = %(consumer)s

-- vouched --
-- Up to where every lane of the view has each partition of the journal.
SELECT topic, "partition", min("position")
FROM (
    SELECT view_partition, topic, "partition", max("position") AS "position"
    FROM dsn_store.barriers
    GROUP BY view_partition, topic, "partition"
) AS b
GROUP BY topic, "partition"
HAVING count(*) >= (SELECT t.partitions FROM dsn_store.topics AS t WHERE t.topic = 'dsn.view')

-- sample_people --
SELECT
    l.record_id, l.person_id,
    NOT EXISTS (SELECT FROM dsn_store.unsettled AS u WHERE u.record_id = l.record_id)
FROM dsn_store.links AS l
WHERE l.record_id = ANY(%(records)s)

-- sample_entries --
SELECT person_id, section, replace(entry_digest::text, '-', ''), contributors::text
FROM dsn_store.entries
WHERE person_id = ANY(%(people)s) AND NOT gone

-- sample_aside --
SELECT q.source, q.epoch, q.seq
FROM unnest(
    %(sources)s::text[], %(epochs)s::integer[], %(seqs)s::bigint[]
) AS n (source, epoch, seq)
INNER JOIN (
    SELECT source, epoch, seq FROM dsn_store.quarantine
    UNION ALL
    SELECT source, epoch, seq FROM dsn_store.quarantine_over
) AS q
    ON q.source = n.source AND q.epoch = n.epoch AND q.seq = n.seq

-- forget_entry --
-- Only what is not newer than what is about to be written in its place.
DELETE FROM dsn_store.entries
WHERE person_id = %(person)s AND entry_digest = %(entry)s::uuid AND view_offset <= %(offset)s

-- forget_link --
DELETE FROM dsn_store.links WHERE record_id = %(record)s AND link_offset <= %(offset)s

-- forget_quarantined --
DELETE FROM dsn_store.quarantine
WHERE topic = %(topic)s AND "partition" = %(partition)s AND "offset" = %(offset)s

-- one_moment --
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- receipt_progress --
SELECT topic, source, epoch, complete, seen FROM dsn_store.receipt_progress

-- store_identity --
-- With the time line: a database restored to an earlier moment, or a standby that took over, has
-- another one.
SELECT i.store || ':' || c.timeline_id, i.issued
FROM dsn_store.identity AS i
CROSS JOIN pg_control_checkpoint() AS c

-- issue --
UPDATE dsn_store.identity SET issued = %(issued)s

-- quarantine_offsets --
SELECT "partition", next_offset
FROM dsn_store.offsets
WHERE consumer = %(consumer)s AND topic = %(topic)s

-- moving --
SELECT u.record_id, l.topic, s.source
FROM dsn_store.unsettled AS u
INNER JOIN dsn_store.record_sources AS s ON s.record_id = u.record_id
INNER JOIN (SELECT DISTINCT topic, source FROM dsn_store.source_lanes) AS l ON l.source = s.source

-- holes --
SELECT topic, "partition", source, epoch, "after", upto FROM dsn_store.holes

-- gaps_known --
SELECT
    topic, "partition", source, epoch, "after", upto, since, asked, asked_at, reason, explained_by,
    explained_at
FROM dsn_store.gaps
WHERE closed_at IS NULL

-- write_gap --
INSERT INTO dsn_store.gaps (
    topic, "partition", source, epoch, "after", upto, since, asked, asked_at, reason, explained_by,
    explained_at, closed_at
)
VALUES (
    %(topic)s, %(partition)s, %(source)s, %(epoch)s, %(after)s, %(upto)s, %(since)s, %(asked)s,
    %(asked_at)s, %(reason)s, %(explained_by)s, %(explained_at)s, %(closed_at)s
)
ON CONFLICT (topic, "partition", source, epoch, "after", upto) DO UPDATE SET
    since = EXCLUDED.since,
    asked = EXCLUDED.asked,
    asked_at = EXCLUDED.asked_at,
    reason = EXCLUDED.reason,
    explained_by = EXCLUDED.explained_by,
    explained_at = EXCLUDED.explained_at,
    closed_at = EXCLUDED.closed_at

-- add_request --
INSERT INTO dsn_store.resend_requests (
    topic, source, epoch, "after", upto, "partition", fill, reason
)
VALUES (
    %(topic)s, %(source)s, %(epoch)s, %(after)s, %(upto)s, %(partition)s, %(fill)s, %(reason)s
)

-- add_retry_request --
INSERT INTO dsn_store.resend_requests (
    topic, source, epoch, "after", upto, "partition", fill, reason, messages
)
VALUES (%(topic)s, %(source)s, 0, 0, 0, -1, false, 'an operator retries', %(messages)s)

-- requests_waiting --
SELECT topic, number, source, epoch, "after", upto, "partition", fill, reason, asked_at, messages
FROM dsn_store.resend_requests
WHERE published_at IS NULL
ORDER BY number

-- requests_published --
UPDATE dsn_store.resend_requests SET published_at = now() WHERE number = ANY(%(numbers)s)

-- gaps --
SELECT
    source, epoch, "after", upto, since, state, topic, "partition", asked, reason, explained_by,
    closed_at
FROM dsn.gaps
ORDER BY source, epoch, "after", upto

-- topics_of_source --
SELECT DISTINCT topic FROM dsn_store.source_lanes WHERE source = %(source)s ORDER BY topic

-- epochs_of_source --
SELECT DISTINCT epoch FROM dsn_store.source_lanes WHERE source = %(source)s ORDER BY epoch

-- quarantine_listed --
SELECT
    topic, "partition", "offset", source, epoch, seq, stage, reason, detail, item, captured_at,
    state, owner, retries, acted_by, acted_why, acted_at, length(payload) AS size_bytes
FROM dsn.quarantine
WHERE (%(sources)s::text[] IS NULL OR source = ANY(%(sources)s))
    AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
    AND (%(reasons)s::text[] IS NULL OR reason = ANY(%(reasons)s))
ORDER BY source, epoch, seq, topic, "partition", "offset"

-- quarantine_payload --
SELECT payload FROM dsn.quarantine
WHERE topic = %(topic)s AND "partition" = %(partition)s AND "offset" = %(offset)s

-- quarantine_history --
SELECT act, who, why, owner, at FROM dsn_store.quarantine_acts
WHERE topic = %(topic)s AND "partition" = %(partition)s AND "offset" = %(offset)s
ORDER BY number

-- add_quarantine_act --
INSERT INTO dsn_store.quarantine_acts (
    topic, "partition", "offset", act, who, why, owner, said_offset
)
SELECT topic, "partition", "offset", %(act)s, %(who)s, %(why)s, %(owner)s, said_offset
FROM dsn_store.quarantine
WHERE topic = %(topic)s AND "partition" = %(partition)s AND "offset" = %(offset)s

-- alarm_sources --
-- One row for each source, of its latest epoch where it matters.
SELECT
    s.source,
    s.last_change_at,
    m.heard_at,
    m.sent_at,
    coalesce(m.unconfirmed, 0) AS unconfirmed,
    m.unconfirmed_since,
    coalesce(m.outbox_bytes, 0) AS outbox_bytes,
    coalesce(m.outbox_bytes_max, 0) AS outbox_bytes_max,
    coalesce(m.disk_free_bytes, 0) AS disk_free_bytes,
    coalesce(m.disk_free_bytes_min, 0) AS disk_free_bytes_min,
    coalesce(g.gaps, 0) AS gaps,
    g.gap_since,
    coalesce(q.quarantined, 0) AS quarantined,
    q.quarantined_since,
    q.retrying_since
FROM (
    SELECT source, max(captured_at) AS last_change_at
    FROM dsn_store.source_lanes
    WHERE source NOT IN ('', 'steward')
    GROUP BY source
) AS s
LEFT JOIN LATERAL (
    SELECT * FROM dsn_store.source_marks AS n
    WHERE n.source = s.source ORDER BY n.epoch DESC LIMIT 1
) AS m ON true
LEFT JOIN (
    SELECT source, count(*) AS gaps, min(since) AS gap_since
    FROM dsn.gaps
    WHERE state IN ('open', 'asked')
    GROUP BY source
) AS g ON g.source = s.source
LEFT JOIN (
    SELECT
        source,
        count(*) FILTER (WHERE state = 'open') AS quarantined,
        min(captured_at) FILTER (WHERE state = 'open') AS quarantined_since,
        min(acted_at) FILTER (WHERE state = 'in-retry') AS retrying_since
    FROM dsn.quarantine
    WHERE state IN ('open', 'in-retry')
    GROUP BY source
) AS q ON q.source = s.source
ORDER BY s.source

-- note_volumes --
INSERT INTO dsn_store.source_hours AS h (source, hour, changes)
SELECT source, date_trunc('hour', now()), sum(changes)
FROM dsn_store.source_lanes
WHERE source NOT IN ('', 'steward')
GROUP BY source
ON CONFLICT (source, hour) DO UPDATE SET changes = EXCLUDED.changes

-- alarm_hours --
-- Changes of the last full hour and of the same hour of days before, the last one last.
SELECT source, hour, changes
FROM (
    SELECT
        source, hour,
        changes - lag(changes) OVER w AS changes,
        hour - lag(hour) OVER w AS apart
    FROM dsn_store.source_hours
    WHERE hour > now() - make_interval(days => %(days)s + 1)
    WINDOW w AS (PARTITION BY source ORDER BY hour)
) AS h
WHERE apart = interval '1 hour'
    AND hour < date_trunc('hour', now())
    AND extract(hour FROM hour AT TIME ZONE 'UTC')
        = extract(hour FROM (now() - interval '1 hour') AT TIME ZONE 'UTC')
ORDER BY source, hour

-- forget_alarms --
DELETE FROM dsn_store.alarms

-- write_alarm --
INSERT INTO dsn_store.alarms (place, kind, level, subject, measure_fr, measure_en, since)
VALUES (
    %(place)s, %(kind)s, %(level)s, %(subject)s, %(measure_fr)s, %(measure_en)s, %(since)s
)

-- alarms_looked --
INSERT INTO dsn_store.alarms_looked (at) VALUES (now())
ON CONFLICT (single) DO UPDATE SET at = EXCLUDED.at

-- alarms --
SELECT kind, level, subject, measure_fr, measure_en, since
FROM dsn.alarms
WHERE kind IS NOT NULL
ORDER BY place

-- alarms_looked_at --
SELECT max(looked_at) FROM dsn.alarms HAVING max(looked_at) IS NOT NULL
