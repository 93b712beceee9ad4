"""The group of stream workers: who is alive, and who has which lane.

As the broker's coordinator does it: a member that is silent for the session is expelled; whenever
members change, everybody who is heard is asked to let go and to join again, and only then are
partitions given out, by the shipped assignor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from dsn_deploy.simulation.broker import Place
from dsn_deploy.simulation.kernel import Kernel
from dsn_streams.transport import LaneAssignor

#: As `app.py` sets them.
SESSION_S = 6.0
REJOIN_S = 6.0


class Group:
    """The coordinator's view of the group."""

    def __init__(self, kernel: Kernel, topics: dict[str, int]) -> None:
        self._kernel = kernel
        self._topics = topics
        self._heard: dict[str, float] = {}
        self._joined: set[str] = set()
        self._since = 0.0
        #: Grows with every assignment.
        self.generation = 0
        self._assigned: dict[str, list[Place]] = {}
        self._joining = False

    def heartbeat(self, name: str, generation: int) -> bool:
        """A member is alive; ``False`` asks it to let go of everything and to join again."""
        self._expire()
        known = name in self._heard
        self._heard[name] = self._kernel.now
        return known and not self._joining and generation == self.generation

    def join(self, name: str) -> tuple[int, list[Place]] | None:
        """Join; the assignment once everybody has, until then ``None``: ask again."""
        self._expire()
        self._heard[name] = self._kernel.now
        if not self._joining and name in self._assigned and name in self._joined:
            return self.generation, self._assigned[name]
        if not self._joining:
            self._begin()
        self._joined.add(name)
        if not self._everybody():
            return None
        self._give_out()
        return self.generation, self._assigned[name]

    def leave(self, name: str) -> None:
        """The socket of a dead member is closed; the broker waits for the session all the same."""
        self._joined.discard(name)

    def _begin(self) -> None:
        self._joining = True
        self._joined.clear()
        self._since = self._kernel.now

    def _everybody(self) -> bool:
        waited = self._kernel.now - self._since >= REJOIN_S
        return waited or set(self._heard) <= self._joined

    def _give_out(self) -> None:
        self._heard = {name: at for name, at in self._heard.items() if name in self._joined}
        self.generation += 1
        self._joining = False
        self._assigned = assignment(sorted(self._joined), self._topics)

    def _expire(self) -> None:
        silent = [n for n, at in self._heard.items() if self._kernel.now - at > SESSION_S]
        for name in silent:
            del self._heard[name]
            self._joined.discard(name)
        if silent and not self._joining and self._heard:
            self._begin()


def assignment(members: Sequence[str], topics: dict[str, int]) -> dict[str, list[Place]]:
    """What the shipped assignor gives to each member."""
    asked = {name: LaneAssignor.metadata(topics) for name in members}
    given = LaneAssignor.assign(_Cluster(topics), _typed(asked))
    return {
        name: [(topic, number) for topic, numbers in one.assignment for number in numbers]
        for name, one in given.items()
    }


def _typed(
    asked: dict[str, ConsumerProtocolMemberMetadata],
) -> dict[str, ConsumerProtocolMemberMetadata]:
    return asked


class _Cluster:
    def __init__(self, topics: dict[str, int]) -> None:
        self._topics = topics

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(self._topics[topic]))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the assignor asked for {name}: simulate it")
