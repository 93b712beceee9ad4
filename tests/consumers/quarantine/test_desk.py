"""What becomes of things in quarantine, in a real PostgreSQL, from the topics of a world in memory."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from consumers.books import JOURNAL, Centre, Edge

from dsn_consumers.generations import TABLES
from dsn_consumers.ledger import balanced, ledger
from dsn_consumers.quarantine import desk
from dsn_consumers.quarantine.desk import Chosen, Place, Quarantined
from dsn_schemas.records import Alert, Concept, RejectedMessage
from support.histories import demographics
from support.world import World

ALERT = Alert(code=Concept(text="x"))


def reject(edge: Edge, item: str, reason: str = "mapper-failed") -> None:
    message = RejectedMessage(reason=reason, detail="report it", payload=item.encode())
    edge.send("rejected", item, message, authority="edge", number=edge.source)


def over(edge: Edge, item: str) -> None:
    edge.send("rejected", item, None, op="delete", authority="edge", number=edge.source)


def taken_in(world: World, centre: Centre) -> None:
    world.run()
    centre.store()
    centre.audit()


def states(conninfo: str) -> dict[int, str]:
    return {row.seq: row.state for row in desk.listed(conninfo, Chosen())}


def fates(conninfo: str) -> dict[str, int]:
    (line,) = ledger(conninfo)
    names = ("shown", "superseded", "duplicate", "quarantined", "in_flight", "unexplained")
    return {name: getattr(line, name) for name in names if getattr(line, name)}


def test_a_message_taken_after_all_leaves_the_ledger_balanced(
    conninfo: str, world: World, centre: Centre
) -> None:
    """Its rejection is superseded, what it says is shown, and so is the word that it is over."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))  # 1
    reject(edge, "m1")  # 2
    reject(edge, "m2")  # 3
    edge.mark()
    taken_in(world, centre)
    assert states(conninfo) == {2: "open", 3: "open"}
    assert fates(conninfo) == {"shown": 1, "quarantined": 2}

    edge.send("alerts", "a", ALERT)  # 4
    over(edge, "m1")  # 5
    edge.mark()
    taken_in(world, centre)

    assert states(conninfo) == {2: "resolved", 3: "open"}
    assert fates(conninfo) == {"shown": 3, "superseded": 1, "quarantined": 1}
    assert balanced(ledger(conninfo))


def test_a_message_refused_again_is_one_open_thing(
    conninfo: str, world: World, centre: Centre
) -> None:
    """The later word replaces the earlier; both numbers stay set aside until it is taken."""
    edge = Edge(world, "adt")
    reject(edge, "m1")
    reject(edge, "m1", "no-patient")
    edge.mark()
    taken_in(world, centre)

    assert states(conninfo) == {1: "resolved", 2: "open"}
    assert fates(conninfo) == {"quarantined": 2}

    over(edge, "m1")
    edge.mark()
    taken_in(world, centre)

    assert set(states(conninfo).values()) == {"resolved"}
    assert fates(conninfo) == {"superseded": 2, "shown": 1}


def test_reading_everything_again_changes_nothing(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """A store that begins anew, in any batches, ends with the same."""
    edge = Edge(world, "adt")
    for item in ("m1", "m2", "m3"):
        reject(edge, item)
    over(edge, "m2")
    reject(edge, "m3", "no-patient")
    edge.mark()
    taken_in(world, centre)
    before = desk.listed(conninfo, Chosen())
    assert [row.state for row in before] == ["open", "resolved", "resolved", "open"]

    again = Centre(connection, world)
    again.store()
    assert desk.listed(conninfo, Chosen()) == before
    for table in TABLES:
        connection.execute(f"TRUNCATE dsn_store.{table}")  # type: ignore[arg-type] # our own names
    Centre(connection, world).store()
    assert desk.listed(conninfo, Chosen()) == before


def test_a_change_put_through_again_has_the_fate_of_any_other(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """As after an update that knows its section: set aside before, shown under its own number."""
    edge = Edge(world, "adt")
    edge.send("demographics", "patient", demographics(0, "Roy"))
    change = edge.send("alerts", "a", ALERT)
    edge.mark()
    world.run()
    (partition, stored) = next(
        (p, s)
        for p in range(world.partitions)
        for s in world.logs[JOURNAL, p]
        if world.codec.decode(s.value or b"") == change
    )
    place = Place(JOURNAL, partition, stored.offset)
    # What the version before, which did not know the section, would have written.
    connection.execute(
        """INSERT INTO dsn_store.quarantine (topic, "partition", "offset", source, epoch, seq, stage,
        reason, detail, captured_at, payload, said_offset)
        VALUES (%s, %s, %s, 'adt', 1, 2, 'admit', 'unknown-section', '', now(), 'x', 0)""",
        list(place),
    )
    desk.act(conninfo, [place], "retry", "ann", "")
    assert states(conninfo) == {2: "in-retry"}
    world.replay(JOURNAL, partition, stored, retry=True)
    taken_in(world, centre)

    assert states(conninfo) == {2: "resolved"}
    assert fates(conninfo) == {"shown": 2}


def test_a_retry_that_fails_at_the_centre_is_open_again(
    conninfo: str, world: World, centre: Centre
) -> None:
    """The state follows what the stages said since, and no clock."""
    edge = Edge(world, "adt")
    change = edge.send("unknown", "a", ALERT)
    edge.mark()
    taken_in(world, centre)
    (row,) = desk.listed(conninfo, Chosen())
    assert row.state == "open"

    desk.act(conninfo, [row.place], "retry", "ann", "")
    assert states(conninfo) == {change.seq: "in-retry"}
    world.replay(JOURNAL, row.partition, world.logs[JOURNAL, row.partition][row.offset], retry=True)
    taken_in(world, centre)

    (after,) = desk.listed(conninfo, Chosen())
    assert (after.state, after.retries, after.acted_by) == ("open", 1, "ann")


def test_what_is_given_up_says_who_and_why(
    conninfo: str, connection: psycopg.Connection[Any], world: World, centre: Centre
) -> None:
    """It stays set aside, byte for byte; the record of it cannot be changed."""
    edge = Edge(world, "adt")
    reject(edge, "m1", "no-patient")
    reject(edge, "m2", "number-lost")
    edge.mark()
    taken_in(world, centre)
    first, second = desk.listed(conninfo, Chosen())
    assert (first.kind.name, first.responsible) == ("content", "site")
    assert (second.kind.name, second.responsible) == ("number", "centre")

    assert desk.act(conninfo, [first.place], "assign", "bob", "", owner="ann") == 1
    assert desk.act(conninfo, [first.place], "abandon", "ann", "sent anew by hand") == 1
    assert desk.act(conninfo, [Place("nowhere", 0, 0)], "abandon", "ann", "x") == 0
    with pytest.raises(psycopg.errors.CheckViolation):
        desk.act(conninfo, [second.place], "abandon", "ann", "")

    (row,) = desk.listed(conninfo, Chosen(states=("abandoned",)))
    assert (row.place, row.responsible, row.acted_by, row.acted_why) == (
        first.place,
        "ann",
        "ann",
        "sent anew by hand",
    )
    assert [done.act for done in desk.history(conninfo, row.place)] == ["assign", "abandon"]
    assert desk.payload(conninfo, row.place) == b"m1"
    assert fates(conninfo) == {"quarantined": 2}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM dsn_store.quarantine_acts")
    desk.act(conninfo, [row.place], "reopen", "ann", "it was the wrong one")
    assert set(states(conninfo).values()) == {"open"}


def test_things_are_chosen_by_source_reason_and_class(
    conninfo: str, world: World, centre: Centre
) -> None:
    """All that is named must hold."""
    one, two = Edge(world, "adt"), Edge(world, "lab")
    reject(one, "m1", "no-patient")
    reject(one, "m2", "mapper-failed")
    reject(two, "m3", "no-patient")
    for edge in (one, two):
        edge.mark()
    taken_in(world, centre)

    def found(chosen: Chosen) -> list[Quarantined]:
        return desk.listed(conninfo, chosen)

    assert len(found(Chosen(sources=("adt",)))) == 2
    assert len(found(Chosen(reasons=("no-patient",)))) == 2
    assert [row.item for row in found(Chosen(sources=("adt",), classes=("mistake",)))] == ["m2"]
    (row,) = found(Chosen(places=[found(Chosen(sources=("lab",)))[0].place]))
    assert row.item == "m3"
