"""What waits for the first link of its record: the changes of records nobody has placed yet.

A change of such a record would only be shown to nobody, and be carried to somebody else once its
person is known. So admit keeps it, row by row in its own state, and sends it with the link. Until then
neither *complete* nor the position of its partition goes past it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from dsn_streams.stage import State

#: First byte of the state rows: ``h<record key>\\0<count, 8 bytes>``.
PREFIX = b"h"

#: Topic and partition of a journal.
Place = tuple[str, int]
#: Topic, partition, source, epoch.
SourceKey = tuple[str, int, str, int]


class Waiting(msgspec.Struct, array_like=True, frozen=True):
    """A message that waits, and where it came from."""

    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    #: 0 for what was put through again: it was counted long ago, and holds nothing back.
    seq: int
    #: Encoded, as it would have been sent under link version 0.
    message: bytes
    #: Its change is in quarantine, and leaves it with this message.
    ends_quarantine: bool = False


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Waiting).decode


class Row(NamedTuple):
    """A state row to be written."""

    key: bytes
    value: bytes


class Held:
    """Which rows wait, by record, and the oldest of each partition and source."""

    def __init__(self) -> None:
        self._rows: dict[bytes, list[bytes]] = {}
        self._offsets: dict[Place, _Least] = defaultdict(_Least)
        self._seqs: dict[SourceKey, _Least] = defaultdict(_Least)
        self._count = 0

    @classmethod
    def of(cls, state: State) -> Held:
        """What the rows of a state say."""
        held = cls()
        for key, value in state.scan(PREFIX):
            record, count = key[1:-9], int.from_bytes(key[-8:], "big")
            held._rows.setdefault(record, []).append(key)
            held._count = max(held._count, count + 1)
            held._note(decode(value))
        return held

    def add(self, record: str, waiting: Waiting) -> Row:
        """Keep it behind what waits for this record; the row to write."""
        name = record.encode()
        key = PREFIX + name + b"\0" + self._count.to_bytes(8, "big")
        self._count += 1
        self._rows.setdefault(name, []).append(key)
        self._note(waiting)
        return Row(key, encode(waiting))

    def keys(self, record: str) -> list[bytes]:
        """Keys of the rows that wait for this record, in their order."""
        return list(self._rows.get(record.encode(), ()))

    def release(self, record: str, waited: Iterable[Waiting]) -> None:
        """Nothing of this record waits any more; ``waited`` is what did."""
        self._rows.pop(record.encode(), None)
        for one in waited:
            if one.seq:
                self._offsets[one.topic, one.partition].remove(one.offset)
                self._seqs[one.topic, one.partition, one.source, one.epoch].remove(one.seq)

    def position(self, place: Place, reached: int) -> int:
        """``reached``, unless something at an earlier offset of this partition waits."""
        return min(reached, self._offsets[place].value(reached))

    def complete(self, key: SourceKey, complete: int) -> int:
        """``complete``, unless an earlier number of this source waits."""
        return min(complete, self._seqs[key].value(complete + 1) - 1)

    def _note(self, waiting: Waiting) -> None:
        if waiting.seq:
            self._offsets[waiting.topic, waiting.partition].add(waiting.offset)
            key = (waiting.topic, waiting.partition, waiting.source, waiting.epoch)
            self._seqs[key].add(waiting.seq)


class _Least:
    """The least of some numbers that come and go; each may be there several times."""

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._times: dict[int, int] = {}

    def add(self, number: int) -> None:
        times = self._times.get(number, 0)
        if not times:
            heapq.heappush(self._heap, number)
        self._times[number] = times + 1

    def remove(self, number: int) -> None:
        self._times[number] -= 1
        if not self._times[number]:
            del self._times[number]

    def value(self, otherwise: int) -> int:
        while self._heap and self._heap[0] not in self._times:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else otherwise
