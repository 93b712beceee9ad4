"""The three stages together: the view is a function of the set of changes, and of nothing else."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams.histories import differs

from dsn_deploy.proof import fold
from dsn_schemas.keys import record_key
from dsn_schemas.records import RecordChange, ViewEntry
from support.exact import ExactNumber
from support.histories import chained, history
from support.world import World

PARTITIONS = 3


def ran(changes: list[RecordChange], seed: int) -> World:
    world = World(seed, PARTITIONS)
    for change in changes:
        world.publish(change)
        if world.random.random() < 0.3:
            world.run()
    world.run()
    return world


def shown(entries: list[ViewEntry]) -> dict[object, object]:
    return {
        (e.person, e.section, e.entry): {
            (record_key(c.authority, c.number), c.source, c.item, c.epoch, c.seq)
            for c in e.contributors
        }
        for e in entries
    }


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(history(), st.randoms(use_true_random=False), st.integers(0, 1 << 30))
def test_any_order_and_repetition_gives_the_fold(changes, shuffle, seed):
    """Shuffled, repeated changes, random batches and restarts: the view is the naive fold."""
    numbered = chained(changes, PARTITIONS)
    repeated = numbered + shuffle.choices(numbered, k=len(numbered) // 3)
    shuffle.shuffle(repeated)

    world = ran(repeated, seed)

    assert fold.people(changes, ExactNumber()) == {
        key: link.person for key, link in world.links().items()
    }
    assert fold.entries(changes, ExactNumber()) == shown(world.entries())
    assert world.quarantined() == []


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(history(), st.randoms(use_true_random=False), st.integers(0, 1 << 30))
def test_two_orders_give_the_same_bytes(changes, shuffle, seed):
    """In order or shuffled, not a byte of any entry differs."""
    numbered = chained(changes, PARTITIONS)
    shuffled = list(numbered)
    shuffle.shuffle(shuffled)

    assert ran(numbered, 1).view() == ran(shuffled, seed).view()


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(history(), st.randoms(use_true_random=False), st.integers(0, 1 << 30))
def test_everything_settles_and_completes(changes, shuffle, seed):
    """At rest every link is settled at its version, and every lane is complete to the last number."""
    numbered = chained(changes, PARTITIONS)
    shuffled = list(numbered)
    shuffle.shuffle(shuffled)

    world = ran(shuffled, seed)

    settled = world.settled()
    for key, link in world.links().items():
        assert (link.version, link.person) == (settled[key].version, settled[key].person)
    last: dict[tuple[int, str], int] = {}
    for change in numbered:
        lane = fold_lane(change)
        last[lane, change.source] = max(last.get((lane, change.source), 0), change.seq)
    barriers = world.barriers()
    for (lane, source), seq in last.items():
        for view_lane in range(PARTITIONS):
            assert barriers[view_lane, "dsn.changes.a", lane, source, 1].seq == seq


def fold_lane(change: RecordChange) -> int:
    from dsn_schemas.keys import partition_of

    return partition_of(record_key(change.authority, change.number), PARTITIONS)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(history(), st.integers(0, 1 << 30))
def test_linked_then_unlinked_equals_never_linked(changes, seed):
    """When every claim is withdrawn, the charts are as if it had never spoken."""
    quiet = [c for c in changes if c.section != "claims"]
    numbers = {c.source: c.seq for c in changes}
    parted = list(changes)
    for change in changes:
        if change.section == "claims":
            numbers[change.source] += 1
            parted.append(_withdrawn(change, numbers[change.source]))
    seen = {(c.authority, c.number) for c in quiet}
    if any((c.authority, c.number) not in seen for c in changes):
        return  # a record known by claims only exists in one of the worlds
    first = {
        key: min(c.captured_at for c in quiet if (c.authority, c.number) == key) for key in seen
    }
    if any(c.captured_at < first[c.authority, c.number] for c in parted):
        return  # a claim that founds a record earlier is a change of the record

    linked = ran(chained(parted, PARTITIONS), seed)
    never = ran(chained(quiet, PARTITIONS), seed)

    assert shown(never.entries()) == shown(linked.entries())


def _withdrawn(change: RecordChange, seq: int) -> RecordChange:
    from dataclasses import replace

    return replace(change, seq=seq, op="delete", content=None)


def test_a_selection_of_what_make_histories_compares(monkeypatch):
    """Plain seeds agree with the fold, and a fold that says something else is noticed."""
    assert [differs(seed) for seed in range(20)] == [""] * 20

    monkeypatch.setattr(fold, "entries", lambda *_: {})

    assert differs(1) == "entries"
