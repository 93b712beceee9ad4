"""Hand-made records of the view, the links and the changes, and a database of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from dsn_consumers.chart_rows import DECISIONS
from dsn_consumers.database import migrate, statement
from dsn_consumers.intake import Read, Topic
from dsn_consumers.store import StoreSink
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.keys import partition_of, person_id, record_key, view_key
from dsn_schemas.records import (
    Content,
    Contributor,
    Op,
    QuarantinedChange,
    RecordChange,
    RecordLink,
    RecordSettled,
    ReviewPair,
    Section,
    SourceMark,
    ViewBarrier,
    ViewEntry,
)
from dsn_schemas.topics import (
    IDENTITY_LINKS,
    IDENTITY_REVIEWS,
    QUARANTINE,
    VIEW,
    changes_topic,
)
from dsn_schemas.wire import Codec

PARTITIONS = 4
CHANGES = changes_topic("chum")
TOPICS = [
    Topic(VIEW, "view-id", PARTITIONS),
    Topic(IDENTITY_LINKS, "links-id", PARTITIONS),
    Topic(QUARANTINE, "quarantine-id", PARTITIONS),
    Topic(IDENTITY_REVIEWS, "reviews-id", PARTITIONS),
    Topic(DECISIONS, "decisions-id", PARTITIONS),
]
#: 2026-03-01T12:00:00Z in milliseconds.
NOON = 1_772_366_400_000

_numbers = itertools.count(1)


class LocalIds:
    """Schema ids without a registry: the place of the type in the contract."""

    def id_of(self, name: str) -> int:
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        return composed(SUBJECTS[schema_id - 1])


codec = Codec(LocalIds())


#: Servers that have our migrated database to copy, by their connection string.
_templates: set[str] = set()


def fresh_database(superuser: str, conninfo: str) -> str:
    """A migrated database of its own on the server of these two connection strings."""
    if superuser not in _templates:
        migrate(empty_database(superuser, conninfo, "consumers_template"))
        _templates.add(superuser)
    return empty_database(
        superuser, conninfo, f"consumers_{next(_numbers)}", "TEMPLATE consumers_template"
    )


def empty_database(superuser: str, conninfo: str, name: str, template: str = "") -> str:
    """A database of that name, made anew."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        create = SQL("CREATE DATABASE {} OWNER dsn {}")
        connection.execute(create.format(Identifier(name), SQL(template)))
    return make_conninfo(conninfo, dbname=name)


class View:
    """Writes what the streams would write, with offsets that grow."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self.partitions = partitions
        self.reads: list[Read] = []
        self._offsets: dict[tuple[str, int], int] = {}

    def entry(self, entry: ViewEntry) -> Read:
        key = view_key(entry.person, entry.section, entry.entry)
        return self._add(VIEW, entry.person, key, codec.encode(entry))

    def gone(self, person: str, section: str, entry: str) -> Read:
        return self._add(VIEW, person, view_key(person, section, entry), None)

    def link(
        self, authority: str, number: str, person: str = "", version: int = 1, previous: str = ""
    ) -> Read:
        key = record_key(authority, number)
        link = RecordLink(
            authority=authority,
            number=number,
            person=person or person_id(key),
            version=version,
            previous=previous,
            reasons=("same-nam",),
        )
        return self._add(IDENTITY_LINKS, key, key, codec.encode(link))

    def review(self, review: ReviewPair) -> Read:
        key = person_id(record_key(review.authority_a, review.number_a)) + person_id(
            record_key(review.authority_b, review.number_b)
        )
        return self._add(IDENTITY_REVIEWS, key, key, codec.encode(review))

    def decided(self, change: RecordChange) -> Read:
        key = record_key(change.authority, change.number)
        return self._add(DECISIONS, key, key, codec.encode(change))

    def unlinked(self, authority: str, number: str) -> Read:
        key = record_key(authority, number)
        return self._add(IDENTITY_LINKS, key, key, None)

    def settled(self, authority: str, number: str, person: str, version: int) -> Read:
        record = RecordSettled(authority=authority, number=number, version=version, person=person)
        key = f"|settled|{record_key(authority, number)}"
        return self._add(VIEW, person, key, codec.encode(record))

    def barriers(
        self, source: str, seq: int, *, topic: str = CHANGES, position: int = 0, epoch: int = 1
    ) -> list[Read]:
        """A barrier of every partition of the changes in every partition of the view."""
        return [
            self.barrier(lane, source, seq, topic=topic, p=p, position=position, epoch=epoch)
            for lane in range(self.partitions)
            for p in range(self.partitions)
        ]

    def barrier(
        self,
        lane: int,
        source: str,
        seq: int,
        *,
        topic: str = CHANGES,
        p: int = 0,
        position: int = 0,
        epoch: int = 1,
    ) -> Read:
        barrier = ViewBarrier(
            topic=topic,
            partition=p,
            position=position,
            source=source,
            epoch=epoch,
            seq=seq,
            as_of=NOON + seq,
        )
        key = f"|barrier|{topic}|{p}|{source}|{epoch}"
        return self._put(VIEW, lane, key.encode(), codec.encode(barrier))

    def quarantine(self, change: QuarantinedChange) -> Read:
        return self._add(QUARANTINE, change.source, change.source, codec.encode(change))

    def _add(self, topic: str, partition_key: str, key: str, value: bytes | None) -> Read:
        return self._put(topic, partition_of(partition_key, self.partitions), key.encode(), value)

    def _put(self, topic: str, partition: int, key: bytes, value: bytes | None) -> Read:
        offset = self._offsets.get((topic, partition), 0)
        self._offsets[topic, partition] = offset + 1
        read = Read(topic, partition, offset, key, value, NOON)
        self.reads.append(read)
        return read


def contributor(
    source: str,
    authority: str,
    number: str,
    item: str,
    seq: int,
    *,
    op: Op = "upsert",
    status: str = "active",
    epoch: int = 1,
    at: int = NOON,
) -> Contributor:
    return Contributor(
        source=source,
        authority=authority,
        number=number,
        item=item,
        epoch=epoch,
        seq=seq,
        op=op,
        status=status,
        occurred_at=at,
        captured_at=at + 1_500,
    )


def view_entry(
    person: str,
    section: Section,
    entry: str,
    content: Content | None,
    contributors: Iterable[Contributor],
    *,
    conflicts: tuple[str, ...] = (),
    status: str | None = None,
) -> ViewEntry:
    found = tuple(contributors)
    return ViewEntry(
        person=person,
        section=section,
        entry=entry,
        status=found[0].status if status is None else status,
        conflicts=conflicts,
        as_of=max(c.occurred_at for c in found),
        contributors=found,
        content=content,
    )


def store(
    connection: psycopg.Connection[Any], reads: list[Read], partitions: int = PARTITIONS
) -> None:
    """Write what was read, as the store does, but without its offsets."""
    sink = StoreSink(codec)
    topics = [topic._replace(partitions=partitions) for topic in TOPICS]
    for topic in [*topics, Topic(CHANGES, "changes-id", partitions)]:
        connection.execute(statement("add_topic"), topic._asdict() | {"topic": topic.name})
    sink.opened(connection, topics)
    with connection.transaction():
        sink.write(connection, sink.prepare(reads))


def change(
    seq: int,
    previous: int,
    *,
    source: str = "chum-adt",
    epoch: int = 1,
    authority: str = "CHUM",
    number: str = "1001",
    section: Section = "allergies",
    item: str = "a1",
    op: Op = "upsert",
    status: str = "active",
    content: Content | None = None,
) -> RecordChange:
    return RecordChange(
        source=source,
        epoch=epoch,
        seq=seq,
        previous=previous,
        authority=authority,
        number=number,
        section=section,
        item=item,
        entry="",
        op=op,
        status=status,
        occurred_at=NOON + seq,
        captured_at=NOON + seq + 1,
        content=content,
    )


def mark(
    seq: int,
    previous: int,
    *,
    source: str = "chum-adt",
    received: int,
    duplicate: int = 0,
    epoch: int = 1,
) -> RecordChange:
    return RecordChange(
        source=source,
        epoch=epoch,
        seq=seq,
        previous=previous,
        authority="",
        number="",
        section="marks",
        item="",
        entry="",
        op="mark",
        status="",
        occurred_at=NOON + seq,
        captured_at=NOON + seq + 2,
        content=SourceMark(received=received, duplicate=duplicate, sent_at=NOON + seq + 2),
    )
