"""Doubles of the establishment's tests: a mapper of four words, and a journal that can misbehave."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable

from dsn_producers.journal import Report
from dsn_producers.mapping import Item, Mapped, Unmappable
from dsn_producers.message import Message, mapped
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.receipts import Word, latest
from dsn_producers.sending import position_of, rows_after
from dsn_producers.sources import Source
from dsn_schemas.keys import partition_of, record_key
from dsn_schemas.records import Alert, Concept, RecordChange
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec


def item(number: str, name: str, text: str, *, op: str = "upsert", entry: str = "") -> Item:
    """An alert of a record."""
    return Item(
        authority="CHUM",
        number=number,
        section="alerts",
        item=name,
        entry=entry,
        op="delete" if op == "delete" else "upsert",
        status="active",
        occurred_at=1_700_000_000_000,
        content=None if op == "delete" else Alert(code=Concept(text=text)),
    )


def map_words(data: bytes, source: Source, captured_at: int) -> Mapped:
    """Each segment ``ZAL|number|item|text`` behind MSH is an item; anything else is refused.

    ``ZBUG`` is a mistake of the mapper's own.
    """
    segments = [s for s in data.split(b"\r") if s]
    if not segments or not segments[0].startswith(b"MSH"):
        raise Unmappable("no-header", "the message does not begin with MSH", refusal="AR")
    items = []
    for segment in segments[1:]:
        words = segment.decode(source.charset).split("|")
        if words[0] == "ZBUG":
            raise KeyError("not for anybody's eyes")
        if words[0] != "ZAL":
            raise Unmappable("unknown-segment", f"segment {len(items) + 2} is not ZAL")
        items.append(item(words[1], words[2], words[3]))
    return Mapped(message_id="", items=tuple(items))


def message_of(items: Iterable[tuple[str, str, str]], control_id: str = "1") -> bytes:
    """A message for ``map_words``."""
    head = f"MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301||ADT^A08^ADT_A01|{control_id}|P|2.5||||||8859/1"
    segments = [f"ZAL|{number}|{name}|{text}" for number, name, text in items]
    return ("\r".join([head, *segments]) + "\r").encode("latin-1")


def taken_form(data: bytes, source: Source, partitions: int = 4) -> Message:
    """The message as the outbox takes it."""
    return mapped(
        data,
        source=source,
        mapper=map_words,
        kind="hl7v2",
        captured_at=1_700_000_000_000,
        partitions=partitions,
    )


class FakeIds:
    """Schema ids without a registry."""

    def id_of(self, name: str) -> int:
        """One id for each name."""
        return {"RecordChange": 7}[name]

    def schema_of(self, schema_id: int) -> dict[str, object]:
        """Our own version."""
        from dsn_schemas.contract import composed

        assert schema_id == 7
        return composed("RecordChange")


class FakeBroker:
    """What the journal holds, and how its clients fare."""

    def __init__(self, seed: int, faults: float = 0.0) -> None:
        self.chance = random.Random(seed)
        #: Part of the records whose outcome is a fault.
        self.faults = faults
        #: By partition: (key, value), in the order written.
        self.logs: dict[int, list[tuple[bytes, bytes]]] = {}
        self.clients = 0
        self.topics: set[str] = set()
        #: Id of the topic; another one after it was made anew.
        self.topic_id = "first"
        #: The receipts topic, and how much of it was compacted away.
        self.words: list[Word] = []

    def client(self, _settings: object) -> FakeJournal:
        """A new producer."""
        self.clients += 1
        return FakeJournal(self)

    def feed(self, _settings: object, source: Source) -> FakeFeed:
        """A new reader of the centre's words."""
        return FakeFeed(self, source.name)

    def lose(self, *, topic_id: str | None = None) -> None:
        """Every disk is lost; the topic is made anew when it gets another id."""
        self.logs.clear()
        self.topic_id = topic_id or self.topic_id


class FakeRecord:
    """What a report says of a record that was written."""

    def __init__(self, partition: int, offset: int) -> None:
        self._partition = partition
        self._offset = offset

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset


class FakeFeed:
    """The centre's words over the double."""

    def __init__(self, broker: FakeBroker, source: str) -> None:
        self._broker = broker
        self._source = source
        self._read = 0

    def catch_up(self, deadline_s: float) -> list[Word]:
        return self.poll()

    def poll(self) -> list[Word]:
        words = self._broker.words[self._read :]
        self._read += len(words)
        return latest(words, self._source)

    def topic_id(self) -> str:
        return self._broker.topic_id

    def close(self) -> None:
        """Nothing is held."""


class FakeJournal:
    """A producer that fails, repeats and reorders its reports, but keeps a partition's order.

    As with librdkafka: a record that failed may be written all the same, and after a failure this
    client writes nothing more.
    """

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._reports: deque[Callable[[], None]] = deque()
        self._dead = False

    def produce(
        self, topic: str, *, value: bytes, key: bytes, partition: int, on_delivery: Report
    ) -> None:
        broker, chance = self._broker, self._broker.chance
        broker.topics.add(topic)
        if len(self._reports) >= 500:
            raise BufferError
        fails = self._dead or chance.random() < broker.faults
        record = None
        if not self._dead and (not fails or chance.random() < 0.5):
            log = broker.logs.setdefault(partition, [])
            record = FakeRecord(partition, len(log))
            log.append((key, value))
        self._dead = self._dead or fails
        error = "timed out" if fails else None
        self._reports.append(lambda: on_delivery(error, record))
        if not fails and broker.faults and chance.random() < 0.2 and key != b"chum-adt":
            self._reports.append(lambda: on_delivery(None, record))

    def poll(self, timeout: float) -> int:
        waiting = list(self._reports)
        self._reports.clear()
        if self._broker.faults:
            self._broker.chance.shuffle(waiting)
            keep = self._broker.chance.randrange(len(waiting) + 1) if len(waiting) > 3 else 0
            self._reports.extend(waiting[:keep])
            waiting = waiting[keep:]
        for report in waiting:
            report()
        return len(waiting)

    def flush(self, timeout: float) -> int:
        while self._reports:
            self.poll(0)
        return 0

    def purge(self) -> None:
        self._dead = True


def changes_in(settings: Settings, source: str) -> list[RecordChange]:
    """Every change of an outbox, decoded, in the order of numbers."""
    codec = Codec(FakeIds())
    file = OutboxFile(path_of(settings, source), source=source, partitions=settings.partitions)
    found: list[RecordChange] = []
    for epoch in range(1, file.epoch + 1):
        for row in rows_after(file, position_of(epoch, 0), 1_000_000):
            change = codec.decode(codec.frame_of("RecordChange") + row.body)
            assert isinstance(change, RecordChange)
            assert (change.epoch, change.seq) == (epoch, row.seq)
            found.append(change)
    file.close()
    return found


def assert_chained(changes: list[RecordChange], partitions: int) -> None:
    """One epoch: numbers gapless from 1, and each partition's chain whole."""
    assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
    heads: dict[int, int] = {}
    for change in changes:
        partition = partition_of(record_key(change.authority, change.number), partitions)
        assert change.previous == heads.get(partition, 0)
        heads[partition] = change.seq
