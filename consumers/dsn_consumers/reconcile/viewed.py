"""What dsn.view, dsn.identity.links and dsn.quarantine say now: the newest record of each key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dsn_consumers.intake import Place, Read
from dsn_schemas.keys import person_id
from dsn_schemas.records import (
    QuarantinedChange,
    QuarantineEnd,
    RecordLink,
    RecordSettled,
    ViewBarrier,
)
from dsn_schemas.topics import IDENTITY_LINKS, QUARANTINE, VIEW
from dsn_schemas.wire import Codec

_BARRIER, _SETTLED = b"|barrier|", b"|settled|"


@dataclass(slots=True)
class Viewed:
    """The derived topics, read to their ends: the view first, the links behind it.

    That order matters: a link that is known here and not in the view as it was read shows as a
    record on its way, never as a difference.
    """

    codec: Codec
    #: Newest record of each key of the view that is an entry; its value may be a removal.
    entries: dict[str, Read] = field(default_factory=dict)
    links: dict[str, tuple[RecordLink, Read]] = field(default_factory=dict)
    #: (topic, partition, offset) in the journal -> the quarantine's record of it.
    quarantine: dict[tuple[str, int, int], tuple[QuarantinedChange, Read]] = field(
        default_factory=dict
    )
    _settled: dict[str, RecordSettled] = field(default_factory=dict)
    #: (lane of the view, topic, partition) -> position.
    _barriers: dict[tuple[int, str, int], int] = field(default_factory=dict)

    def take_all(self, reads: Iterable[Read]) -> None:
        """Take records in, in the order of their partitions."""
        for read in reads:
            self.take(read)

    def take(self, read: Read) -> None:
        """Take one in, under the plain name of its topic."""
        if read.topic == VIEW:
            self._view(read)
        elif read.topic == IDENTITY_LINKS:
            self._link(read)
        elif read.topic == QUARANTINE:
            aside = self.codec.decode(read.value or b"")
            if isinstance(aside, QuarantineEnd):
                return
            assert isinstance(aside, QuarantinedChange)
            self.quarantine[aside.topic, aside.partition, aside.offset] = (aside, read)

    def vouched(self, lanes: int) -> Mapping[Place, int]:
        """Up to where every lane of the view has each partition of the journal."""
        places = {(topic, partition) for _, topic, partition in self._barriers}
        return {
            place: min(self._barriers.get((lane, *place), 0) for lane in range(lanes))
            for place in places
        }

    def person(self, record: str) -> str:
        """Person of a record; before its first link, the one it would found itself."""
        known = self.links.get(record)
        return person_id(record) if known is None else known[0].person

    def moving(self, record: str) -> bool:
        """Has the record a link whose entries have not all arrived?"""
        known = self.links.get(record)
        if known is None:
            return False
        link, settled = known[0], self._settled.get(record)
        if link.version <= 1 and link.person == person_id(record):
            return False
        return settled is None or (settled.version, settled.person) != (link.version, link.person)

    def _view(self, read: Read) -> None:
        key = read.key or b""
        if key.startswith(_BARRIER):
            barrier = self.codec.decode(read.value or b"")
            assert isinstance(barrier, ViewBarrier)
            place = (read.partition, barrier.topic, barrier.partition)
            self._barriers[place] = max(self._barriers.get(place, 0), barrier.position)
        elif key.startswith(_SETTLED):
            settled = None if read.value is None else self.codec.decode(read.value)
            if isinstance(settled, RecordSettled):
                record = f"{settled.authority}|{settled.number}"
                known = self._settled.get(record)
                if known is None or known.version < settled.version:
                    self._settled[record] = settled
        else:
            self.entries[key.decode()] = read

    def _link(self, read: Read) -> None:
        record = (read.key or b"").decode()
        link = None if read.value is None else self.codec.decode(read.value)
        if isinstance(link, RecordLink):
            self.links[record] = (link, read)
        else:
            self.links.pop(record, None)
