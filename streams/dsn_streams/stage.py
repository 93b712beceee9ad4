"""What every stage is: a pure decision from (state, batches) to (outputs, writes).

A stage never reads a clock, a disk or a network. The lane (``lane.py``) gives it its state and
makes its decision durable in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class InputRecord(Protocol):
    """A Kafka record as a stage sees it; the one of ``aiokafka`` has this shape."""

    offset: int
    #: Broker time, milliseconds since 1970 UTC.
    timestamp: int
    key: bytes | None
    value: bytes | None


class Batch(NamedTuple):
    """Consecutive records of one partition of one topic."""

    topic: str
    partition: int
    records: Sequence[InputRecord]


class Output(NamedTuple):
    """A record to produce."""

    topic: str
    partition: int
    key: bytes | None
    #: ``None`` removes the key from a compacted topic.
    value: bytes | None


@dataclass(slots=True)
class Decision:
    """What a stage wants made durable, all of it or none."""

    outputs: list[Output] = field(default_factory=list)
    #: New value of each state row; ``None`` removes it.
    writes: dict[bytes, bytes | None] = field(default_factory=dict)
    #: Rows that follow from those written (``Stage.derived``): they are kept on disk with them and
    #: are no part of the changelog.
    derived: dict[bytes, bytes | None] = field(default_factory=dict)


class State(Protocol):
    """The rows of a lane, as of the end of the previous batch."""

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The rows that exist among ``keys``."""

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every row whose key begins with ``prefix``, in key order."""


class Stage(Protocol):
    """A stage of the stream; its instance may cache what it can load again from its state."""

    def opened(self, state: State) -> None:
        """Forget every cache and load what is kept in memory; called when a lane opens."""

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """What these batches, in this order, change."""

    def derived(self, key: bytes, value: bytes) -> Iterable[tuple[bytes, bytes]]:
        """The rows that follow from a row of the changelog, made again while a state is restored.

        Called for one row after another in the order in which they were written; of what compaction
        left of them, too. A row that was removed from ``Decision.derived`` may come back.
        """


class MemoryState:
    """A ``State`` in a dictionary, for tests and the simulation."""

    def __init__(self, rows: Mapping[bytes, bytes] | None = None) -> None:
        self.rows: dict[bytes, bytes] = dict(rows or {})

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """See ``State``."""
        rows = self.rows
        return {key: rows[key] for key in keys if key in rows}

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """See ``State``."""
        for key in sorted(self.rows):
            if key.startswith(prefix):
                yield key, self.rows[key]

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """Make a decision's writes the state of the next batch."""
        for key, value in writes.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
