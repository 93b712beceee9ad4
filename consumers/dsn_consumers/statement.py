"""Closing statements: what became of a source's changes of a period, for its site to check.

Fates are those of the kept books, so a statement says what ``dsn ledger`` and the status page say;
digests are read from the audit log. A statement is kept when it is issued, signed where there is a
key. Called by ``dsn statement`` and read by the pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Json

from dsn_consumers.database import statement as sql
from dsn_consumers.ledger_count import added, counted, days_of
from dsn_schemas.runs import Run, count
from dsn_schemas.signing import Signer
from dsn_schemas.statement import (
    EMPTY,
    FATES,
    KIND,
    DayDigest,
    Missing,
    Statement,
    as_document,
    chained,
)

#: Rows of the audit log fetched at once.
_FETCH_ROWS = 10_000

Connection = psycopg.Connection[Any]


class NothingKnown(LookupError):
    """The centre has not heard of the source in the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A statement as it was kept."""

    #: 0: it was not kept.
    number: int
    statement: Statement
    document: dict[str, Any]
    signature: dict[str, str] | None


def sources_until(conninfo: str, last: date) -> list[str]:
    """Sources that had been heard of on a day."""
    with counted(conninfo) as connection:
        rows = connection.execute(sql("statement_sources", file="statement.sql"), {"last": last})
        return [str(row[0]) for row in rows]


def issue(
    conninfo: str,
    source: str,
    first: date,
    last: date,
    *,
    now: datetime,
    signer: Signer | None,
    keep: bool = True,
) -> Issued:
    """Count, state, sign and keep. Raises ``NothingKnown``.

    Counts, numbers and digests are of one snapshot. Takes some 4 s per million changes.
    """
    with counted(conninfo) as connection:
        made = _made(connection, source, first, last, now)
        document = as_document(made)
        signature = None if signer is None else signer.signature(KIND, document)
        number = 0
        if keep:
            values = {
                "source": source,
                "first": first,
                "last": last,
                "issued_at": now,
                "unexplained": made.unexplained,
                "document": Json(document),
                "signature": None if signature is None else Json(signature),
            }
            row = connection.execute(sql("put_statement", file="statement.sql"), values).fetchone()
            assert row is not None
            number = int(row[0])
    return Issued(number=number, statement=made, document=document, signature=signature)


def _made(connection: Connection, source: str, first: date, last: date, now: datetime) -> Statement:
    days = days_of(connection, source, first, last)
    if not days:
        raise NothingKnown(
            f"nothing is known of {source} from {first} to {last}; see `dsn ledger --by-day`"
        )
    (sums,) = added(days)
    schemas: set[int] = set()
    digests = tuple(_digests(connection, source, first, last, schemas))
    return Statement(
        source=source,
        first=first,
        last=last,
        counted_at=days[0].counted_at or now,
        issued_at=now,
        received=sums.received,
        **{fate: getattr(sums, fate) for fate in FATES},
        days=digests,
        missing=tuple(_missing(connection, source, first, last)),
        schemas=tuple(sorted(schemas)),
    )


def _digests(
    connection: Connection, source: str, first: date, last: date, schemas: set[int]
) -> Iterator[DayDigest]:
    wanted = {"source": source, "first": first, "last": last}
    rows = connection.execute(sql("statement_days", file="statement.sql"), wanted).fetchall()
    for day, epoch, lower, upper in rows:
        numbers = tuple(zip(lower, upper, strict=True))
        chain = EMPTY
        for run in numbers:
            for seq, payload, schema in _changes(connection, source, epoch, run):
                chain = chained(chain, epoch, seq, payload)
                schemas.add(schema)
        yield DayDigest(
            day=day, epoch=epoch, changes=count(numbers), numbers=numbers, digest=chain.hex()
        )


def _changes(
    connection: Connection, source: str, epoch: int, run: Run
) -> Iterator[tuple[int, bytes, int]]:
    wanted = {"source": source, "epoch": epoch, "first": run[0], "last": run[1]}
    with connection.cursor(name="statement") as cursor:
        cursor.itersize = _FETCH_ROWS
        yield from cursor.execute(sql("statement_changes", file="statement.sql"), wanted)


def _missing(connection: Connection, source: str, first: date, last: date) -> Iterator[Missing]:
    wanted = {"source": source, "first": first, "last": last}
    holes: dict[tuple[int, bool], list[Run]] = {}
    for epoch, lost, lower, upper in connection.execute(
        sql("statement_missing", file="statement.sql"), wanted
    ):
        holes.setdefault((epoch, lost), []).append((lower, upper))
    for (epoch, lost), numbers in holes.items():
        yield Missing(epoch=epoch, numbers=tuple(numbers), lost=lost)


def closed(issued: Sequence[Issued]) -> bool:
    """Whether nothing of all of these is unexplained, and every sum agrees."""
    return all(one.statement.unexplained == 0 and one.statement.adds_up for one in issued)
