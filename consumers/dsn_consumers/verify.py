"""Does the audit log still say what it said? Recomputes every chain from the rows alone.

A changed, dropped, added or swapped row breaks its chain; a cut tail shows against the stored end.
Somebody who may rewrite a whole chain *and* its end is only found by an end kept elsewhere, under a
key that is not in the database (``checkpoint``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from dsn_consumers.chain import GENESIS, AuditRow, chained, microseconds, netstrings, row_bytes
from dsn_consumers.checkpoint import Checkpoint
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


def verify(conninfo: str, checkpoints: Sequence[Checkpoint] = ()) -> list[Finding]:
    """Everything wrong in the audit log and the access log; none when both are whole.

    ``checkpoints`` are believed: their signatures were checked.
    """
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        # One snapshot for rows and ends, or rows written meanwhile would look like tampering.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return [*_audit(connection, checkpoints), *_access(connection, checkpoints)]


def _audit(
    connection: psycopg.Connection[Any], checkpoints: Sequence[Checkpoint]
) -> Iterator[Finding]:
    signed_ends = {
        (*place, rows): (end, one)
        for one in checkpoints
        for place, (rows, end) in one.audit.items()
        if rows
    }
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
        signed = signed_ends.pop((*place, count + 1), None)
        if signed is not None and signed[0] != stored:
            yield _rewritten(f"{row.topic}[{row.partition}]", row.offset, signed[1])
    for (topic, partition, rows), (_, one) in sorted(signed_ends.items(), key=lambda item: item[0]):
        has = found.get((topic, partition), (0, GENESIS))[0]
        yield _shortened(f"{topic}[{partition}]", has, rows, one)
    for place in sorted(heads.keys() | found.keys()):
        if heads.get(place) != found.get(place):
            kept, ends = heads.get(place, (0, GENESIS))[0], found.get(place, (0, GENESIS))[0]
            what = f"the chain has {ends} rows and does not end where it was left after {kept}"
            yield Finding(log=f"{place[0]}[{place[1]}]", row=-1, what=what)


def _access(
    connection: psycopg.Connection[Any], checkpoints: Sequence[Checkpoint]
) -> Iterator[Finding]:
    ends = {one.access[0]: (one.access[1], one) for one in checkpoints if one.access[0]}
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
        signed = ends.pop(number, None)
        if signed is not None and signed[0] != stored:
            yield _rewritten("access", number, signed[1])
    for lines, (_, one) in sorted(ends.items(), key=lambda item: item[0]):
        yield _shortened("access", expected - 1, lines, one)


def _rewritten(log: str, row: int, checkpoint: Checkpoint) -> Finding:
    what = f"it is not what the checkpoint of {checkpoint.at.isoformat()} signed"
    return Finding(log=log, row=row, what=f"{what}: it, or a row before it, was rewritten")


def _shortened(log: str, rows: int, signed: int, checkpoint: Checkpoint) -> Finding:
    what = (
        f"the chain has {rows} rows; the checkpoint of {checkpoint.at.isoformat()} signed {signed}"
    )
    return Finding(log=log, row=-1, what=what)


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
