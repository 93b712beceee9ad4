"""The reader on PostgreSQL: named statements from ``sql/``, a small pool, every wait bounded.

Pool of sync connections, used from worker threads: a connection is checked before use by something
a standby cannot do, replaced after some minutes, and never waited for longer than a page may take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
import structlog
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from dsn_consumers.quarantine.masking import masked
from dsn_consumers.web import mapping
from dsn_consumers.web.errors import TraceRefused, Unavailable
from dsn_consumers.web.reader import (
    ENTRIES_MAX,
    PEOPLE_MAX,
    QUARANTINE_MAX,
    Actor,
    Health,
)
from dsn_consumers.web.rows import (
    AlarmRow,
    ChartRows,
    FoundRow,
    LedgerRow,
    Moved,
    QuarantineRow,
    SourceRow,
)
from dsn_consumers.web.search import Criteria
from dsn_consumers.web.statements import STATEMENTS_MAX, StatementLine
from dsn_consumers.web.words import SECTIONS

#: A page that waited this long for a connection says so instead.
POOL_WAIT_S = 3.0
#: A statement that runs longer than this is ended by the server.
STATEMENT_MS = 5_000
#: A connection is replaced after this long, so that none stays with a demoted server.
LIFETIME_S = 300.0
CONNECTIONS_MAX = 8

#: What libpq must do for the pages: give up, notice a dead peer, and want the primary.
_LIBPQ: dict[str, Any] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 30,
    "target_session_attrs": "read-write",
    "application_name": "dsn-web",
    "options": f"-c statement_timeout={STATEMENT_MS}"
    " -c idle_in_transaction_session_timeout=10000 -c lock_timeout=3000",
}

log = structlog.get_logger(__name__)

Connection = psycopg.Connection[DictRow]


class PostgresReader:
    """The central store, read through schema ``dsn``."""

    def __init__(self, conninfo: str) -> None:
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            conninfo,
            connection_class=cast(type[Connection], psycopg.Connection),
            kwargs={**_LIBPQ, "row_factory": dict_row},
            min_size=1,
            max_size=CONNECTIONS_MAX,
            max_waiting=4 * CONNECTIONS_MAX,
            timeout=POOL_WAIT_S,
            max_lifetime=LIFETIME_S,
            max_idle=60.0,
            check=_check,
            open=False,
            name="dsn-web",
        )

    def open(self) -> None:
        """Start connecting in the background; pages are served, and refused in words, meanwhile."""
        self._pool.open(wait=False)

    def close(self) -> None:
        """Give all connections back; bounded."""
        self._pool.close(timeout=5.0)

    def people(self, criteria: Criteria, actor: Actor) -> Sequence[FoundRow]:
        """See ``Reader``.

        1. Read.
        2. Trace one line per person, and commit it; one line for nobody when nobody was found.
        3. Return; failing before this shows nothing.
        """
        wanted = {
            "number": criteria.number,
            "prefixes": list(criteria.prefixes),
            "birth": criteria.birth,
            "limit": PEOPLE_MAX + 1,
        }
        with self._reading() as connection:
            found = [mapping.found(row) for row in _rows(connection, "search_people", wanted)]  # 1
        people = [row.person for row in found[:PEOPLE_MAX]] or [""]
        self._trace(actor, "search", people, ["demographics"], "shown")  # 2
        return found  # 3

    def chart(self, person: str, actor: Actor) -> ChartRows | Moved | None:
        """See ``Reader``.

        1. Read everything in one snapshot, so that no chart is half of yesterday.
        2. Trace the read, found or not, and commit it.
        3. Return; failing before this shows nothing.
        """
        with self._reading() as connection:
            found = self._chart(connection, person)  # 1
        if isinstance(found, Moved):
            return found  # an id for an id: nothing of anybody is shown, the next read is traced
        shown = ["demographics", *SECTIONS] if found else []
        outcome = "shown" if found else "refused"
        self._trace(actor, "read", [person if found else ""], shown, outcome)  # 2
        return found  # 3

    def sources(self) -> Sequence[SourceRow]:
        with self._reading() as connection:
            return [SourceRow(**row) for row in _rows(connection, "sources")]

    def ledger(self) -> Sequence[LedgerRow]:
        with self._reading() as connection:
            return [mapping.ledger(row) for row in _rows(connection, "ledger")]

    def quarantine(self) -> Sequence[QuarantineRow]:
        with self._reading() as connection:
            rows = _rows(connection, "quarantine", {"limit": QUARANTINE_MAX})
            return [QuarantineRow(**row) for row in rows]

    def shape(self, topic: str, partition: int, offset: int) -> str | None:
        place = {"topic": topic, "partition": partition, "offset": offset}
        with self._reading() as connection:
            rows = _rows(connection, "quarantined", place)
        return masked(bytes(rows[0]["payload"])) if rows else None

    def alarms(self) -> Sequence[AlarmRow]:
        with self._reading() as connection:
            return [AlarmRow(**row) for row in _rows(connection, "alarms")]

    def statements(self) -> Sequence[StatementLine]:
        with self._reading() as connection:
            rows = _rows(connection, "statements", {"limit": STATEMENTS_MAX})
            return [StatementLine(**row) for row in rows]

    def statement(self, number: int) -> Mapping[str, Any] | None:
        with self._reading() as connection:
            rows = _rows(connection, "statement", {"number": number})
            return rows[0] if rows else None

    def health(self) -> Sequence[Health]:
        statements = {"database": "health", "views": "sources", "access_log": "health_access"}
        return [
            self._probe(name, lambda c, s=statement: _rows(c, s))  # type: ignore[misc]  # default binds
            for name, statement in statements.items()
        ]

    def _probe(self, name: str, ask: Callable[[Connection], Sequence[DictRow]]) -> Health:
        started = time.monotonic()
        try:
            with self._connection() as connection:
                rows = ask(connection)
            # The one question that answers yes or no says no with false.
            ok = not any(value is False for row in rows for value in row.values())
        except Unavailable:
            ok = False
        return Health(name=name, ok=ok, ms=int((time.monotonic() - started) * 1000))

    def _chart(self, connection: Connection, person: str) -> ChartRows | Moved | None:
        who = {"person": person}
        records = _rows(connection, "chart_records", who)
        if not records:
            now = _rows(connection, "current_person", who)
            return Moved(person=now[0]["person_id"]) if now else None
        entries = _rows(connection, "chart_entries", {**who, "limit": ENTRIES_MAX + 1})
        return ChartRows(
            person=person,
            records=tuple(mapping.record(row) for row in records),
            entries=tuple(mapping.entry(row) for row in entries[:ENTRIES_MAX]),
            sources=tuple(SourceRow(**row) for row in _rows(connection, "sources")),
            cut=len(entries) > ENTRIES_MAX,
        )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One read-only snapshot."""
        with self._connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    def _trace(
        self,
        actor: Actor,
        action: str,
        people: Sequence[str],
        sections: Sequence[str],
        outcome: str,
    ) -> None:
        """Write the trace in its own transaction: the chain needs the newest line, no snapshot."""
        line = {
            "actor": actor.actor,
            "role": actor.role,
            "establishment": actor.establishment,
            "purpose": actor.purpose,
            "action": action,
            "people": list(people),
            "sections": list(sections),
            "outcome": outcome,
        }
        try:
            with self._connection() as connection, connection.transaction():
                connection.execute(_statement("record_access"), line)
        except Unavailable as error:
            raise TraceRefused("the access log did not take the trace of a read") from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A checked connection. Raises ``Unavailable``; what PostgreSQL quoted stays out of it."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout:
            raise Unavailable("no connection to the database in time") from None
        except psycopg.Error as error:
            log.warning("database_refused", sqlstate=error.sqlstate, error=type(error).__name__)
            raise Unavailable(f"the database refused: {error.sqlstate or 'no answer'}") from None


def _check(connection: Connection) -> None:
    """Raises when the server cannot take a write: SELECT 1 would be answered by a standby too."""
    with connection.transaction():
        connection.execute(_statement("health"))


def _rows(
    connection: Connection, name: str, values: Mapping[str, object] | None = None
) -> Sequence[DictRow]:
    return connection.execute(_statement(name), values).fetchall()


def _statement(name: str) -> LiteralString:
    """A statement by its file name; the files are ours, so their text is as good as literal."""
    if name not in _STATEMENTS:
        text = (files("dsn_consumers.web") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        _STATEMENTS[name] = text
    return _STATEMENTS[name]


_STATEMENTS: dict[str, LiteralString] = {}
