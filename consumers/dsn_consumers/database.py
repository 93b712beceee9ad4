"""The central store's database: its migrations and its named statements.

``migrate`` brings a database to the state this version wants; ``dsn`` calls it before any consumer
starts. Statements live in ``sql/*.sql``, one name each, and are loaded here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import psycopg
import structlog
from psycopg.sql import SQL

log = structlog.get_logger()

#: Schema of the tables that readers see.
STORE = "dsn_store"
#: Seconds another migration may take before we give up waiting for it.
MIGRATION_WAIT_S = 60

_LOCK = "SELECT pg_advisory_lock(hashtextextended('dsn migrations', 0))"
_TABLE = """
CREATE SCHEMA IF NOT EXISTS dsn_migrations;
CREATE TABLE IF NOT EXISTS dsn_migrations.applied (
    name text PRIMARY KEY,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(RuntimeError):
    """The database and this version do not fit; says which migration and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema. *pre* runs before the new version starts, *post* after the old ended."""

    #: File name without its ending, ``0001_pre_store``: number, moment, subject.
    name: str
    #: The statements.
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the statements, hexadecimal: an applied migration never changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrate(conninfo: str) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; names of those applied.

    Safe to call again and from several processes at once. Raises ``MigrationError`` when the
    database was made by a newer or another version, ``psycopg.OperationalError`` when it is away.
    """
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"SET lock_timeout = '{MIGRATION_WAIT_S}s'")
        connection.execute(_LOCK)
        connection.execute("SET client_min_messages = warning")
        connection.execute(_TABLE)
        missing = pending(migrations(), applied(connection))
        for migration in missing:
            with connection.transaction():
                connection.execute(_query(migration.text))
                connection.execute(
                    "INSERT INTO dsn_migrations.applied (name, digest) VALUES (%s, %s)",
                    [migration.name, migration.digest],
                )
            log.info("migration_applied", migration=migration.name)
    return [migration.name for migration in missing]


def applied(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Digest of each applied migration. Raises ``UndefinedTable`` before the first of all."""
    return dict(connection.execute("SELECT name, digest FROM dsn_migrations.applied").fetchall())


def pending(known: list[Migration], applied: dict[str, str]) -> list[Migration]:
    """Which of the known migrations to apply. Raises ``MigrationError``."""
    names = {migration.name for migration in known}
    for name in sorted(applied.keys() - names):
        raise MigrationError(f"the database has migration {name}, which this version does not know")
    for migration in known:
        if applied.get(migration.name, migration.digest) != migration.digest:
            raise MigrationError(
                f"migration {migration.name} was applied with other statements: add a new one"
                " instead of changing it"
            )
    return [migration for migration in known if migration.name not in applied]


@cache
def _migrations() -> tuple[Migration, ...]:
    folder = resources.files(__package__) / "sql" / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(
        Migration(name=f.name.removesuffix(".sql"), text=f.read_text(encoding="utf-8"))
        for f in files
    )


def migrations() -> list[Migration]:
    """Every migration of this version, in order."""
    return list(_migrations())


@cache
def statements(file: str = "queries.sql") -> dict[str, str]:
    """Every statement of a file of ``sql/`` by its name."""
    text = (resources.files(__package__) / "sql" / file).read_text(encoding="utf-8")
    return dict(parse_statements(text))


def parse_statements(text: str) -> Iterator[tuple[str, str]]:
    """Name and text of each statement; a line ``-- name --`` begins one.

    Raises ``ValueError`` for a name given twice.
    """
    parts = re.split(r"^-- ([a-z_]+) --$", text, flags=re.MULTILINE)
    names = parts[1::2]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two statements are named {name}: rename one")
    yield from zip(names, (part.strip() for part in parts[2::2]), strict=True)


def statement(name: str, place: str = STORE, file: str = "queries.sql") -> SQL:
    """The statement of that name, over the tables in the schema ``place``. Raises ``KeyError``."""
    text = statements(file)[name]
    return _query(text if place == STORE else text.replace(f"{STORE}.", f"{place}."))


def _query(text: str) -> SQL:
    # psycopg takes literal strings only, to keep values out of them; these are our own files.
    return SQL(text)
