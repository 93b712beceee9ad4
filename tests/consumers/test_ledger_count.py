"""The kept books say what counting everything from nothing says, whenever they are looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from consumers.books import Centre, Edge
from consumers.parts import NOON, fresh_database
from consumers.test_ledger import ALLERGY, PLANTED, busy_day, mark, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_consumers import generations, ledger_count
from dsn_consumers.ledger import LedgerRow, balanced, ledger
from dsn_consumers.ledger_count import DayRow, Recount, added, count, days, look, recount
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.records import RecordChange
from support.histories import chained, demographics, history
from support.world import World

#: Noon UTC of this day is the morning of the same day in Quebec.
TODAY = date(2026, 3, 1)
DAY_MS = 24 * 3600 * 1000


def books(conninfo: str) -> dict[str, LedgerRow]:
    return {line.source: line for line in look(conninfo)}


def test_a_busy_day_counted_at_once(conninfo: str, world: World, centre: Centre) -> None:
    """The same fates as from nothing; a second count changes nothing."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()

    first = look(conninfo)

    assert first == ledger(conninfo)
    assert look(conninfo) == first


def test_a_mark_written_while_we_count_costs_another_count(
    conninfo: str,
    connection: psycopg.Connection[Any],
    world: World,
    centre: Centre,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The audit writes marks whenever they come; whoever asks for the books hears nothing of it."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    look(conninfo)
    update = "UPDATE dsn_store.source_mark_days SET received = 0"
    connection.execute(update)
    touched: list[int] = []

    def run(counting: psycopg.Connection[Any], name: str, **values: object) -> int:
        if name == "keep_marks" and len(touched) < 2:
            touched.append(connection.execute(update).rowcount)
        return original(counting, name, **values)

    original = ledger_count._run
    monkeypatch.setattr(ledger_count, "_run", run)

    assert look(conninfo) == ledger(conninfo)
    assert len(touched) == 2 and all(touched)


def test_counting_as_it_comes_gives_the_same(conninfo: str, world: World, centre: Centre) -> None:
    """Journal first, then the charts, then later changes: what was shown becomes superseded."""
    edge = busy_day(world)
    centre.audit()
    assert look(conninfo) == ledger(conninfo)
    world.run()
    centre.store()
    assert look(conninfo) == ledger(conninfo)
    edge.send("demographics", "patient", demographics(0, "Roy-Côté-Ng"))
    edge.send("allergies", "new", ALLERGY)
    edge.mark()
    centre.audit()
    assert look(conninfo) == ledger(conninfo)
    world.run()
    centre.store()

    found = books(conninfo)["adt"]

    assert found == row(received=26, shown=13, superseded=5, duplicate=6, quarantined=2)
    assert look(conninfo) == ledger(conninfo)


def test_copies_are_copies_however_late(conninfo: str, world: World, centre: Centre) -> None:
    """A number that comes again after it was counted is no new number."""
    edge = Edge(world, "adt")
    first = edge.send("demographics", "patient", demographics(0, "Roy"))
    edge.send("demographics", "patient", demographics(0, "Roy-Côté"))
    edge.mark()
    world.run()
    centre.store()
    centre.audit()
    look(conninfo)
    world.publish(first)
    world.run()
    centre.store()
    centre.audit()

    assert books(conninfo)["adt"] == row(received=3, shown=1, superseded=1, duplicate=1)


def test_a_lost_number_is_unexplained_under_its_day(
    conninfo: str, world: World, centre: Centre
) -> None:
    """Counted, with the gap; and once it is sent again it is not."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))
    lost = edge.send("allergies", "x", ALLERGY, publish=False)
    edge.send("allergies", "y", ALLERGY)
    edge.mark()
    world.run()
    centre.store()
    centre.audit()
    before = look(conninfo), days(conninfo)
    world.publish(lost)
    edge.mark()
    world.run()
    centre.store()
    centre.audit()

    assert (before[0][0].unexplained, before[1][0].unexplained) == (1, 1)
    assert before[1][0].day == TODAY
    assert books(conninfo)["adt"] == row(received=3, shown=3)


def test_books_are_kept_by_day_of_the_edge_in_quebec(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """A change that replaces one of another day makes that day's superseded."""
    edge = busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    look(conninfo)
    tomorrow = Edge(world, "adt")
    tomorrow.seq, tomorrow.last, tomorrow.duplicates = edge.seq, edge.last, edge.duplicates
    tomorrow.shift_ms = DAY_MS
    tomorrow.send("demographics", "patient", demographics(0, "Tremblay"))
    tomorrow.duplicates += 2
    tomorrow.mark()
    world.run()
    centre.store()
    centre.audit()
    count(conninfo)

    found = {(line.day.day, line.source): line for line in days(conninfo)}

    assert [key for key in found if key[1] == "adt"] == [(1, "adt"), (2, "adt")]
    assert fates(found[1, "adt"]) == row(
        received=24, shown=11, superseded=5, duplicate=6, quarantined=2
    )
    assert fates(found[2, "adt"]) == row(received=3, shown=1, duplicate=2)
    assert added(found.values()) == ledger(conninfo)
    assert [line.day.day for line in days(conninfo, source="adt", last=TODAY)] == [1]
    assert days(conninfo, first=date(2026, 3, 3)) == []


def fates(line: DayRow) -> LedgerRow:
    return added([line])[0]


@pytest.mark.parametrize("what", PLANTED)
def test_a_loss_behind_what_was_counted_is_found(
    conninfo: str, superuser: str, world: World, centre: Centre, what: str
) -> None:
    """A look looks at a slice of the charts again; a recount at the log too, and says so."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    assert recount(conninfo) == Recount(rows=look(conninfo), differing=[])
    with psycopg.connect(superuser) as connection:
        PLANTED[what](connection)

    if "audit" in what:
        assert recount(conninfo).differing == ["adt"]
    assert look(conninfo) == ledger(conninfo)
    assert books(conninfo)["adt"].unexplained > 0


def test_charts_are_looked_at_again_slice_by_slice(
    conninfo: str, superuser: str, world: World, centre: Centre
) -> None:
    """One entry a look: a loss is found after as many looks as there are charts."""
    edge = Edge(world, "adt")
    for number in range(6):
        edge.send("demographics", "patient", demographics(None, "Roy"), number=str(number))
    edge.mark()
    world.run()
    centre.store()
    centre.audit()
    look(conninfo)
    with psycopg.connect(superuser) as connection:
        connection.execute(
            "DELETE FROM dsn_store.entries"
            " WHERE person_id = (SELECT max(person_id) FROM dsn_store.entries)"
        )
    lost = []
    for _ in range(12):
        count(conninfo, slice_entries=1)
        lost.append(added(days(conninfo))[0].unexplained)

    assert lost[0] == 0
    assert lost[-1] == 1


def test_what_was_shown_and_is_set_aside_shows_what_was_before(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """Into quarantine and out again; what it had replaced is asked for again."""
    edge = Edge(world, "adt")
    edge.send("allergies", "x", ALLERGY)
    edge.send("allergies", "x", None, op="delete")
    edge.mark()
    world.run()
    centre.store()
    centre.audit()
    look(conninfo)
    set_aside(connection, "adt", 1, 2)
    one = look(conninfo), ledger(conninfo)
    connection.execute("DELETE FROM dsn_store.quarantine")
    other = look(conninfo), ledger(conninfo)

    assert one[0] == one[1] == [row(received=2, quarantined=1, unexplained=1)]
    assert other[0] == other[1] == [row(received=2, shown=1, superseded=1)]


def test_a_rebuild_counts_the_new_charts(conninfo: str, world: World, centre: Centre) -> None:
    """What was seen in the charts before the switch says nothing of those behind it."""
    busy_day(world)
    world.run()
    centre.store()
    centre.audit()
    before = look(conninfo)
    centre.begin_rebuild(conninfo)
    during = look(conninfo)
    generations.switch(conninfo)
    empty = look(conninfo), ledger(conninfo)
    centre.rebuild()

    assert before == during
    assert empty[0] == empty[1] != before
    assert look(conninfo) == ledger(conninfo) == before


def set_aside(connection: psycopg.Connection[Any], source: str, epoch: int, seq: int) -> None:
    """Put a number into quarantine, as a stage would."""
    connection.execute(
        "INSERT INTO dsn_store.quarantine VALUES"
        " (%s, 9, %s, %s, %s, %s, 'test', 'test', '', now(), '')",
        [f"{source}-{epoch}", seq, source, epoch, seq],
    )


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(history(10), history(6), st.integers(0, 1 << 30))
def test_books_kept_through_any_history_agree(
    stack: EmbeddedStack, first: list[RecordChange], second: list[RecordChange], seed: int
) -> None:
    """Two epochs, copies, quarantine, moves: at any moment, however far audit and store each are.

    Every look is one of what changed only, or of a slice as well.
    """
    postgres = stack.postgres
    conninfo = fresh_database(postgres.conninfo("postgres", "postgres"), postgres.conninfo())
    world = World(seed, 3)
    chance = world.random
    said = chained(first, 3) + [replace(change, epoch=2) for change in chained(second, 3)]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        centre = Centre(connection, world)
        acts = [
            lambda: world.publish(chance.choice(said[: place + 1])),
            lambda: world.run_some(chance.randint(1, 12)),
            lambda: centre.store(some=True),
            lambda: centre.audit(some=True),
            lambda: centre.store(some=True),
            lambda: centre.audit(some=True),
            lambda: set_aside_any(connection, chance.choice(said[: place + 1])),
            lambda: connection.execute("DELETE FROM dsn_store.quarantine WHERE stage = 'test'"),
        ]
        for place, change in enumerate(said):
            if chance.random() < 0.9:  # some come late
                world.publish(change)
            if chance.random() < 0.3:
                mark_all(world, said[: place + 1])
            for act in chance.choices(acts, k=chance.randint(1, 6)):
                act()
                if chance.random() < 0.3:
                    count(conninfo, slice_entries=chance.choice((0, 0, 2)))
                    assert added(days(conninfo)) == ledger(conninfo)
        for change in said:
            world.publish(change)
        mark_all(world, said)
        world.run()
        connection.execute("DELETE FROM dsn_store.quarantine WHERE stage = 'test'")
        centre.store()
        centre.audit()
        count(conninfo, slice_entries=0)

        assert added(days(conninfo)) == ledger(conninfo)
        assert balanced(ledger(conninfo))
        centre.begin_rebuild(conninfo)
        centre.rebuild(some=True)
        generations.switch(conninfo)
        assert look(conninfo) == ledger(conninfo)
        centre.rebuild()
        count(conninfo, slice_entries=0)
        assert added(days(conninfo)) == ledger(conninfo)
        assert recount(conninfo).differing == []


def set_aside_any(connection: psycopg.Connection[Any], change: RecordChange) -> None:
    connection.execute("DELETE FROM dsn_store.quarantine WHERE stage = 'test'")
    set_aside(connection, change.source, change.epoch, change.seq)


def mark_all(world: World, said: list[RecordChange]) -> None:
    for source, epoch in {(change.source, change.epoch) for change in said}:
        mark(world, [one for one in said if (one.source, one.epoch) == (source, epoch)])


def test_the_days_have_the_day_of_the_sample(conninfo: str) -> None:
    """Guards the constant above."""
    assert date.fromtimestamp(NOON / 1000) == TODAY
