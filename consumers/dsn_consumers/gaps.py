"""Holes in the numbers of the sources, for ``dsn gaps`` and ``dsn resend``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from dsn_consumers import gap
from dsn_consumers.database import statement
from dsn_consumers.gap import Request
from dsn_consumers.receipts import read_gaps, write_gap

#: Messages named in one request: 64 bytes each.
RETRIES_MAX = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """One hole; columns of ``dsn.gaps``."""

    source: str
    epoch: int
    after: int
    upto: int
    since: datetime
    state: str
    topic: str
    partition: int
    asked: int
    reason: str | None
    explained_by: str | None
    closed_at: datetime | None


class NoSuchSource(LookupError):
    """Nothing was ever read of the source."""


def gaps(conninfo: str) -> list[GapRow]:
    """Every hole that was ever noticed, closed ones included."""
    with (
        psycopg.connect(conninfo, connect_timeout=5) as connection,
        connection.cursor(row_factory=class_row(GapRow)) as cursor,
    ):
        return cursor.execute(statement("gaps")).fetchall()


def explain(
    conninfo: str, source: str, epoch: int, after: int, upto: int, reason: str, who: str
) -> int:
    """Give the reason of every open hole within a range; how many that is.

    The outbox will fill each with a rejected message that carries the reason.
    """
    explained = 0
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        for one in read_gaps(connection):
            hole = one.hole
            inside = after <= hole.after and hole.upto <= upto
            if (hole.source, hole.epoch) == (source, epoch) and inside:
                write_gap(connection, gap.explained(one, reason, who, row[0]))
                explained += 1
    return explained


def request_resend(
    conninfo: str, source: str, epoch: int | None, after: int | None, *, dry_run: bool = False
) -> list[Request]:
    """Ask the outbox of a source for everything behind a number; it goes on through later epochs.

    Without a number everything is asked for, without an epoch the number is of the latest.
    Raises ``NoSuchSource``.
    """
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        values = {"source": source}
        topics = [row[0] for row in connection.execute(statement("topics_of_source"), values)]
        known = [row[0] for row in connection.execute(statement("epochs_of_source"), values)]
        if not topics or (epoch is not None and epoch not in known):
            raise NoSuchSource(f"the centre has read nothing of {source}, epoch {epoch or 'any'}")
        first = epoch or (known[0] if after is None else known[-1])
        requests = [
            Request(topic, source, first, after or 0, 0, -1, False, "an operator asked")
            for topic in topics
        ]
        for request in [] if dry_run else requests:
            connection.execute(statement("add_request"), request._asdict())
    return requests


def request_retry(conninfo: str, source: str, messages: Sequence[str]) -> None:
    """Ask the outbox of a source to map rejected messages again (SHA-256, hexadecimal).

    Raises ``NoSuchSource``.
    """
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        rows = connection.execute(statement("topics_of_source"), {"source": source}).fetchall()
        if not rows:
            raise NoSuchSource(f"the centre has read nothing of {source}")
        for at in range(0, len(messages), RETRIES_MAX):
            some = {"messages": list(messages[at : at + RETRIES_MAX])}
            for (topic,) in rows:
                values = {"topic": topic, "source": source}
                connection.execute(statement("add_retry_request"), values | some)
