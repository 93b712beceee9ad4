"""What admit makes of changes that are not as they should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsn_schemas.records import Allergy, Concept, RecordChange, RejectedMessage, Result, SourceMark
from dsn_schemas.topics import IDENTITY_REQUESTS, changes_topic
from support.changes import ALERT
from support.histories import demographics
from support.world import World

GOOD = replace(
    ALERT,
    seq=1,
    previous=0,
    section="allergies",
    entry="s|1",
    content=Allergy(code=Concept(text="x")),
)


def ran(*changes: RecordChange) -> World:
    world = World(0, partitions=1)
    for change in changes:
        world.put(changes_topic("a"), 0, b"k", world.codec.encode(change))
    world.run()
    return world


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(GOOD, seq=0), "impossible-number"),
        (replace(GOOD, seq=3, previous=3), "impossible-number"),
        (replace(GOOD, number=""), "no-record-number"),
        (replace(GOOD, authority="H|1"), "no-record-number"),
        (replace(GOOD, section="unknown"), "unknown-section"),
        (replace(GOOD, op="unknown"), "unknown-operation"),
        (replace(GOOD, content=Result(code=Concept())), "content-mismatch"),
        (replace(GOOD, content=None), "content-mismatch"),
        (replace(GOOD, section="demographics"), "content-mismatch"),
        (replace(GOOD, section="rejected"), "content-mismatch"),
    ],
)
def test_an_unusable_change_is_quarantined_with_its_bytes(wrong, reason):
    """Each goes aside whole, with a reason, and the change after it is shown."""
    after = replace(GOOD, seq=9, previous=8, item="b")
    world = ran(wrong, after)
    (aside,) = world.quarantined()

    assert reason == aside.reason
    assert world.codec.encode(wrong) == aside.payload
    assert wrong.seq == aside.seq
    assert 1 == len(world.entries())


def test_a_message_the_edge_rejected_is_quarantined_as_it_came():
    """The payload is the message itself, the reason the one its sender was told."""
    world = ran(
        replace(
            GOOD,
            authority="edge",
            number="adt",
            section="rejected",
            content=RejectedMessage(reason="wrong-charset", detail="d", payload=b"MSH|\xff"),
        )
    )
    (aside,) = world.quarantined()

    assert ("edge", "wrong-charset", b"MSH|\xff") == (aside.stage, aside.reason, aside.payload)
    assert [] == world.entries()
    assert 0 == len(world.logs[IDENTITY_REQUESTS, 0])


def test_marks_are_no_records():
    """A mark moves completeness and asks nobody who it is."""
    mark = replace(
        GOOD,
        authority="",
        number="",
        section="marks",
        item="",
        entry="",
        op="mark",
        seq=7,
        previous=1,
        content=SourceMark(),
    )
    world = ran(GOOD, mark)

    assert [7] == [barrier.seq for barrier in world.barriers().values()]
    assert 1 == len(world.links())


def test_an_earlier_first_capture_founds_the_person_in_any_order():
    """The founder is the record captured first, whichever of its changes tells so last."""
    early = replace(GOOD, number="1", seq=2, previous=1, item="b", captured_at=1)
    one = replace(
        GOOD,
        section="demographics",
        item="patient",
        entry="",
        content=demographics(0, "Roy"),
        captured_at=9,
    )
    two = replace(one, number="2", seq=3, previous=2, captured_at=5)

    forwards, backwards = ran(one, early, two).links(), ran(two, early, one).links()

    assert {k: v.person for k, v in forwards.items()} == {k: v.person for k, v in backwards.items()}
    assert forwards["H|1"].person == forwards["H|2"].person
