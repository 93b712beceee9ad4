"""The independent fold agrees with the stages on any history, and names whatever is planted."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_consumers.intake import Read
from dsn_consumers.reconcile import compare
from dsn_consumers.reconcile.compare import Comparison
from dsn_consumers.reconcile.journal import Journal
from dsn_consumers.reconcile.viewed import Viewed
from dsn_schemas.records import RecordChange, ViewEntry
from dsn_schemas.topics import IDENTITY_LINKS, QUARANTINE, VIEW, changes_topic
from support.generated import changes
from support.histories import chained, history
from support.world import World

JOURNAL = changes_topic("a")


def reads(world: World, topic: str) -> list[Read]:
    """A topic of the world, as a consumer reads it."""
    return [
        Read(topic, number, stored.offset, stored.key, stored.value, stored.timestamp)
        for number in range(world.partitions)
        for stored in world.logs[topic, number]
    ]


def compared(
    world: World, spoil: Callable[[Viewed], object] = lambda _: None
) -> tuple[Journal, Comparison]:
    """The world's view against its journal."""
    viewed = Viewed(world.codec)
    for topic in (VIEW, IDENTITY_LINKS, QUARANTINE):
        viewed.take_all(reads(world, topic))
    spoil(viewed)
    journal = Journal(world.codec, viewed.quarantine.keys(), viewed.vouched(world.partitions))
    journal.take_all(reads(world, JOURNAL))
    found = Comparison()
    compare.against_journal(journal, viewed, found)
    return journal, found


def run(told: list[RecordChange], seed: int) -> World:
    """The stages over a history, to rest."""
    world = World(seed)
    for change in chained(told, world.partitions):
        world.publish(change)
    world.run()
    return world


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history(), st.integers(0, 1 << 20))
def test_any_history_at_rest_has_no_difference(told, seed):
    """Merges, moves, deletes and late results included; nothing is left unjudged."""
    _, found = compared(run(told, seed))

    assert [] == found.differences
    assert (0, 0) == (found.moving, found.on_their_way)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history(), st.integers(0, 1 << 20), st.integers(1, 40))
def test_what_is_on_its_way_is_no_difference(told, seed, turns):
    """However far the stages have come, nothing they have still to do is called wrong."""
    world = World(seed)
    for change in chained(told, world.partitions):
        world.publish(change)
    with contextlib.suppress(AssertionError):  # most histories need more turns
        world.run(turns)
    _, found = compared(world)

    assert [] == found.differences


@pytest.fixture(scope="module")
def world() -> World:
    """A history of several hundred changes, at rest."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    return run(changes(random.Random(seed), "a", 400), seed)


def chosen(viewed: Viewed, section: str = "") -> tuple[str, Read, ViewEntry]:
    """An entry of the view with content."""
    for key, read in sorted(viewed.entries.items()):
        entry = None if read.value is None else viewed.codec.decode(read.value)
        alive = isinstance(entry, ViewEntry) and entry.content is not None
        if alive and section in ("", entry.section):
            return key, read, entry
    raise AssertionError("no such entry")


def test_a_whole_view_has_no_difference(world):
    """All of it was judged."""
    journal, found = compared(world)

    assert [] == found.differences
    assert len(journal.items) == found.items > 100


def test_a_lost_entry_is_named(world):
    """By source, record and number, and where it lies in the journal."""
    lost: list[ViewEntry] = []

    def lose(viewed: Viewed) -> None:
        key, _, entry = chosen(viewed)
        del viewed.entries[key]
        lost.append(entry)

    _, found = compared(world, lose)

    contributors = {(c.source, c.epoch, c.seq) for c in lost[0].contributors}
    assert contributors == {(d.source, d.epoch, d.seq) for d in found.differences}
    assert {("view", "missing", "entry")} == {(d.where, d.what, d.kind) for d in found.differences}
    assert all(d.topic == JOURNAL and d.offset >= 0 for d in found.differences)


@pytest.mark.parametrize("section", ["demographics", "allergies"])
def test_another_content_is_named(world, section):
    """A content that its leading contributor never said."""

    def alter(viewed: Viewed) -> None:
        key, read, entry = chosen(viewed, section)
        field = {"demographics": "birth_date", "allergies": "criticality"}[section]
        content = replace(entry.content, **{field: "0000"})  # type: ignore[type-var]
        value = world.codec.encode(replace(entry, content=content))
        viewed.entries[key] = read._replace(value=value)

    _, found = compared(world, alter)

    assert [("content", section)] == [(d.what, d.section) for d in found.differences]


def test_an_older_number_is_named(world):
    """A contributor that a later change replaced."""

    def age(viewed: Viewed) -> None:
        key, read, entry = chosen(viewed)
        first = replace(entry.contributors[0], seq=entry.contributors[0].seq - 1)
        value = world.codec.encode(replace(entry, contributors=(first, *entry.contributors[1:])))
        viewed.entries[key] = read._replace(value=value)

    _, found = compared(world, age)

    assert ["number"] == [d.what for d in found.differences]


def test_an_entry_at_another_person_is_named(world):
    """The worst of all: an item in somebody else's chart."""

    def misplace(viewed: Viewed) -> None:
        key, read, entry = chosen(viewed)
        del viewed.entries[key]
        other = replace(entry, person="a" * 26)
        viewed.entries["a" * 26 + key[26:]] = read._replace(value=world.codec.encode(other))

    _, found = compared(world, misplace)

    assert {"person"} == {d.what for d in found.differences}
    assert {"a" * 26} == {d.person for d in found.differences}


def test_an_entry_nobody_said_is_named(world):
    """Something in the view that the journal knows nothing of."""

    def invent(viewed: Viewed) -> None:
        key, read, entry = chosen(viewed)
        first = replace(entry.contributors[0], item="never said", seq=1)
        value = world.codec.encode(replace(entry, contributors=(first,)))
        viewed.entries[key + "x"] = read._replace(value=value)

    _, found = compared(world, invent)

    assert ["surplus"] == [d.what for d in found.differences]


def test_unreadable_bytes_that_are_nowhere_are_named(world):
    """What nobody can use has to be in quarantine."""
    world.put(JOURNAL, 0, b"k", b"no record")
    world.run()
    at = (JOURNAL, 0, len(world.logs[JOURNAL, 0]) - 1)

    _, right = compared(world)
    _, wrong = compared(world, lambda viewed: viewed.quarantine.pop(at))

    assert [] == right.differences
    assert [("missing", "quarantine", *at)] == [
        (d.what, d.kind, d.topic, d.partition, d.offset) for d in wrong.differences
    ]


def test_a_difference_names_no_patient(world):
    """Neither record numbers nor items nor contents."""
    _, found = compared(world, lambda viewed: viewed.entries.clear())
    said = " ".join(one.describe() for one in found.differences)
    numbers = {key.record for key in compared(world)[0].items}

    assert found.differences
    assert [] == [number for number in numbers if number in said]
