"""``dsn compare`` at the centre: what the audit log knows of every number of a source.

Beside the digests: what is in quarantine, and what no chart shows though the books say it should.
All is of one snapshot, in which the books were brought up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from dsn_consumers.database import statement as sql
from dsn_consumers.ledger_count import counted
from dsn_schemas.comparison import CentreFacts, Numbers
from dsn_schemas.digest_tree import PAYLOAD_BYTES, Leaf, Reader
from dsn_schemas.runs import Run

#: Rows of the audit log fetched at once.
_FETCH_ROWS = 10_000
#: Runs of numbers told of those in quarantine, and of those in no chart.
_RUNS_MAX = 1000

Connection = psycopg.Connection[Any]


@contextmanager
def opened(conninfo: str, source: str) -> Iterator[tuple[CentreFacts, Reader]]:
    """What the centre can say of a source."""
    with counted(conninfo) as connection:
        yield facts(connection, source), reader(connection, source)


def facts(connection: Connection, source: str) -> CentreFacts:
    """How far it was read in each epoch; empty when nobody has heard of it."""
    wanted = {"source": source, "runs": _RUNS_MAX}
    rows = connection.execute(sql("comparison_epochs", file="comparison.sql"), wanted)
    return CentreFacts(
        epochs={epoch: (read, highest) for epoch, read, highest in rows},
        quarantined=_numbers(connection, "comparison_quarantined", wanted),
        not_shown=_numbers(connection, "comparison_not_shown", wanted),
    )


def reader(connection: Connection, source: str) -> Reader:
    """What was read first under the numbers of an epoch behind one and up to another."""

    def read(epoch: int, after: int, upto: int) -> Iterator[Leaf]:
        wanted = {
            "source": source,
            "epoch": epoch,
            "after": after,
            "upto": upto,
            "bytes": PAYLOAD_BYTES,
        }
        with connection.cursor(name="comparison") as cursor:
            cursor.itersize = _FETCH_ROWS
            rows = cursor.execute(sql("comparison_leaves", file="comparison.sql"), wanted)
            for seq, payload, schema in rows:
                yield Leaf(seq, bytes(payload), schema)

    return read


def _numbers(connection: Connection, name: str, wanted: dict[str, object]) -> Numbers:
    found: dict[int, list[Run]] = {}
    for epoch, first, last in connection.execute(sql(name, file="comparison.sql"), wanted):
        found.setdefault(epoch, []).append((first, last))
    return {epoch: tuple(runs) for epoch, runs in found.items()}
