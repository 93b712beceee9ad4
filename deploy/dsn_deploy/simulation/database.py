"""A simulated PostgreSQL, as far as a pump asks it: transactions, locks, commits nobody hears of.

A connection interprets the shipped statements by name over `tables`. Rows of two transactions that
would wait for each other end the second with ``lock_not_available``, as ``lock_timeout`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self

import psycopg

from dsn_consumers.database import statements
from dsn_deploy.simulation import copied, tables
from dsn_deploy.simulation.kernel import Actor, Kernel
from dsn_deploy.simulation.network import POSTGRES, Network
from dsn_deploy.simulation.tables import Overlay, Tables

#: The server's clock at the beginning of a run.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Database:
    """The primary, and a standby that lags."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self.tables = tables.empty()
        self._standby = tables.empty()
        #: Grows when a standby is promoted.
        self.timeline = 0
        #: Furthest the store has been in this timeline: an operator may put its offsets back, and
        #: its rows stay all the same.
        self.reached: dict[tuple[str, int], int] = {}
        self._standby_reached: dict[tuple[str, int], int] = {}
        #: By timeline: what compaction took away before the store had read it.
        self.skipped: dict[int, set[tuple[str, int, int]]] = {0: set()}
        self._compacted: set[tuple[str, int, int]] = set()
        #: What the store has read and not committed: its process may have it after compaction.
        self._in_hand: set[tuple[str, int, int]] = set()
        self._sessions: set[Session] = set()

    def connect(self, process: Actor) -> Session:
        """A new session. Raises ``psycopg.OperationalError``."""
        process.point(f"{process.session_label}.1 before")
        if not self.network.hears(process.name, POSTGRES):
            raise psycopg.OperationalError("the simulated server does not answer")
        session = Session(self, process)
        self._sessions.add(session)
        return session

    def clock(self) -> datetime:
        """The server's clock."""
        return NOON + timedelta(seconds=self.kernel.now)

    def end_all(self) -> None:
        """The server dies, or an operator ends every session: what was open is rolled back."""
        for session in list(self._sessions):
            session.close()

    def end_of(self, process: Actor) -> None:
        """A process is gone: the server notices its closed sockets."""
        for session in [one for one in self._sessions if one.process is process]:
            session.close()

    def copy_to_standby(self) -> None:
        """The standby has everything up to now."""
        self._standby = {name: dict(rows) for name, rows in self.tables.items()}
        self._standby_reached = dict(self.reached)

    def promote(self, *, quietly: bool = False) -> None:
        """The primary is lost, the standby takes over with what it has.

        ``quietly``: a pooler hides it from sessions that have no transaction open.
        """
        for session in list(self._sessions):
            if not quietly or session.in_transaction:
                session.close()
        self.tables = {name: dict(rows) for name, rows in self._standby.items()}
        self.timeline += 1
        self.tables["identity"]["one"] = (f"store:{self.timeline}", 0)
        self.reached = dict(self._standby_reached)
        unread = {one for one in self._compacted if one[2] >= self.reached.get(one[:2], 0)}
        self.skipped[self.timeline] = self.skipped[self.timeline - 1] | unread

    def note_compacted(self, place: tuple[str, int], offsets: Iterable[int]) -> None:
        """Records went from a topic; those the store has not read it will never read."""
        gone = {(*place, offset) for offset in offsets}
        self._compacted |= gone
        read = self.reached.get(place, 0)
        self.skipped[self.timeline] |= {one for one in gone if one[2] >= read}

    def note_in_hand(self, place: tuple[str, int], offset: int) -> None:
        """The store's process has read a record."""
        self._in_hand.add((*place, offset))

    def let_go(self) -> None:
        """The store's process has nothing in hand any more: it begins to read anew."""
        self._in_hand.clear()

    def note_reached(self) -> None:
        """Keep how far the store has been; what it had in hand it has read, compacted or not."""
        for (consumer, topic, partition), at in self.tables["offsets"].items():
            if consumer == "store":
                place = (topic, partition)
                self.reached[place] = max(at, self.reached.get(place, 0))
        read = {one for one in self._in_hand if one[2] < self.reached.get(one[:2], 0)}
        self._in_hand -= read
        self.skipped[self.timeline] -= read

    def rewind(self, part: float) -> None:
        """An operator puts the store's offsets back."""
        for key, at in self.tables["offsets"].items():
            if key[0] == "store":
                self.tables["offsets"][key] = int(at * part)

    def standby(self) -> Tables:
        """What a reader on the standby sees."""
        return self._standby

    def held(self, key: tuple[str, Any], by: Session) -> bool:
        """Whether another transaction holds this row, or this advisory lock."""
        return any(key in one.locks for one in self._sessions if one is not by)

    def drop(self, session: Session) -> None:
        """A session has ended."""
        self._sessions.discard(session)


class Session:
    """A connection, as ``psycopg.Connection`` is used by pumps and sinks."""

    def __init__(self, database: Database, process: Actor) -> None:
        self.process = process
        self._database = database
        self._overlay: Overlay | None = None
        self._staged: dict[str, list[copied.Row]] = {}
        #: Rows and advisory locks held.
        self.locks: set[tuple[str, Any]] = set()
        self.closed = False

    @property
    def in_transaction(self) -> bool:
        """Whether one is open."""
        return self._overlay is not None

    # --- as psycopg ----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside together, or nothing."""
        self.process.point(f"{self.process.session_label}.3 before")
        self._alive()
        self._overlay = Overlay(self._database.tables)
        self._clear_staged()
        try:
            yield
        except BaseException:
            self._rolled_back()
            raise
        self._commit()

    def execute(
        self, query: Any, values: Mapping[str, Any] | None = None, *, prepare: bool | None = None
    ) -> Result:
        """Run a statement of the shipped files."""
        name = _name(query)
        if name == "place":  # one generation only: nothing can happen in between
            return Result(1, [("dsn_store",)])
        step = "1 after" if self._overlay is None else "3 between"
        self.process.point(f"{self.process.session_label}.{step}")
        self._alive()
        if name == "stage":
            return Result(0, [])
        if name == "now":
            return Result(1, [(self._database.clock(),)])
        if name == "lock_consumer":
            return Result(1, [(self._locked((values or {})["consumer"]),)])
        overlay = self._overlay or Overlay(self._database.tables)
        count, rows = tables.execute(overlay, self._staged, name, values or {})
        if self._overlay is None:
            overlay.commit()
            self._database.note_reached()
        else:
            self._lock_rows(overlay)
        return Result(count, rows)

    def cursor(self) -> Cursor:
        """A cursor."""
        return Cursor(self)

    def cancel_safe(self, timeout: float = 0.0) -> None:
        """Nothing takes long here."""

    def close(self) -> None:
        """End the session: the server rolls back what is open and lets go of its locks."""
        self.closed = True
        self._rolled_back()
        self.locks.clear()
        self._database.drop(self)

    # --- for the cursor ------------------------------------------------------------------------

    def copy_in(self, table: str, data: bytes) -> None:
        """COPY FROM STDIN in binary."""
        self.process.point(f"{self.process.session_label}.3 between")
        self._alive()
        rows = list(copied.rows(data))
        if table.startswith("staged_"):
            self._staged.setdefault(table, []).extend(rows)
            return
        assert self._overlay is not None
        try:
            tables.copied(self._overlay, table, rows)
        except tables.UniqueViolation:
            raise psycopg.errors.UniqueViolation(f"a row of {table} is there already") from None

    # --- transactions --------------------------------------------------------------------------

    def _commit(self) -> None:
        self.process.point(f"{self.process.session_label}.4 before")
        self._alive()
        assert self._overlay is not None
        self._overlay.commit()
        self._database.note_reached()
        self._ended()
        self.process.point(f"{self.process.session_label}.4 after")
        if not self._database.network.hears(self.process.name, POSTGRES) or self.closed:
            self.close()
            raise psycopg.OperationalError("the answer to the commit was lost")

    def _rolled_back(self) -> None:
        self._ended()

    def _ended(self) -> None:
        self._overlay = None
        self._clear_staged()
        self.locks = {lock for lock in self.locks if lock[0] == "advisory"}

    def _clear_staged(self) -> None:
        self._staged = {}

    def _alive(self) -> None:
        if self.closed or not self._database.network.asks(self.process.name, POSTGRES):
            self.close()
            raise psycopg.OperationalError("the connection is lost")

    def _locked(self, consumer: str) -> bool:
        lock = ("advisory", consumer)
        if self._database.held(lock, self):
            return False
        self.locks.add(lock)
        return True

    def _lock_rows(self, overlay: Overlay) -> None:
        for table, rows in overlay.changed.items():
            for key in rows:
                lock = (table, key)
                if lock in self.locks:
                    continue
                if self._database.held(lock, self):
                    raise psycopg.errors.LockNotAvailable("another transaction holds the row")
                self.locks.add(lock)


class Cursor:
    """A cursor of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def copy(self, query: Any) -> Iterator[Copy]:
        """COPY into the table that the statement names."""
        copy = Copy()
        yield copy
        table = query.as_string().split('"')[-2]
        self._session.copy_in(table, copy.data)

    def execute(self, query: Any, *, prepare: bool | None = None) -> None:
        """Run a statement."""
        self._session.execute(query, None)

    def executemany(self, query: Any, lines: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement for each line."""
        for line in lines:
            self._session.execute(query, line)


class Copy:
    """What is written to a COPY."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.data += data


class Result:
    """What a statement answers."""

    def __init__(self, rowcount: int, rows: list[tuple[Any, ...]]) -> None:
        self.rowcount = rowcount
        self._rows = rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Every row."""
        return self._rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


@cache
def _names() -> dict[str, str]:
    return {text: name for name, text in statements().items()} | {"SELECT now()": "now"}


def _name(query: Any) -> str:
    return _names()[query if isinstance(query, str) else query._obj]
