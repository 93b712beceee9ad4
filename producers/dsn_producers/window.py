"""Which changes are on their way to the journal, and up to where it has every one of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from dsn_producers.outbox_file import EPOCH_SPAN


@dataclass(frozen=True, slots=True)
class _Sent:
    position: int
    partition: int
    size_bytes: int


class Window:
    """Positions handed to the producer and not yet known to be written, in order.

    A report is believed only when it says *written*: one that failed says nothing, since the
    broker may have the record all the same. So what counts is the last position behind which
    nothing is missing; everything after it is sent again after a failure.
    """

    def __init__(self, position: int) -> None:
        #: Up to here the journal has everything.
        self.acked = position
        #: Up to here everything was handed over.
        self.handed = position
        #: Last number written to each partition since the window was opened.
        self.heads: dict[int, int] = {}
        #: Bytes on their way.
        self.size_bytes = 0
        self._order: deque[_Sent] = deque()
        self._written: set[int] = set()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, position: int, partition: int, size_bytes: int) -> None:
        """A change was handed over; raises ``ValueError`` when it is not behind the last one."""
        if position <= self.handed:
            raise ValueError(f"position {position} is not after {self.handed}")
        self._order.append(_Sent(position, partition, size_bytes))
        self.handed = position
        self.size_bytes += size_bytes

    def written(self, position: int) -> None:
        """The journal has it. Reports come in any order, and more than once."""
        if position <= self.acked:
            return
        self._written.add(position)
        while self._order and self._order[0].position in self._written:
            done = self._order.popleft()
            self._written.remove(done.position)
            self.heads[done.partition] = done.position % EPOCH_SPAN
            self.size_bytes -= done.size_bytes
            self.acked = done.position

    def skip_to(self, position: int) -> None:
        """Go on behind an epoch that is wholly written."""
        if self._order or position <= self.handed:
            raise ValueError(f"cannot skip from {self.handed} to {position}")
        self.acked = self.handed = position
