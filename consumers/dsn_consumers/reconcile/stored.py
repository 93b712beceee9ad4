"""What the store says: its rows as of one moment, without what differs between two readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from dsn_consumers.database import statement
from dsn_consumers.intake import Place
from dsn_consumers.reconcile.journal import At, digest

#: Rows asked of the server at a time.
_ROWS = 2_000


class StoredEntry(NamedTuple):
    """An entry as the store has it."""

    section: str
    status: str
    conflicts: tuple[str, ...]
    content_type: str
    #: JSON.
    content: str | None
    #: Source, epoch and seq of each contributor.
    numbers: tuple[tuple[str, int, int], ...]
    records: tuple[str, ...]
    partition: int
    offset: int


@dataclass(slots=True)
class Stored:
    """Every row that is held against the view."""

    #: (person, digest of the entry).
    entries: dict[tuple[str, str], StoredEntry] = field(default_factory=dict)
    #: Record id -> person, version and offset.
    links: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    #: Place in the journal -> digest of the payload.
    quarantine: dict[At, bytes] = field(default_factory=dict)


def cut(connection: psycopg.Connection[Any], consumer: str) -> dict[Place, int]:
    """Where the store is in every partition it reads; the first statement of the snapshot."""
    rows = connection.execute(statement("offsets"), {"consumer": consumer})
    return {(topic, partition): at for topic, partition, at in rows}


def load(connection: psycopg.Connection[Any]) -> Stored:
    """Every row, in the transaction of ``connection``."""
    stored = Stored()
    with connection.cursor(name="reconcile_entries") as cursor:
        cursor.itersize = _ROWS
        cursor.execute(statement("reconcile_entries"))
        for person, name, *rest, sources, epochs, seqs, records, partition, offset in cursor:
            section, status, conflicts, content_type, content = rest
            stored.entries[person, name] = StoredEntry(
                section,
                status,
                tuple(conflicts),
                content_type,
                content,
                tuple(zip(sources, epochs, seqs, strict=True)),
                tuple(records),
                partition,
                offset,
            )
    for record, person, version, offset in connection.execute(statement("reconcile_links")):
        stored.links[record] = (person, version, offset)
    for topic, partition, offset, payload in connection.execute(statement("reconcile_quarantine")):
        stored.quarantine[topic, partition, offset] = digest(payload)
    return stored
