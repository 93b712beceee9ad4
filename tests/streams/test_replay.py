"""What is put through again mends what is wrong behind it, and otherwise changes nothing."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import (
    QuarantinedChange,
    QuarantineEnd,
    RejectedMessage,
)
from dsn_schemas.topics import VIEW, changes_topic
from dsn_streams.unify import Unify
from support.changes import ALERT
from support.generated import changes
from support.histories import chained, history
from support.world import Stored, World

JOURNAL = changes_topic("a")
PARTITIONS = 3


def ran(told, seed: int, replayed: float = 0.0) -> World:
    """A world at rest, of whose journal this part was put through again while it ran."""
    world = World(seed, PARTITIONS)
    for change in chained(told, PARTITIONS):
        world.publish(change)
        if world.random.random() < 0.2:
            world.run()
        for partition, stored in journal(world):
            if world.random.random() < replayed:
                world.replay(JOURNAL, partition, stored)
    world.run()
    return world


def journal(world: World) -> list[tuple[int, Stored]]:
    return [(p, stored) for p in range(PARTITIONS) for stored in world.logs[JOURNAL, p]]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(history(), st.integers(0, 1 << 30))
def test_replays_at_any_moment_change_nothing(told, seed):
    """In any order, before, between and behind moves, even ahead of the journal itself: the same
    bytes of the view, the same people, nothing twice in quarantine."""
    plain, again = ran(told, 1), ran(told, seed, 0.2)

    assert plain.view() == again.view()
    assert {k: v.person for k, v in plain.links().items()} == {
        k: v.person for k, v in again.links().items()
    }
    assert again.quarantined() == []
    assert plain.barriers().keys() == again.barriers().keys()


def test_damaged_state_and_view_are_mended():
    """Rows lost, rows with another content, entries lost from the view: all as before."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    world = ran(changes(rng, "a", 400), seed)
    before = world.view()
    for lane in world.lanes:
        if isinstance(lane.stage, Unify):
            rows = sorted(key for key in lane.state.rows if key[:1] == b"e")
            for key in rng.sample(rows, len(rows) // 3):
                del lane.state.rows[key]
    for key in rng.sample(sorted(before), len(before) // 3):
        for partition in range(PARTITIONS):
            if any(stored.key == key for stored in world.logs[VIEW, partition]):
                world.put(VIEW, partition, key, rng.choice([None, before[min(before)]]))
    assert world.view() != before

    for partition, stored in journal(world):
        world.replay(JOURNAL, partition, stored)
    world.run()

    assert world.view() == before


def test_unusable_records_are_set_aside_under_their_own_place():
    """The quarantine names the journal's record, whoever put it through."""
    world = World(1, PARTITIONS)
    world.put(JOURNAL, 2, b"k", b"no record")
    world.run()
    world.replay(JOURNAL, 2, world.logs[JOURNAL, 2][0])
    world.run()

    places = {(q.topic, q.partition, q.offset) for q in world.quarantined()}
    assert {(JOURNAL, 2, 0)} == places


def test_a_retry_says_what_came_of_it():
    """What can be used now is over, under its own place and number; what cannot is said again."""
    lane = partition_of(record_key(ALERT.authority, ALERT.number), PARTITIONS)
    world = World(1, PARTITIONS)
    world.put(JOURNAL, lane, b"k", world.codec.encode(ALERT))
    bad = replace(ALERT, seq=3, previous=2, section="unknown")
    world.put(JOURNAL, lane, b"k", world.codec.encode(bad))
    world.run()
    view = world.view()
    for stored in list(world.logs[JOURNAL, lane])[:2]:
        world.replay(JOURNAL, lane, stored, retry=True)
    world.run()

    said = world.quarantined()
    assert [type(one) for one in said] == [QuarantinedChange, QuarantineEnd, QuarantinedChange]
    over = said[1]
    assert isinstance(over, QuarantineEnd)
    assert (over.topic, over.partition, over.offset, over.seq) == (JOURNAL, lane, 0, 2)
    assert over.item == ""
    assert world.view() == view


def test_a_rejection_that_is_over_says_so_behind_it():
    """Both lie in one partition, in their order, and name the message."""
    said = RejectedMessage(reason="mapper-failed", payload=b"MSH|")
    rejected = replace(ALERT, section="rejected", item="f00d", content=said)
    over = replace(rejected, seq=5, previous=2, op="delete", content=None)
    world = World(1, PARTITIONS)
    for change in (rejected, over):
        world.put(JOURNAL, 1, b"k", world.codec.encode(change))
    world.run()

    aside, end = world.quarantined()
    assert (aside.item, aside.stage, aside.payload) == ("f00d", "edge", b"MSH|")
    assert isinstance(end, QuarantineEnd)
    assert (end.item, end.epoch, end.seq) == ("f00d", 1, 5)
