"""A changelog of the format before gives the state that ours would have given."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams.test_entry_rows import Record, moves, said

from dsn_schemas.topics import CONTRIBUTIONS
from dsn_schemas.wire import Codec
from dsn_streams.contribution import Handover, encode
from dsn_streams.entry_rows import hint_key, items_in
from dsn_streams.identity.rows import RecordRow, ref_of
from dsn_streams.identity.rows import encode as encode_record
from dsn_streams.stage import Batch, Decision, MemoryState
from dsn_streams.state import FORMAT
from dsn_streams.unify import Unify
from dsn_streams.upgrades import STEPS, reads, upgraded
from support.format_2 import as_format_2
from support.histories import chained, history
from support.world import FixedIds, World

PARTITIONS = 3
PERSON = b"p" * 26
Changelog = list[tuple[bytes, bytes | None]]


class Lane:
    """Unify over a state in memory, and what its turns wrote to two changelogs."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.stage = Unify(Codec(FixedIds()), 1)
        self.state = MemoryState()
        self.changelog: Changelog = []

    def turn(self, records: list[Record], *, old: bool) -> Decision:
        decision = self.stage.decide(self.state, [Batch(CONTRIBUTIONS, 0, records)])
        writes = as_format_2(self.state, decision) if old else decision.writes
        told = list(writes.items())
        self.chance.shuffle(told)  # which row of a turn comes first is nobody's promise
        self.changelog += told
        self.state.apply(decision.writes | decision.derived)
        return decision

    def compacted(self) -> Changelog:
        """What compaction must leave, or more."""
        newest = {key: at for at, (key, _) in enumerate(self.changelog)}
        return [
            row
            for at, row in enumerate(self.changelog)
            if newest[row[0]] == at or self.chance.random() < 0.5
        ]

    def restored(self, before: MemoryState | None = None) -> MemoryState:
        """The state of its changelog, as a lane restores it; onto rows that are there already."""
        state = before or MemoryState()
        for row in self.compacted():
            if (one := upgraded(*row)) is not None:
                state.apply(dict((one,)))
                if one[1] is not None:
                    state.apply(dict(self.stage.derived(*one)))
        return state


def known(state: MemoryState) -> dict[bytes, bytes | None]:
    """Every row that is not a hint, and the hint of every item."""
    found: dict[bytes, bytes | None] = {}
    for key, value in state.rows.items():
        if key[:1] != b"i":
            found[key] = value
        if key[:1] == b"e":
            for item in items_in(value).values():
                hint = hint_key(PERSON, item)
                found[hint] = state.rows.get(hint)
    return found


def turns(told: list[Record], chance: random.Random) -> list[list[Record]]:
    """The records in turns of some."""
    cuts = sorted({0, len(told), *(chance.randint(0, len(told)) for _ in told)})
    return [told[one:two] for one, two in pairwise(cuts)]


@given(moves, moves, st.booleans(), st.randoms(use_true_random=False))
def test_a_state_upgraded_is_the_state_there_would_have_been(first, then, leaves, chance):
    """Whatever compaction left: before the first turn behind the upgrade and ever after, also onto
    rows as the version before kept them, and it decides the same."""
    lane = Lane(chance)
    records = [Record(n, encode(said(n + 1, *one))) for n, one in enumerate([*first, *then])]
    split = len(first)
    old, new = records[:split], records[split:]
    if leaves:
        handover = Handover("H|1", 0, 1, "q" * 26)
        old.insert(chance.randint(0, len(old)), Record(0, encode(handover)))

    for part in turns(old, chance):
        lane.turn(part, old=True)
    places = MemoryState(
        {key: value for key, value in lane.changelog if key[:1] == b"i" and value is not None}
    )

    assert known(lane.restored()) == known(lane.state)
    assert known(lane.restored(places)) == known(lane.state)
    assert not [v for k, v in lane.restored().rows.items() if k[:1] == b"i" and v[:1] == b"\x92"]

    for part in turns(new, chance):
        twin = lane.restored()
        lane.stage.opened(twin)
        of_upgraded = lane.stage.decide(twin, [Batch(CONTRIBUTIONS, 0, part)])
        lane.stage.opened(lane.state)
        decision = lane.turn(part, old=False)
        assert (of_upgraded.writes, of_upgraded.outputs) == (decision.writes, decision.outputs)
        assert known(lane.restored()) == known(lane.state)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(history(), st.randoms(use_true_random=False), st.integers(0, 1 << 30), st.integers(1, 40))
def test_an_upgrade_at_any_turn_changes_no_byte_of_the_view(changes, shuffle, seed, turns_of_2):
    """All stages, the upgrade in the middle of all, restored again and again behind it."""
    numbered = chained(changes, PARTITIONS)
    shuffled = list(numbered)
    shuffle.shuffle(shuffled)
    upgraded_world, other = World(seed, PARTITIONS), World(1, PARTITIONS)
    upgraded_world.turns_of_2 = turns_of_2
    for world, told in ((upgraded_world, shuffled), (other, numbered)):
        for change in told:
            world.publish(change)
            if world.random.random() < 0.3:
                world.run()
        world.run()

    assert upgraded_world.view() == other.view()


def test_rows_of_our_format_pass_every_step_as_they_are():
    """Steps are taken for ever, by the lanes of all stages: what we write must be none of the old."""
    row = encode_record(RecordRow("H|1"))
    of_identify = {b"d" + ref_of("H|1"): row, b"k" + b"block": b"12345678", b"v": b"5 2026.1"}
    of_records = dict.fromkeys((b"r1", b"s1", b"h1", b"e1", b"m1", b"t1"), b"1")
    for key, value in (of_identify | of_records).items():
        assert upgraded(key, value) == (key, value)
        assert upgraded(key, None) == (key, None)


def test_steps_lead_to_our_format_without_a_break():
    """What a version reads: its own, and older ones from the first step on."""
    assert sorted(STEPS) == list(range(min(STEPS), FORMAT))
    assert [reads(FORMAT, theirs) for theirs in range(FORMAT + 2)] == [
        min(STEPS) <= theirs <= FORMAT for theirs in range(FORMAT + 2)
    ]
    assert not reads(FORMAT - 1, FORMAT)
