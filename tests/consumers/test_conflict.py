"""A number that comes again: the same change, or another one that must not be lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from consumers.books import JOURNAL, Centre, Edge

from dsn_consumers.conflict import Stated, is_repeat
from dsn_consumers.ledger import balanced, ledger
from dsn_consumers.verify import verify
from dsn_schemas.records import Allergy, Concept
from support.world import World

FIRST = Stated(b"digest", 3, b"item", "allergies", "upsert", 17)


def test_what_repeats_and_what_does_not() -> None:
    """The same bytes; or, written with another schema, the same item taken at the same instant."""
    assert is_repeat(FIRST, FIRST)
    assert not is_repeat(FIRST._replace(content_digest=b"x"), FIRST)
    assert is_repeat(FIRST._replace(content_digest=b"x", schema_id=4), FIRST)
    assert is_repeat(FIRST._replace(content_digest=b"x"), FIRST._replace(schema_id=None))
    for other in ({"item_digest": b"x"}, {"op": "delete"}, {"captured_us": 18}, {"section": "s"}):
        again = FIRST._replace(content_digest=b"x", schema_id=4, **other)  # type: ignore[arg-type]
        assert not is_repeat(again, FIRST)


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("batches", [1, 2])
def test_other_bytes_under_a_taken_number_are_set_aside_whole(
    connection: psycopg.Connection[Any], conninfo: str, partitions: int, batches: int
) -> None:
    """A restored outbox numbers anew what it numbered before: the books still balance."""
    world = World(seed=3, partitions=partitions)
    centre, edge = Centre(connection, world), Edge(world, "adt")
    sent = [
        edge.send("allergies", "a", Allergy(code=Concept(text=str(n))), number=str(n))
        for n in range(12)
    ]
    edge.mark()
    if batches == 2:
        centre.audit()
    world.publish(sent[3])
    forged = replace(sent[2], content=Allergy(code=Concept(text="other")), captured_at=9)
    world.publish(forged)
    world.publish(forged)
    world.run()
    centre.store()
    centre.audit()

    rows = connection.execute(
        "SELECT source, epoch, seq, stage, reason, detail, payload FROM dsn.quarantine"
    ).fetchall()
    assert [row[:5] for row in rows] == [("adt", 1, 0, "audit", "number-conflict")] * 2
    assert all("number 3 of epoch 1" in row[5] for row in rows)
    assert {row[6] for row in rows} == {world.codec.encode(forged)}
    (line,) = ledger(conninfo)
    assert (line.received, line.duplicate, line.quarantined) == (15, 1, 2)
    assert balanced([line]), line
    assert verify(conninfo) == []


def test_a_number_within_a_hole_is_nobodys_yet(
    connection: psycopg.Connection[Any],
) -> None:
    """What comes late is no conflict."""
    world = World(seed=3, partitions=1)
    centre, edge = Centre(connection, world), Edge(world, "adt")
    allergy = Allergy(code=Concept(text="x"))
    edge.send("allergies", "a", allergy)
    late = edge.send("allergies", "b", allergy, publish=False)
    edge.send("allergies", "c", allergy)
    edge.mark()
    centre.audit()
    assert connection.execute("SELECT after, upto, state FROM dsn.gaps").fetchall() == [
        (1, 2, "open")
    ]
    world.publish(late)
    centre.audit()

    assert connection.execute("SELECT count(*) FROM dsn.quarantine").fetchone() == (0,)
    assert connection.execute("SELECT after FROM dsn.gaps").fetchall() == []
    assert JOURNAL in {row[0] for row in connection.execute("SELECT topic FROM dsn.audit")}
