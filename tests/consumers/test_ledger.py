"""The books: each change has one fate, and a lost one has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from consumers.books import JOURNAL, Centre, Edge
from consumers.parts import fresh_database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_consumers.ledger import (
    LedgerRow,
    NotComplete,
    balanced,
    ledger,
    source_status,
    sources,
    wait_complete,
)
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import Allergy, Concept, RecordChange, Result, SectionStatement
from support.histories import chained, demographics, history
from support.world import World

ALLERGY = Allergy(code=Concept(text="Pénicilline"))
RESULT = Result(code=Concept(text="Glucose"), value_text="5.4")


def busy_day(world: World) -> Edge:
    """18 numbers of every fate, five duplicates at the edge, a copy and an unreadable record."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))  # 1 superseded by 3
    first = edge.send("allergies", "x", ALLERGY, entry="s|1")  # 2 superseded by 4
    edge.send("demographics", "patient", demographics(0, "Roy-Côté"))  # 3
    edge.send("allergies", "x", ALLERGY, entry="s|2")  # 4
    edge.send("allergies", "y", ALLERGY)  # 5 superseded by 6
    edge.send("allergies", "y", None, op="delete")  # 6 shown: the entry is gone because of it
    edge.send("results", "r", RESULT, status="final")  # 7
    edge.send("results", "r", RESULT, status="preliminary")  # 8 superseded by 7: it came late
    edge.send("problems", "statement", SectionStatement())  # 9
    edge.send("demographics", "patient", demographics(0, "Roy"), number="2")  # 10
    edge.send("allergies", "z", ALLERGY, number="2", entry="s|2")  # 11
    edge.send("demographics", "patient", demographics(1, "Roy"), number="3")  # 12
    edge.send("encounters", "v", None, op="delete", number="3")  # 13
    edge.claim("merge", "3", "2")  # 14
    edge.reject()  # 15 quarantined
    edge.send("allergies", "w", RESULT)  # 16 quarantined: the section does not take it
    edge.send("alerts", "a", None, op="delete", status="entered-in-error")  # 17
    edge.send("demographics", "patient", demographics(None, "Ng"), number="4")  # 18
    world.publish(first)  # a copy
    world.put(JOURNAL, 0, b"k", b"\x01 no record of ours")
    edge.duplicates = 5
    edge.mark()
    return edge


def row(source: str = "adt", **counts: int) -> LedgerRow:
    names = ("received", "shown", "superseded", "duplicate", "quarantined", "in_flight")
    return LedgerRow(source=source, **{n: counts.get(n, 0) for n in (*names, "unexplained")})


def books(conninfo: str) -> dict[str, LedgerRow]:
    return {line.source: line for line in ledger(conninfo)}


def adds_up(line: LedgerRow) -> bool:
    return line.received == (
        line.shown
        + line.superseded
        + line.duplicate
        + line.quarantined
        + line.in_flight
        + line.unexplained
    )


def test_every_change_of_a_busy_day_has_one_fate(
    conninfo: str, world: World, centre: Centre
) -> None:
    """18 numbers, 5 duplicates at the edge, a copy in the journal; the unreadable one apart."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()

    found = books(conninfo)

    assert found == {
        "adt": row(received=24, shown=12, superseded=4, duplicate=6, quarantined=2),
        "a": row("a", received=1, quarantined=1),
    }
    assert balanced(found.values())


def test_what_nobody_read_yet_is_in_flight(conninfo: str, world: World, centre: Centre) -> None:
    """Published, but neither audit nor streams have run."""
    edge = busy_day(world)
    centre.audit()
    before = books(conninfo)["adt"]
    world.run()
    centre.store()
    edge.send("allergies", "new", ALLERGY)
    edge.mark()

    # That a later change of the same item replaces it, the journal alone says.
    assert before == row(received=24, superseded=4, duplicate=6, in_flight=14)
    assert books(conninfo)["adt"].in_flight == 0
    centre.audit()
    assert books(conninfo)["adt"] == row(
        received=25, shown=12, superseded=4, duplicate=6, quarantined=2, in_flight=1
    )


def test_what_waits_at_the_edge_is_in_flight(conninfo: str, world: World, centre: Centre) -> None:
    """The edge took in three more than it has published: nobody has lost them."""
    edge = busy_day(world)
    edge.mark(received=18 + 5 + 3)
    world.run()
    centre.store()
    centre.audit()

    found = books(conninfo)["adt"]

    assert (found.received, found.in_flight, found.unexplained) == (27, 3, 0)
    assert source_status(conninfo)[0].queued == 3


def sabotage(statement_: str) -> Callable[[psycopg.Connection[Any]], None]:
    def act(connection: psycopg.Connection[Any]) -> None:
        connection.execute("ALTER TABLE dsn_store.audit DISABLE TRIGGER USER")  # as its owner may
        done = connection.execute(statement_)  # type: ignore[call-overload]
        assert done.rowcount == 1

    return act


PLANTED = {
    "an entry's row is deleted": sabotage(
        "DELETE FROM dsn_store.entries WHERE section = 'results'"
    ),
    "an entry's row went back to an older state": sabotage(
        "UPDATE dsn_store.entries SET seqs = '{2}' WHERE section = 'allergies' AND seqs = '{6}'"
    ),
    "an entry's row is marked gone": sabotage(
        "UPDATE dsn_store.entries SET gone = true WHERE section = 'problems'"
    ),
    "an audit row of a shown change is dropped": sabotage(
        "DELETE FROM dsn_store.audit WHERE seq = 9"
    ),
    "an audit row of a superseded change is dropped": sabotage(
        "DELETE FROM dsn_store.audit WHERE seq = 1"
    ),
    "a quarantine row is deleted": sabotage("DELETE FROM dsn_store.quarantine WHERE seq = 16"),
    "a link points elsewhere, as if settled": sabotage(
        "UPDATE dsn_store.links SET person_id = record_id, version = 1 WHERE number = '2'"
        " AND person_id <> record_id"
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_loss_is_unexplained(
    conninfo: str, superuser: str, world: World, centre: Centre, what: str
) -> None:
    """Whatever is taken away by hand, the books still add up and say that it is missing."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    assert books(conninfo)["adt"].unexplained == 0

    with psycopg.connect(superuser) as connection:
        PLANTED[what](connection)

    found = books(conninfo)["adt"]
    assert found.unexplained > 0
    assert found.received == 24
    assert adds_up(found)
    assert not balanced([found])


def test_an_unreadable_record_that_nobody_set_aside_is_unexplained(
    conninfo: str, superuser: str, world: World, centre: Centre
) -> None:
    """It has no number, so it is known by its place."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    with psycopg.connect(superuser) as connection:
        sabotage("DELETE FROM dsn_store.quarantine WHERE seq = 0")(connection)

    assert books(conninfo)["a"] == row("a", received=1, unexplained=1)


def test_a_number_lost_in_the_journal_is_unexplained(
    conninfo: str, world: World, centre: Centre
) -> None:
    """The edge says it was published and everything behind it was read, but it is not there."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))
    edge.send("allergies", "x", ALLERGY, publish=False)
    edge.send("allergies", "y", ALLERGY)
    edge.mark()
    world.run()
    centre.store()
    centre.audit()

    found = books(conninfo)["adt"]

    assert (found.received, found.shown, found.in_flight, found.unexplained) == (3, 2, 0, 1)
    assert sources(conninfo)[0].seq_received == 1
    assert sources(conninfo)[0].seq_complete == 1


def test_a_copy_that_comes_late_fills_the_gap(conninfo: str, world: World, centre: Centre) -> None:
    """Sent again by the edge, the missing number makes the source complete."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))
    lost = edge.send("allergies", "x", ALLERGY, publish=False)
    edge.send("allergies", "y", ALLERGY)
    edge.mark()
    world.publish(lost)
    edge.mark()
    world.run()
    centre.store()
    centre.audit()

    assert books(conninfo)["adt"] == row(received=3, shown=3)
    assert [(s.seq_received, s.seq_complete) for s in sources(conninfo)] == [(3, 3)]


def test_a_change_of_a_record_on_its_way_is_in_flight(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """Between a new link and the arrival of the record's entries nothing is missing yet."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    connection.execute("UPDATE dsn_store.settled SET version = version - 1")
    connection.execute("UPDATE dsn_store.links SET person_id = 'elsewhere' WHERE number = '4'")

    found = books(conninfo)["adt"]

    assert (found.in_flight, found.unexplained) == (1, 0)


def test_a_record_that_identity_has_not_seen_is_in_flight(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """With identify down, new records wait, invisible and counted."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    connection.execute("DELETE FROM dsn_store.links WHERE number = '4'")

    found = books(conninfo)["adt"]

    assert (found.in_flight, found.unexplained) == (1, 0)


def test_books_of_two_epochs_are_added(conninfo: str, world: World, centre: Centre) -> None:
    """An outbox made anew says everything again: the first epoch is superseded by the second."""
    for epoch in (1, 2):
        edge = Edge(world, "adt", epoch)
        edge.send("demographics", "patient", demographics(0, "Roy"))
        edge.send("allergies", "x", ALLERGY)
        edge.mark()
    world.run()
    centre.store()
    centre.audit()

    assert books(conninfo)["adt"] == row(received=4, shown=2, superseded=2)
    assert [(s.epoch, s.seq_complete) for s in sources(conninfo)] == [(1, 2), (2, 2)]


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(history(), st.integers(0, 1 << 30))
def test_books_of_any_history_balance(
    stack: EmbeddedStack, changes: list[RecordChange], seed: int
) -> None:
    """Merges, deletions, corrections, moves and copies in any order leave nothing unexplained."""
    postgres = stack.postgres
    conninfo = fresh_database(postgres.conninfo("postgres", "postgres"), postgres.conninfo())
    world = World(seed, 3)
    said = chained(changes, world.partitions)
    for change in said:
        world.publish(change)
        if world.random.random() < 0.2:
            world.publish(world.random.choice(said[: change.seq]))
    for source in {change.source for change in said}:
        mark(world, [change for change in said if change.source == source])
    world.run()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        centre = Centre(connection, world)
        centre.store()
        centre.audit()

    found = ledger(conninfo)

    assert sum(line.received for line in found) >= len(said)
    assert balanced(found), found
    assert all(s.seq_complete == s.seq_received for s in sources(conninfo))


def mark(world: World, said: list[RecordChange]) -> None:
    """Tell every partition how far these changes of one source and epoch go."""
    edge = Edge(world, said[0].source, said[0].epoch)
    edge.seq = max(change.seq for change in said)
    for change in said:
        place = partition_of(record_key(change.authority, change.number), world.partitions)
        edge.last[place] = max(edge.last[place], change.seq)
    edge.mark()


def test_waiting_ends_when_everything_is_linked_and_settled(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """A record on its way holds it, and the message says what it waits for."""
    edge = busy_day(world)
    world.run()
    centre.audit()
    with pytest.raises(NotComplete, match="adt at 0 of 18"):
        wait_complete(conninfo, {"adt": edge.seq}, 0.2)
    centre.store()
    connection.execute("UPDATE dsn_store.settled SET version = version - 1")
    with pytest.raises(NotComplete, match="records without a settled link"):
        wait_complete(conninfo, {"adt": edge.seq}, 0.2)
    connection.execute("UPDATE dsn_store.settled SET version = version + 1")

    wait_complete(conninfo, {"adt": edge.seq}, 5, quiet_s=0.2)
