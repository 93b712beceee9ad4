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
