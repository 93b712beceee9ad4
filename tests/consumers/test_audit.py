"""The audit log: one row for every journal record, chained, and nothing of it can change unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from consumers.books import JOURNAL, Centre, Edge

from dsn_consumers.verify import Finding, verify
from dsn_schemas.keys import person_id, record_key
from dsn_schemas.records import Allergy, Concept
from support.world import World

SECRET = Allergy(code=Concept(text="Confidentiel"), note="TREM80552218")
Connection = psycopg.Connection[Any]


@pytest.fixture
def world() -> World:
    return World(seed=3, partitions=1)


def five_rows(world: World) -> Edge:
    edge = Edge(world, "adt")
    for item in ("a", "b", "c", "d", "e"):
        edge.send("allergies", item, SECRET)
    edge.mark()
    return edge


def test_copies_and_unreadable_records_have_rows_and_marks_have_none(
    connection: Connection, world: World, centre: Centre
) -> None:
    """The log is the journal, record by record."""
    edge = five_rows(world)
    world.publish(edge.send("allergies", "f", SECRET, publish=False))
    world.publish(edge.send("allergies", "g", SECRET))
    world.put(JOURNAL, 0, b"k", b"nonsense")
    world.put(JOURNAL, 0, b"k", None)
    edge.mark()
    centre.audit()

    rows = connection.execute(
        'SELECT "offset", source, seq, section, op FROM dsn.audit ORDER BY "offset"'
    ).fetchall()
    sources = connection.execute("SELECT seq_received, received FROM dsn.sources").fetchall()

    unread = ("", 0, "unknown", "unknown")
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert [row[2] for row in rows] == [1, 2, 3, 4, 5, 6, 7, 7, 0, 0]
    assert [row[1:] for row in rows[-2:]] == [unread, unread]
    assert sources == [(7, 7)]


def test_no_row_holds_patient_data(connection: Connection, world: World, centre: Centre) -> None:
    """Neither numbers nor content; the record is known by the opaque id of the person it founds."""
    five_rows(world)
    centre.audit()

    text = connection.execute("SELECT string_agg(a::text, '') FROM dsn.audit AS a").fetchone()
    records = connection.execute("SELECT DISTINCT record_id FROM dsn.audit").fetchall()

    assert text is not None
    assert "Confidentiel" not in text[0]
    assert "TREM" not in text[0]
    assert records == [(person_id(record_key("H", "1")),)]


def test_an_untouched_log_verifies(conninfo: str, world: World, centre: Centre) -> None:
    """Also after it went on in several batches."""
    edge = five_rows(world)
    centre.audit()
    edge.send("allergies", "f", SECRET)
    edge.send("allergies", "g", SECRET, number="2")
    centre.audit()

    assert verify(conninfo) == []


@pytest.mark.parametrize("what", ["UPDATE dsn_store.{} SET {} = {}", "DELETE FROM dsn_store.{}",
                                  "TRUNCATE dsn_store.{}"])  # fmt: skip
@pytest.mark.parametrize(("table", "column"), [("audit", "op"), ("access_log", "actor")])
def test_the_owner_is_refused_to_change_a_log(
    connection: Connection, what: str, table: str, column: str
) -> None:
    """Even where no row would be touched, and even as a replica would apply it."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        connection.execute(what.format(table, column, column))


def as_owner(statement: str) -> Callable[[Connection], None]:
    def act(connection: Connection) -> None:
        connection.execute("ALTER TABLE dsn_store.audit DISABLE TRIGGER USER")
        connection.execute("ALTER TABLE dsn_store.access_log DISABLE TRIGGER USER")
        assert connection.execute(statement).rowcount > 0

    return act


TAMPERED = {
    "a value changed": (
        "UPDATE dsn_store.audit SET op = 'delete' WHERE \"offset\" = 2",
        [("dsn.changes.a[0]", 2)],
    ),
    "an instant moved by a microsecond": (
        "UPDATE dsn_store.audit SET stored_at = stored_at + interval '1 us' WHERE \"offset\" = 4",
        [("dsn.changes.a[0]", 4)],
    ),
    "a row dropped": (
        'DELETE FROM dsn_store.audit WHERE "offset" = 2',
        [("dsn.changes.a[0]", 3), ("dsn.changes.a[0]", -1)],
    ),
    "the first row dropped": (
        'DELETE FROM dsn_store.audit WHERE "offset" = 0',
        [("dsn.changes.a[0]", 1), ("dsn.changes.a[0]", -1)],
    ),
    "the tail cut": (
        'DELETE FROM dsn_store.audit WHERE "offset" >= 3',
        [("dsn.changes.a[0]", -1)],
    ),
    "everything gone": ("DELETE FROM dsn_store.audit", [("dsn.changes.a[0]", -1)]),
    "two rows swapped": (
        (
            'UPDATE dsn_store.audit SET "offset" = CASE "offset" WHEN 1 THEN 102 ELSE 101 END'
            ' WHERE "offset" IN (1, 2);'
            'UPDATE dsn_store.audit SET "offset" = "offset" - 100 WHERE "offset" > 100'
        ),
        [("dsn.changes.a[0]", n) for n in (1, 1, 2, 2, 3)],
    ),
    "a row changed with a hash of its own": (
        "UPDATE dsn_store.audit SET seq = 9, hash = sha256('x') WHERE \"offset\" = 1",
        [("dsn.changes.a[0]", 1), ("dsn.changes.a[0]", 2)],
    ),
    "a line of the access log changed": (
        "UPDATE dsn_store.access_log SET actor = 'nobody' WHERE number = 2",
        [("access", 2)],
    ),
    "a line of the access log dropped": (
        "DELETE FROM dsn_store.access_log WHERE number = 2",
        [("access", 3), ("access", 3)],
    ),
    "sections and purpose run together": (
        (
            "UPDATE dsn_store.access_log SET sections = ARRAY['allergies'], purpose = 'results,care'"
            " WHERE number = 1"
        ),
        [("access", 1)],
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found(
    conninfo: str, connection: Connection, world: World, centre: Centre, what: str
) -> None:
    """By recomputing, whatever the triggers were told."""
    five_rows(world)
    centre.audit()
    for number in range(3):
        leave_trace(connection, f"person{number}")
    assert verify(conninfo) == []
    statement, rows = TAMPERED[what]

    as_owner(statement)(connection)

    found = verify(conninfo)
    assert [(f.log, f.row) for f in found] == rows
    assert all(isinstance(f, Finding) and f.what for f in found)


def leave_trace(connection: Connection, person: str) -> None:
    """The line a reader writes, as docs/views.md says."""
    connection.execute(
        "INSERT INTO dsn.access"
        " (actor, role, establishment, action, person_id, sections, purpose, outcome)"
        " VALUES ('dre.roy', 'physician', 'chum', 'read', %s, '{allergies,results}', 'care',"
        " 'shown')",
        [person],
    )


def test_readers_read_views_leave_traces_and_nothing_else(
    connection: Connection, superuser: str
) -> None:
    """The pages' role reaches no table, and cannot choose the place of its line."""
    with psycopg.connect(superuser, autocommit=True) as reader:
        reader.execute("SET ROLE dsn_reader")
        reader.execute("SELECT * FROM dsn.entries")
        reader.execute("SELECT * FROM dsn.ledger")
        leave_trace(reader, "p1")
        for refused in (
            "SELECT * FROM dsn_store.entries",
            "SELECT * FROM dsn_store.access_log",
            "INSERT INTO dsn_store.audit SELECT * FROM dsn_store.audit",
            "UPDATE dsn.access SET actor = 'x'",
            "DELETE FROM dsn.access",
            "DELETE FROM dsn.quarantine",
            "CREATE TABLE dsn.mine (x integer)",
        ):
            with pytest.raises(psycopg.Error) as caught:
                reader.execute(refused)
            assert caught.value.sqlstate in ("42501", "55000"), refused

    numbers = connection.execute("SELECT number, hash IS NOT NULL FROM dsn.access").fetchall()
    assert numbers == [(1, True)]
