"""A simulated Kafka: partitions, replication, transactions with fencing, compaction, retention.

A record is written by the leader at once and safe when it is replicated (*high*); readers of
committed records see neither what is not replicated, nor an open transaction and what lies behind
it. When a leader is lost, what was not replicated is gone, and its offsets are given out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

Place = tuple[str, int]


class Kept(Enum):
    """What a record in a log is."""

    OPEN = "of a transaction under way"
    COMMITTED = "committed"
    ABORTED = "of an aborted transaction"
    MARKER = "the end of a transaction"
    LOST = "gone with its leader"


@dataclass(slots=True)
class Record:
    """A record as the stages and consumers see it, and what it is to the broker."""

    offset: int
    key: bytes | None
    value: bytes | None
    #: Milliseconds since 1970 UTC, by the broker's clock.
    timestamp: int
    kept: Kept = Kept.COMMITTED
    transaction: str = ""


class Fenced(Exception):
    """A newer producer of the same transactional id is there."""


class OutOfRange(Exception):
    """The log no longer, or not yet, has that offset."""


@dataclass(slots=True)
class Log:
    """One partition."""

    records: list[Record] = field(default_factory=list)
    #: Oldest offset that is kept.
    low: int = 0
    #: Next offset to be written.
    end: int = 0
    #: Everything below is replicated.
    high: int = 0
    #: First offset of each transaction under way here.
    open: dict[str, int] = field(default_factory=dict)
    #: Every committed record that ever was, for the judge only: no compaction, no retention.
    past: list[Record] = field(default_factory=list)

    @property
    def stable(self) -> int:
        """Readers of committed records see what lies below."""
        return min(self.high, min(self.open.values())) if self.open else self.high


class Broker:
    """Every log, and the state of every transactional id."""

    def __init__(self) -> None:
        self.logs: dict[Place, Log] = {}
        #: Topic -> (partitions, compacted).
        self._names = 0
        self.topics: dict[str, tuple[int, bool]] = {}
        #: How often each topic was made: part of its id.
        self._made: dict[str, int] = {}
        self._epochs: dict[str, int] = {}
        self._ongoing: dict[str, list[Place]] = {}
        #: Milliseconds since 1970 UTC.
        self.clock_ms = 0

    def make(self, topic: str, partitions: int, *, compacted: bool) -> None:
        """Make a topic; one that is there is deleted first, with all it holds."""
        self.topics[topic] = (partitions, compacted)
        self._made[topic] = self._made.get(topic, 0) + 1
        for number in range(partitions):
            self.logs[topic, number] = Log()

    def topic_id(self, topic: str) -> str:
        """The id of a topic; one made anew has another."""
        return f"{topic}#{self._made[topic]}"

    # --- writing -------------------------------------------------------------------------------

    def append(self, place: Place, key: bytes | None, value: bytes | None) -> Record:
        """Write a record outside any transaction; it is not replicated yet."""
        return self._write(place, key, value, Kept.COMMITTED, "")

    def replicate(self, place: Place) -> None:
        """Everything written so far is safe."""
        log = self.logs[place]
        if log.high == log.end:
            return
        for record in _from(log.records, log.high):
            if record.kept is Kept.COMMITTED:
                log.past.append(record)
        log.high = log.end

    def lose_leader(self, place: Place) -> int:
        """What was not replicated is gone; how many records."""
        log = self.logs[place]
        gone = [record for record in log.records if record.offset >= log.high]
        del log.records[len(log.records) - len(gone) :]
        for record in gone:
            record.kept = Kept.LOST
        log.end = log.high
        return len(gone)

    def truncate(self, place: Place, at: int) -> int:
        """Confirmed records from an offset on are gone with every replica; how many."""
        log = self.logs[place]
        gone = [record for record in log.records if record.offset >= at]
        log.records = [record for record in log.records if record.offset < at]
        log.past = [record for record in log.past if record.offset < at]
        for record in gone:
            record.kept = Kept.LOST
        log.end = log.high = max(at, log.low)
        return len(gone)

    def next_name(self) -> int:
        """A number that nobody was given before."""
        self._names += 1
        return self._names

    # --- transactions --------------------------------------------------------------------------

    def init(self, transaction: str) -> int:
        """Fence every producer of this id and abort what it left open; the new epoch."""
        self._end(transaction, committed=False)
        self._epochs[transaction] = self._epochs.get(transaction, -1) + 1
        return self._epochs[transaction]

    def append_open(
        self, transaction: str, epoch: int, place: Place, key: bytes | None, value: bytes | None
    ) -> int:
        """Write a record of a transaction; its offset. Raises ``Fenced``."""
        self._check(transaction, epoch)
        record = self._write(place, key, value, Kept.OPEN, transaction)
        log = self.logs[place]
        log.open.setdefault(transaction, record.offset)
        ongoing = self._ongoing.setdefault(transaction, [])
        if place not in ongoing:
            ongoing.append(place)
        self.replicate(place)
        return record.offset

    def end(self, transaction: str, epoch: int, *, committed: bool) -> None:
        """Commit or abort. Raises ``Fenced``."""
        self._check(transaction, epoch)
        self._end(transaction, committed=committed)

    def fence_check(self, transaction: str, epoch: int) -> None:
        """Raise ``Fenced`` for a producer that was replaced."""
        self._check(transaction, epoch)

    def _check(self, transaction: str, epoch: int) -> None:
        if self._epochs.get(transaction) != epoch:
            raise Fenced(transaction)

    def _end(self, transaction: str, *, committed: bool) -> None:
        for place in self._ongoing.pop(transaction, ()):
            log = self.logs[place]
            first = log.open.pop(transaction)
            for record in _from(log.records, first):
                if record.kept is Kept.OPEN and record.transaction == transaction:
                    record.kept = Kept.COMMITTED if committed else Kept.ABORTED
                    if committed:
                        log.past.append(record)
            self._write(place, None, None, Kept.MARKER, transaction)
            self.replicate(place)

    def _write(
        self, place: Place, key: bytes | None, value: bytes | None, kept: Kept, transaction: str
    ) -> Record:
        log = self.logs[place]
        record = Record(log.end, key, value, self.clock_ms, kept, transaction)
        log.records.append(record)
        log.end += 1
        return record

    # --- reading -------------------------------------------------------------------------------

    def read(self, place: Place, at: int, count_max: int) -> list[Record]:
        """Committed records from an offset on. Raises ``OutOfRange``."""
        log = self.logs[place]
        if not log.low <= at <= log.end:
            raise OutOfRange(f"{place} begins at {log.low}, ends at {log.end}, asked for {at}")
        found: list[Record] = []
        stable = log.stable
        if at >= stable:
            return found
        for record in _from(log.records, at):
            if record.offset >= stable or len(found) == count_max:
                break
            if record.kept is Kept.COMMITTED:
                found.append(record)
        return found

    def waiting(self, place: Place, at: int) -> bool:
        """Whether a reader at this offset has committed records before it."""
        log = self.logs[place]
        return any(record.kept is Kept.COMMITTED for record in _from(log.records, at))

    # --- housekeeping --------------------------------------------------------------------------

    def compact(self, place: Place, before_ms: int, removals_before_ms: int) -> list[int]:
        """Keep the last record of each key among those older than an instant; offsets that went.

        Removals go too once they are older than another. Aborted records and markers go.
        """
        log = self.logs[place]
        stable = log.stable
        # The newest segment is never compacted, and its first offset is what others resume at.
        cleaned = [r for r in log.records if r.offset < stable and r.timestamp < before_ms]
        last = {r.key: r.offset for r in cleaned if r.kept is Kept.COMMITTED}
        keep: list[Record] = []
        ends = {record.offset for record in cleaned[-1:]}
        for record in log.records:
            if (
                record.offset >= stable
                or record.timestamp >= before_ms
                or record.offset in ends
                or (
                    record.kept is Kept.COMMITTED
                    and last[record.key] == record.offset
                    and (record.value is not None or record.timestamp >= removals_before_ms)
                )
            ):
                keep.append(record)
        kept = {record.offset for record in keep}
        gone = [record.offset for record in log.records if record.offset not in kept]
        log.records = keep
        return gone

    def forget(self, place: Place, below: int) -> None:
        """Retention: everything below an offset is deleted."""
        log = self.logs[place]
        log.low = max(log.low, min(below, log.stable))
        log.records = [record for record in log.records if record.offset >= log.low]

    def past(self, topic: str) -> Mapping[Place, Sequence[Record]]:
        """Every committed record a topic ever held, in offset order."""
        return {
            place: sorted(log.past, key=lambda record: record.offset)
            for place, log in self.logs.items()
            if place[0] == topic
        }


def _from(records: Sequence[Record], offset: int) -> Iterator[Record]:
    """Records at or behind an offset; logs have holes, so it is searched for."""
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        if records[middle].offset < offset:
            low = middle + 1
        else:
            high = middle
    for index in range(low, len(records)):
        yield records[index]
