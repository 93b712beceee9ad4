"""A world in memory for the three stages: topics, lanes, and a scheduler that shuffles turns."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

from dsn_schemas import replays
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import RecordChange, RecordLink, RecordSettled, ViewBarrier, ViewEntry
from dsn_schemas.topics import (
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    QUARANTINE,
    REPLAYS,
    VIEW,
    changes_topic,
)
from dsn_schemas.wire import Codec, UnknownSchema
from dsn_streams.admit import Admit
from dsn_streams.identify import Identify
from dsn_streams.stage import Batch, MemoryState, Stage
from dsn_streams.unify import Unify
from dsn_streams.upgrades import upgraded
from support.exact import ExactNumber
from support.format_2 import as_format_2


class FixedIds:
    """Schema ids without a registry."""

    def id_of(self, name: str) -> int:
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> dict[str, object]:
        if not 1 <= schema_id <= len(SUBJECTS):
            raise UnknownSchema(str(schema_id))
        return composed(SUBJECTS[schema_id - 1])


@dataclass(slots=True)
class Stored:
    """A record in the world's journal."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0


@dataclass(slots=True)
class _Lane:
    stage: Stage
    state: MemoryState
    inputs: list[tuple[str, int]]
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    changelog: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def restore(self, random: random.Random) -> None:
        """Lose the state and read the changelog, of which compaction left what it must, or more."""
        newest = {key: at for at, (key, _) in enumerate(self.changelog)}
        self.changelog = [
            (key, value)
            for at, (key, value) in enumerate(self.changelog)
            if newest[key] == at or random.random() < 0.5
        ]
        self.state = MemoryState()
        for row in self.changelog:
            if (one := upgraded(*row)) is None:
                continue
            key, value = one
            self.state.apply({key: value})
            if value is not None:
                self.state.apply(dict(self.stage.derived(key, value)))


class World:
    """Every topic and lane, run until nothing moves."""

    def __init__(self, seed: int, partitions: int = 3, establishments: tuple[str, ...] = ("a",)):
        self.random = random.Random(seed)
        self.partitions = partitions
        self.codec = Codec(FixedIds())
        self.logs: dict[tuple[str, int], list[Stored]] = defaultdict(list)
        self.lanes: list[_Lane] = []
        #: How many of the next turns are those of the version before; then all lanes are upgraded.
        self.turns_of_2 = 0
        changes = [changes_topic(name) for name in establishments]
        for number in range(partitions):
            inputs = [(topic, number) for topic in (*changes, IDENTITY_LINKS, REPLAYS)]
            self._add(Admit(self.codec, partitions), inputs)
            self._add(Unify(self.codec, partitions), [(CONTRIBUTIONS, number)])
        self._add(Identify(self.codec, partitions, ExactNumber()), [(IDENTITY_REQUESTS, 0)])

    def _add(self, stage: Stage, inputs: list[tuple[str, int]]) -> None:
        state = MemoryState()
        stage.opened(state)
        self.lanes.append(_Lane(stage, state, inputs))

    def publish(self, change: RecordChange, establishment: str = "a") -> None:
        """Put a change, or a mark for one partition, on the journal."""
        key = record_key(change.authority, change.number)
        self.put(
            changes_topic(establishment),
            partition_of(key, self.partitions),
            key.encode(),
            self.codec.encode(change),
        )

    def put(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        log = self.logs[topic, partition]
        log.append(Stored(len(log), key, value))

    def replay(self, topic: str, partition: int, stored: Stored, *, retry: bool = False) -> None:
        """Put a record of the journal through again."""
        place = (topic, partition, stored.offset)
        one = replays.Replay(*place, stored.timestamp, stored.value or b"", retry)
        self.put(REPLAYS, partition, stored.key, replays.encode(one))

    def run(self, steps_max: int = 200_000) -> None:
        """Run lanes in random order, with random batch sizes and restarts, until all is read."""
        for _ in range(steps_max):
            ready = [lane for lane in self.lanes if self._waiting(lane)]
            if not ready:
                return
            lane = self.random.choice(ready)
            if self.random.random() < 0.1:  # a restart between two turns
                if self.random.random() < 0.5:
                    lane.restore(self.random)
                lane.stage.opened(lane.state)
            self._turn(lane)
        raise AssertionError("the world never came to rest")

    def run_some(self, turns: int) -> None:
        """Run some turns of random lanes."""
        for _ in range(turns):
            if ready := [lane for lane in self.lanes if self._waiting(lane)]:
                self._turn(self.random.choice(ready))

    def _waiting(self, lane: _Lane) -> list[tuple[str, int]]:
        return [tp for tp in lane.inputs if len(self.logs[tp]) > lane.positions.get(tp, 0)]

    def _turn(self, lane: _Lane) -> None:
        batches = []
        inputs = self._waiting(lane)
        self.random.shuffle(inputs)
        for tp in inputs[: self.random.randint(1, len(inputs))]:
            at = lane.positions.get(tp, 0)
            end = min(len(self.logs[tp]), at + self.random.randint(1, 7))
            batches.append(Batch(*tp, self.logs[tp][at:end]))
            lane.positions[tp] = end
        decision = lane.stage.decide(lane.state, batches)
        for output in decision.outputs:
            self.put(*output)
        old = self.turns_of_2 > 0
        writes = list((as_format_2(lane.state, decision) if old else decision.writes).items())
        self.random.shuffle(writes)
        lane.changelog += writes
        lane.state.apply(decision.writes | decision.derived)
        if old:
            self.turns_of_2 -= 1
            if not self.turns_of_2:
                self._upgrade()

    def _upgrade(self) -> None:
        """Every lane begins anew with our version, from the changelog of the one before."""
        for lane in self.lanes:
            lane.restore(self.random)
            lane.stage.opened(lane.state)

    # --- what came out -------------------------------------------------------------------------

    def compacted(self, topic: str) -> dict[bytes, bytes]:
        """The last value of every key."""
        found: dict[bytes, bytes] = {}
        for number in range(self.partitions):
            for stored in self.logs[topic, number]:
                assert stored.key is not None
                if stored.value is None:
                    found.pop(stored.key, None)
                else:
                    found[stored.key] = stored.value
        return found

    def view(self) -> dict[bytes, bytes]:
        """The entries, as bytes."""
        return {k: v for k, v in self.compacted(VIEW).items() if not k.startswith(b"|")}

    def entries(self) -> list[ViewEntry]:
        found = [self.codec.decode(value) for value in self.view().values()]
        assert all(isinstance(entry, ViewEntry) for entry in found)
        return found  # type: ignore[return-value]

    def links(self) -> dict[str, RecordLink]:
        found = {}
        for key, value in self.compacted(IDENTITY_LINKS).items():
            link = self.codec.decode(value)
            assert isinstance(link, RecordLink)
            found[key.decode()] = link
        return found

    def settled(self) -> dict[str, RecordSettled]:
        """Newest RecordSettled of each record, over all lanes."""
        found: dict[str, RecordSettled] = {}
        for number in range(self.partitions):
            for stored in self.logs[VIEW, number]:
                if stored.key and stored.key.startswith(b"|settled|") and stored.value:
                    record = self.codec.decode(stored.value)
                    assert isinstance(record, RecordSettled)
                    key = record_key(record.authority, record.number)
                    if key not in found or found[key].version < record.version:
                        found[key] = record
        return found

    def barriers(self) -> dict[tuple[int, str, int, str, int], ViewBarrier]:
        """Newest barrier by (view lane, topic, partition, source, epoch)."""
        found = {}
        for number in range(self.partitions):
            for stored in self.logs[VIEW, number]:
                if stored.key and stored.key.startswith(b"|barrier|") and stored.value:
                    record = self.codec.decode(stored.value)
                    assert isinstance(record, ViewBarrier)
                    found[number, record.topic, record.partition, record.source, record.epoch] = (
                        record
                    )
        return found

    def quarantined(self) -> list[object]:
        return [
            self.codec.decode(stored.value)
            for number in range(self.partitions)
            for stored in self.logs[QUARANTINE, number]
            if stored.value
        ]
