"""The books by source and day, kept while the log grows: a look costs what came since the last one.

Kept are, of each record item, the change that is shown and whatever stands above it. A count judges
what is new, what was open, and what any chart that changed since shows no more; so it says what
counting everything from nothing says (``dsn.ledger``), as long as tables change by our consumers.
For what is changed by others each count also looks at a slice of all charts again, one after the
other; ``recount`` holds everything against the whole count.

Called by ``dsn ledger``, ``dsn statement`` and, beside the audit consumer, by ``Keeper``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import psycopg
import structlog
from psycopg.rows import class_row

from dsn_consumers.database import statement
from dsn_consumers.errors import is_passing
from dsn_consumers.ledger import WHOLE_LOG, LedgerRow
from dsn_consumers.stopping import Stop

log = structlog.get_logger()

#: Between two counts beside a consumer, s: the status page is never older than this and a count.
COUNT_EVERY_S = 10.0
#: A pause is at least so many times the count before it: counting takes 5 % of a core at most.
PAUSE_PER_COUNT = 20
#: Entries looked at again by each count, a fraction of a second: a store of fewer is looked at whole.
SLICE_ENTRIES = 5_000
#: Counts of one question: the audit writes marks of its own, and a snapshot in which one was written
#: meanwhile is given up.
_TRIES = 10
#: A table of this transaction that has more rows is given statistics before it is joined.
_MANY = 200

#: In the order of ``sql/ledger.sql``, with the table each of them makes or adds to.
_READ = {
    "read_new": "ledger_new",
    "count_copies": "",
    "count_new": "",
    "read_set_aside": "ledger_added",
}
_TAKE = {
    "set_aside": "",
    "take_back": "",
    "replace_late": "",
    "add_new": "",
    "add_items": "ledger_items",
}
_JUDGE = {
    "name_shown": "ledger_named",
    "find_lost": "ledger_items",
    "find_candidates": "ledger_candidates",
    "judge": "ledger_judged",
    "wanted_people": "ledger_people",
    "search": "ledger_found",
    "resolve": "",
}
_KEEP = (
    *("keep_heads", "count_judged", "drop_replaced", "keep_days", "forget_ahead", "keep_ahead"),
    *("forget_progress", "keep_progress", "keep_marks", "keep_places"),
)

#: Dropped at the end: what is counted may be counted anew in the same transaction.
_TEMPORARY = (
    *("ledger_delta", "ledger_dirty", "ledger_items", "ledger_moved", "ledger_rows", "ledger_new"),
    *("ledger_added", "ledger_named", "ledger_candidates", "ledger_judged", "ledger_people"),
    "ledger_found",
)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow(LedgerRow):
    """One source's books of one day; columns of ``dsn.ledger_days``."""

    #: Day the edge took the changes in, in America/Toronto.
    day: date
    counted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """What counting everything from nothing gave."""

    rows: list[LedgerRow]
    #: Sources whose kept books said something else; they were made anew.
    differing: list[str]


class _Backwards(Exception):
    """Something that is shown was set aside: only counting everything anew finds what shows now."""


def count(conninfo: str, slice_entries: int = SLICE_ENTRIES) -> None:
    """Bring the books up to date. Safe beside itself: the second waits for the first."""
    with counted(conninfo, slice_entries):
        pass


@contextmanager
def counted(conninfo: str, slice_entries: int = SLICE_ENTRIES) -> Iterator[Connection]:
    """The books brought up to date, and the snapshot in which they were; committed at the end."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        _bring_up_to_date(connection, slice_entries)
        yield connection


def days(
    conninfo: str,
    *,
    source: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[DayRow]:
    """The books as last counted, by source and day; bounds are inclusive."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        return days_of(connection, source, first, last)


def added(rows: Iterable[DayRow]) -> list[LedgerRow]:
    """The days of each source in one line."""
    sums: dict[str, dict[str, int]] = {}
    names = [field.name for field in fields(LedgerRow) if field.name != "source"]
    for row in rows:
        line = sums.setdefault(row.source, dict.fromkeys(names, 0))
        for name in names:
            line[name] += getattr(row, name)
    return [LedgerRow(source=source, **line) for source, line in sorted(sums.items())]


def look(conninfo: str) -> list[LedgerRow]:
    """Count what is new and give the books of every source."""
    count(conninfo)
    return added(days(conninfo))


def recount(conninfo: str) -> Recount:
    """Count everything from nothing; where the kept books said something else, make them anew.

    Both are asked in one snapshot, so any difference is one. Takes 20 s per million numbers.
    """
    with counted(conninfo, 0) as connection:
        kept = added(days_of(connection))
        with connection.cursor(row_factory=class_row(LedgerRow)) as cursor:
            rows = cursor.execute(statement("ledger")).fetchall()
        differing = differences(kept, rows)
        if differing:
            log.error("kept_books_differ", sources=differing)
            _afresh(connection)
    return Recount(rows=rows, differing=differing)


def differences(kept: Sequence[LedgerRow], whole: Sequence[LedgerRow]) -> list[str]:
    """Sources of which the two do not say the same."""
    one, other = ({row.source: row for row in rows} for rows in (kept, whole))
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def days_of(
    connection: Connection,
    source: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[DayRow]:
    """The same, of an open connection."""
    wanted = {"source": source, "first": first, "last": last}
    with connection.cursor(row_factory=class_row(DayRow)) as cursor:
        return cursor.execute(_statement("days"), wanted).fetchall()


def _bring_up_to_date(connection: Connection, slice_entries: int) -> None:
    for left in reversed(range(_TRIES)):
        try:
            _begin(connection)
            _count(connection, slice_entries)
        except psycopg.errors.SerializationFailure:
            connection.rollback()
            if not left:
                raise
        else:
            return


def _begin(connection: Connection) -> None:
    """Wait for whoever counts, then take the snapshot: everything below sees one moment."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    _run(connection, "lock")
    connection.execute(WHOLE_LOG)


def _count(connection: Connection, slice_entries: int) -> None:
    """Count what is new, or everything where what was counted says nothing of what is there."""
    row = connection.execute(_statement("counted_before")).fetchone()
    assert row is not None
    if not row[0]:
        _afresh(connection)
        return
    try:
        with connection.transaction():
            _steps(connection, afresh=False, after=row[1], slice_entries=slice_entries)
    except _Backwards:
        log.warning("books_counted_anew", reason="a change that was shown is in quarantine")
        _afresh(connection)


def _afresh(connection: Connection) -> None:
    _run(connection, "forget")
    with connection.transaction():
        _steps(connection, afresh=True, after="", slice_entries=0)


def _steps(connection: Connection, *, afresh: bool, after: str, slice_entries: int) -> None:
    """One count.

    1. Read what the log and the quarantine have got since; number it into its days.
    2. Find the charts that changed since, that moved, and a slice of the others.
    3. Judge what is new, what was open, and what those charts show no more.
    4. Remember how far we read; dying before the commit counts it again.

    Raises ``_Backwards``.
    """
    _run(connection, "begin")
    for topic, partition, following in connection.execute(_statement("audit_places")).fetchall():
        _run(connection, "read_rows", log=topic, partition=partition, next=following)  # 1
    connection.execute("ANALYZE ledger_rows")
    _make(connection, _READ)
    if connection.execute(_statement("was_shown")).fetchone() is not None:
        raise _Backwards
    _make(connection, _TAKE)
    if afresh:
        connection.execute("ANALYZE dsn_store.ledger_heads")
    places = connection.execute(_statement("places")).fetchall()
    looked = _changed(connection, places, afresh, after, slice_entries)  # 2
    connection.execute("ANALYZE ledger_dirty, ledger_moved, ledger_items")
    _make(connection, _JUDGE)  # 3
    for name in _KEEP:  # 4
        _run(connection, name)
    for kind, partition, following in places:
        name = "keep_link_place" if kind == "links" else "keep_view_place"
        _run(connection, name, partition=partition, next=following)
    _run(connection, "say_counted", looked=looked)
    for table in _TEMPORARY:
        connection.execute(psycopg.sql.SQL("DROP TABLE {}").format(_table(table)))


def _changed(
    connection: Connection,
    places: Sequence[tuple[str, int, int]],
    afresh: bool,
    after: str,
    slice_entries: int,
) -> str:
    """Note the entries to be looked at; the last person of the slice, empty behind the last."""
    for kind, partition, following in places:
        if kind == "view":
            _run(connection, "changed_entries", partition=partition, next=following)
        elif not afresh:
            _run(connection, "changed_links", partition=partition, next=following)
    if afresh:
        return ""
    _run(connection, "entries_ahead")
    _run(connection, "moved_entries")
    if not slice_entries:
        return after
    wanted = {"after": after, "entries": slice_entries}
    row = connection.execute(_statement("slice_end"), wanted).fetchone()
    upto = None if row is None else str(row[0])
    _run(connection, "slice_entries", after=after, upto=upto)
    _run(connection, "slice_absent", after=after, upto=upto)
    return upto or ""


def _make(connection: Connection, steps: dict[str, str]) -> None:
    for name, table in steps.items():
        if _run(connection, name) > _MANY and table:
            connection.execute(psycopg.sql.SQL("ANALYZE {}").format(_table(table)))


def _table(name: str) -> psycopg.sql.Identifier:
    return psycopg.sql.Identifier(name)


def _run(connection: Connection, name: str, **values: object) -> int:
    # Planned anew each time: the tables are as large as what came since.
    return connection.execute(_statement(name), values or None, prepare=False).rowcount


def _statement(name: str) -> psycopg.sql.SQL:
    return statement(name, file="ledger.sql")


class Keeper:
    """Counts now and then in a thread of its own, so that whoever looks finds the books counted."""

    def __init__(self, conninfo: str, stop: Stop) -> None:
        self._conninfo = conninfo
        self._stop = stop
        self._thread = threading.Thread(target=self._keep, name="ledger", daemon=True)

    def start(self) -> None:
        """Begin; ends when asked to stop."""
        self._thread.start()

    def _keep(self) -> None:
        pause_s = COUNT_EVERY_S
        while not self._stop.wait(pause_s):
            began = time.monotonic()
            try:
                count(self._conninfo)
            except psycopg.Error as error:
                # The page shows when the books were counted; a database that is away comes back.
                level = log.warning if is_passing(error) else log.error
                level("ledger_not_counted", error=type(error).__name__, sqlstate=error.sqlstate)
            pause_s = max(COUNT_EVERY_S, PAUSE_PER_COUNT * (time.monotonic() - began))
