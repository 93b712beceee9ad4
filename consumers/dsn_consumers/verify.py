"""Does the audit log still say what it said? Recomputes every chain from the rows alone.

A changed, dropped, added or swapped row breaks its chain; a cut tail shows against the stored end.
Somebody who may rewrite a whole chain *and* its end is only found by comparing with an end kept
elsewhere: copies of ``dsn_store.audit_heads`` and of the last line of ``dsn.access``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from dsn_consumers.chain import GENESIS, AuditRow, chained, microseconds, netstrings, row_bytes
from dsn_consumers.database import statement

#: Rows fetched at once.
_FETCH_ROWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in a log that is not as it was written."""

    #: ``topic[partition]`` of the journal, or ``access``.
    log: str
    #: Offset or number of the row; -1 for the end of the chain.
    row: int
    #: What is wrong.
    what: str


def verify(conninfo: str) -> list[Finding]:
    """Everything wrong in the audit log and the access log; none when both are whole."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        # One snapshot for rows and ends, or rows written meanwhile would look like tampering.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return [*_audit(connection), *_access(connection)]


def _audit(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    heads = {
        (topic, partition): (rows, bytes(last))
        for topic, partition, rows, last in connection.execute(statement("audit_heads"))
    }
    found: dict[tuple[str, int], tuple[int, bytes]] = {}
    for values in _rows(connection, "audit_rows"):
        *columns, captured_at, stored_at, previous, stored = values
        row = AuditRow._make([*columns, microseconds(captured_at), microseconds(stored_at)])
        place = (row.topic, row.partition)
        count, last = found.get(place, (0, GENESIS))
        yield from _row(
            f"{row.topic}[{row.partition}]", row.offset, row_bytes(row), last, previous, stored
        )
        found[place] = (count + 1, stored)
    for place in sorted(heads.keys() | found.keys()):
        if heads.get(place) != found.get(place):
            kept, ends = heads.get(place, (0, GENESIS))[0], found.get(place, (0, GENESIS))[0]
            what = f"the chain has {ends} rows and does not end where it was left after {kept}"
            yield Finding(log=f"{place[0]}[{place[1]}]", row=-1, what=what)


def _access(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    last, expected = GENESIS, 1
    for number, at, *texts, sections, purpose, outcome, previous, stored in _rows(
        connection, "access_rows"
    ):
        if number != expected:
            yield Finding(log="access", row=number, what=f"line {expected} is missing before it")
        covered = netstrings(
            [str(number), str(microseconds(at)), *texts, *sections, purpose, outcome]
        )
        yield from _row("access", number, covered, last, previous, stored)
        last, expected = stored, number + 1


def _row(
    log: str, row: int, covered: bytes, last: bytes, previous: bytes, stored: bytes
) -> Iterator[Finding]:
    if previous != last:
        yield Finding(log=log, row=row, what="it does not follow the row before it")
    if stored != chained(previous, covered):
        yield Finding(log=log, row=row, what="its values are not the ones that were hashed")


def _rows(connection: psycopg.Connection[Any], name: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=name) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(statement(name))
        yield from cursor
