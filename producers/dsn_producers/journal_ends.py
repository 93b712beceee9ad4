"""Whether the journal still has what it confirmed: our own offsets on a partition only grow.

One forwarder writes the changes of a source, so a record that is written behind another has the
higher offset. A lower one means that the end of the log is gone: every replica lost its disk or came
back with an old one (``acks=all`` cannot help then), or the topic was made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast


class _Written(Protocol):
    """The part of ``confluent_kafka.Message`` that is used."""

    def offset(self) -> int | None: ...

    def partition(self) -> int | None: ...


class JournalEnds:
    """The highest offset confirmed in each partition."""

    def __init__(self, kept: Mapping[int, int]) -> None:
        self._ends = dict(kept)
        self._kept = dict(kept)
        self._lost: str | None = None

    def known(self, partition: int) -> int:
        """What is confirmed now; a record produced from here on must come behind it."""
        return self._ends.get(partition, -1)

    def reached(self, record: object, end: int) -> None:
        """A record was written; ``end`` is what was known when it was produced."""
        if record is None:
            return
        written = cast(_Written, record)
        offset, partition = written.offset(), written.partition()
        # A repeat that the broker recognised is confirmed without its offset.
        if offset is None or partition is None or offset < 0:
            return
        if offset <= end:
            self._lost = f"partition {partition}: offset {offset} was written behind offset {end}"
        self._ends[partition] = max(offset, self._ends.get(partition, -1))

    @property
    def lost(self) -> str | None:
        """Where a record was written in the place of others that were confirmed before."""
        return self._lost

    def moved(self) -> dict[int, int]:
        """What is to be kept."""
        return {p: end for p, end in self._ends.items() if self._kept.get(p) != end}

    def keep(self, ends: Mapping[int, int]) -> None:
        """These are on disk."""
        self._kept.update(ends)
