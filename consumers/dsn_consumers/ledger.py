"""The books of every source: what became of each change, and how far the centre has come.

Called by ``dsn ledger``, the demonstration, feeds and the status page.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from dsn_consumers.database import statement

#: How the whole audit log is read: a million rows want some 300 MB and hash tables. The planner
#: knows nothing of the size of intermediate results and would sort them; compiling takes a second.
WHOLE_LOG = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL enable_mergejoin = off"
#: Between two looks while waiting, s.
_LOOK_EVERY_S = 0.1
#: No link may have come for this long, s: identity decides behind the barriers, and a record it
#: moves is only seen to move when its link arrives.
QUIET_S = 1.0

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One source's books; every change of it in exactly one column."""

    source: str
    received: int
    shown: int
    superseded: int
    duplicate: int
    quarantined: int
    in_flight: int
    unexplained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """How far the centre has come with one source and epoch; columns of ``dsn.sources``."""

    source: str
    epoch: int
    seq_received: int
    seq_complete: int
    as_of: datetime | None
    received: int
    duplicate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One line of the status page; columns of ``dsn.source_status``."""

    source: str
    received: int
    queued: int
    stored: int
    errored: int
    quarantined: int
    duplicate: int
    last_change_at: datetime | None
    last_heard_at: datetime | None
    epoch: int
    seq_complete: int
    seq_published: int
    as_of: datetime | None


class NotComplete(TimeoutError):
    """Not everything expected arrived in time; says what is missing."""


def ledger(conninfo: str) -> list[LedgerRow]:
    """The books of every source. Reads the whole audit log: 5 to 10 s per million rows."""
    return _read(conninfo, "ledger", LedgerRow)


def balanced(rows: Iterable[LedgerRow]) -> bool:
    """Does every source's sum agree, with nothing unexplained and nothing on its way?"""
    return all(
        row.unexplained == 0
        and row.in_flight == 0
        and row.received == row.shown + row.superseded + row.duplicate + row.quarantined
        for row in rows
    )


def sources(conninfo: str) -> list[SourceRow]:
    """How far the centre has come with every source and epoch."""
    return _read(conninfo, "sources", SourceRow)


def source_status(conninfo: str) -> list[SourceStatus]:
    """What the status page says of every source; cheap, no log is read."""
    return _read(conninfo, "source_status", SourceStatus)


def wait_complete(
    conninfo: str, expected: Mapping[str, int], deadline_s: float, quiet_s: float = QUIET_S
) -> None:
    """Return once the store has everything up to these numbers, by source, of the latest epoch.

    Every record must be linked and settled, and no new link come for ``quiet_s``. Raises
    ``NotComplete`` after ``deadline_s``, ``psycopg.OperationalError`` when the database is away.
    """
    end = time.monotonic() + deadline_s
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
        place, since = None, time.monotonic()
        while True:
            found = missing(connection, expected)
            now = time.monotonic()
            if found.place != place:
                place, since = found.place, now
            if found.complete and now - since >= quiet_s:
                return
            if now >= end:
                raise NotComplete(f"not complete after {deadline_s:g} s: {found}")
            time.sleep(_LOOK_EVERY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a wait still waits for."""

    #: (complete up to, expected) of each source that is behind.
    behind: dict[str, tuple[int, int]]
    #: Records without a link, or on their way to another person.
    records: int
    #: Sum of the store's offsets in the links: unchanged means that none came.
    place: int

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return not self.behind and not self.records

    def __str__(self) -> str:
        behind = [f"{s} at {at} of {to}" for s, (at, to) in sorted(self.behind.items())]
        moving = [f"{self.records} records without a settled link"] if self.records else []
        return "; ".join(behind + moving) or "links keep coming"


def missing(connection: psycopg.Connection[Any], expected: Mapping[str, int]) -> Missing:
    """What of the expected is not there yet."""
    complete = dict(connection.execute(statement("latest_complete")).fetchall())
    row = connection.execute(statement("on_their_way")).fetchone()
    assert row is not None
    behind = {
        source: (complete.get(source, 0), seq)
        for source, seq in expected.items()
        if complete.get(source, 0) < seq
    }
    return Missing(behind=behind, records=int(row[0]), place=int(row[1]))


def _read(conninfo: str, name: str, kind: type[Line]) -> list[Line]:
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        connection.execute(WHOLE_LOG)
        with connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(statement(name)).fetchall()
