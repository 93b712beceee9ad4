"""What waits for a lane is told from what was lost on the way to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsn_schemas.settings import Settings
from dsn_streams.crew import Taken
from dsn_streams.lane import Link
from dsn_streams.lanes import STALLED_S, Lanes, turn_s
from dsn_streams.stage import Batch

INPUT = ("in", 0)
DEADLINE_S = 20.0


@dataclass
class Record:
    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None


class Slow:
    """A lane whose turn lasts until it is let go."""

    name, number = "slow", 0

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()

    def open(self, inputs: object) -> None:
        """Nothing to restore."""

    def close(self) -> None:
        """Nothing to release."""

    def positions(self) -> Mapping[tuple[str, int], int]:
        return {}

    def decide(self, links: Sequence[Link]) -> Mapping[tuple[str, int], int]:
        self.began.set()
        assert self.go_on.wait(DEADLINE_S)
        return {INPUT: links[-1].batch.records[-1].offset + 1}


class SlowCrew:
    """A crew of one slow lane."""

    def __init__(self, _settings: Settings, stage: str, lanes: Iterable[Slow]) -> None:
        self.stage = stage
        self.lanes = {lane.number: lane for lane in lanes}

    def open(self, inputs: object, each: object) -> None:
        """Nobody else is there."""

    def close(self) -> None:
        """Nothing to release."""

    def take(self, links: Mapping[int, Sequence[Link]]) -> Taken:
        return Taken({n: self.lanes[n].decide(share) for n, share in links.items()}, {})


def lanes_of(slow: Slow) -> Lanes:
    nothing: Any = None
    make: Any = lambda *_: slow
    crew: Any = SlowCrew
    return Lanes(Settings(), lambda _: "slow", make, nothing, crew)


def link(offset: int) -> Link:
    return Link(Batch(*INPUT, [Record(offset)]), offset)


async def until(condition: Any) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def test_a_long_turn_is_not_a_lost_batch() -> None:
    """However long it takes, what is being decided arrived."""

    async def run() -> None:
        slow = Slow()
        lanes = lanes_of(slow)
        await lanes.open_all([INPUT])
        await lanes.submit(link(0))
        await until(slow.began.is_set)
        later = time.monotonic() + 2 * STALLED_S

        assert lanes.stalled(later) == []

        slow.go_on.set()
        await until(lambda: lanes.done == {INPUT: 1})
        assert lanes.stalled(later) == []
        await lanes.close_all()

    asyncio.run(run())


def test_a_batch_that_never_arrived_is_noticed() -> None:
    """Handed over, in no queue and in no turn: it was lost, and only a new start brings it."""

    async def run() -> None:
        slow = Slow()
        slow.go_on.set()
        lanes = lanes_of(slow)
        await lanes.open_all([INPUT])
        await lanes.submit(link(0))
        await until(lambda: lanes.done == {INPUT: 1})
        lanes._handed[INPUT] = (5, time.monotonic())

        assert lanes.stalled(time.monotonic()) == []
        assert lanes.stalled(time.monotonic() + 2 * STALLED_S) == [INPUT]

        await lanes.close_all()

    asyncio.run(run())


def test_slow_turns_are_fewer() -> None:
    """Brokers that take long to commit are asked less often, but still ten times a second."""
    assert [turn_s(took_s) for took_s in (0.0, 0.01, 0.02, 0.5)] == [0.04, 0.04, 0.06, 0.1]
