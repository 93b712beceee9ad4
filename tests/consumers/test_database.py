"""Migrations, named statements, and the words beside every column."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from consumers.parts import empty_database
from psycopg.conninfo import conninfo_to_dict

import dsn_consumers
from dsn_consumers.database import (
    Migration,
    MigrationError,
    migrate,
    migrations,
    parse_statements,
    pending,
    statements,
)
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.stack.postgres import program

PACKAGE = Path(dsn_consumers.__file__).parent
DOCS = Path(__file__).parents[2] / "docs" / "views.md"


@pytest.fixture
def empty(stack: EmbeddedStack) -> str:
    superuser = stack.postgres.conninfo("postgres", "postgres")
    return empty_database(superuser, stack.postgres.conninfo(), "consumers_empty")


def schema_of(conninfo: str) -> str:
    """The schema as pg_dump tells it, without what is said of the dump itself."""
    command = [str(program("pg_dump")), "--schema-only", "--exclude-schema=dsn_migrations"]
    done = subprocess.run(
        [*command, f"--dbname={conninfo}"], check=True, capture_output=True, text=True, timeout=60
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


def test_migrations_add_up_to_the_schema(conninfo: str, empty: str) -> None:
    """``schema.sql`` is what one reads; the migrations are what one gets."""
    with psycopg.connect(empty) as connection:
        connection.execute((PACKAGE / "sql" / "schema.sql").read_text())  # type: ignore[arg-type]

    assert schema_of(empty) == schema_of(conninfo)


def test_migrating_again_does_nothing(empty: str) -> None:
    """A consumer that restarts finds everything done."""
    first = migrate(empty)

    assert first == [migration.name for migration in migrations()]
    assert migrate(empty) == []


def test_migrations_of_two_processes_wait_for_each_other(empty: str) -> None:
    """Each is applied once, whoever comes first."""
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(empty))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(map(len, applied)) == [0, 0, len(migrations())]


def test_names_of_migrations_say_their_place_and_moment() -> None:
    """Number, then pre (before the new version starts) or post (after the old one ended).

    Numbers order them and each is given once; there may be gaps between them.
    """
    names = [migration.name for migration in migrations()]

    numbers = [name[:4] for name in names]
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch(r"\d{4}_(pre|post)_[a-z_]+", name) for name in names)


def test_an_applied_migration_never_changes() -> None:
    """A database made by other statements, or by a newer version, is not touched."""
    one = Migration(name="0001_pre_a", text="SELECT 1")
    two = Migration(name="0002_pre_b", text="SELECT 2")

    assert pending([one, two], {one.name: one.digest}) == [two]
    with pytest.raises(MigrationError, match="0001_pre_a was applied with other statements"):
        pending([one], {one.name: two.digest})
    with pytest.raises(MigrationError, match="0002_pre_b, which this version does not know"):
        pending([one], {one.name: one.digest, two.name: two.digest})


def test_a_statement_has_one_name() -> None:
    """Two of one name would hide each other."""
    assert dict(parse_statements("-- a --\nSELECT 1\n-- b_c --\nSELECT 2")) == {
        "a": "SELECT 1",
        "b_c": "SELECT 2",
    }
    with pytest.raises(ValueError, match="two statements are named a"):
        dict(parse_statements("-- a --\nSELECT 1\n-- a --\nSELECT 2"))


def test_every_statement_is_used() -> None:
    """Delete what nobody calls."""
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))

    assert [name for name in statements() if f'"{name}"' not in source] == []


def columns(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str | None]]:
    return connection.execute("""
        SELECT n.nspname || '.' || c.relname, coalesce(a.attname, ''),
            col_description(c.oid, coalesce(a.attnum, 0)::integer)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN LATERAL (
            SELECT attname, attnum FROM pg_attribute
            WHERE attrelid = c.oid AND attnum > 0 AND (c.relkind = 'r' OR n.nspname = 'dsn')
            UNION ALL SELECT NULL, NULL
        ) AS a ON true
        WHERE n.nspname IN ('dsn', 'dsn_store') AND c.relkind IN ('r', 'v')
    """).fetchall()


def test_every_table_view_and_column_says_what_it_is(connection: psycopg.Connection[Any]) -> None:
    """In the database itself, where whoever reads it looks first."""
    assert [(table, column) for table, column, said in columns(connection) if not said] == []


def test_every_column_of_the_contract_is_in_the_documentation(
    connection: psycopg.Connection[Any],
) -> None:
    """docs/views.md says what the database says."""
    documented = DOCS.read_text()
    contract = [row for row in columns(connection) if row[0].startswith("dsn.")]

    missing = [
        (table, column)
        for table, column, said in contract
        if f"### {table}" not in documented or str(said).replace("|", "\\|") not in documented
    ]
    assert len(contract) > 80
    assert missing == []


def test_a_database_that_is_away_is_an_operational_error(conninfo: str) -> None:
    """Whoever calls can wait and try again."""
    parts = conninfo_to_dict(conninfo)
    with pytest.raises(psycopg.OperationalError):
        migrate(psycopg.conninfo.make_conninfo(**{**parts, "port": 1}))
