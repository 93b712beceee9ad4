"""The evidence of a run of real processes, for ``dsn_deploy.proof``: journal, outboxes, store.

Journal and outboxes are read again and again and everything seen is kept: what a retention, an
operator or a receipt removes later was seen before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from dsn_consumers.chain import microseconds
from dsn_consumers.ledger import ledger
from dsn_deploy.proof.evidence import (
    Audited,
    Contributor,
    Counted,
    Evidence,
    JournalRecord,
    Number,
    Quarantined,
    Shown,
    number_of,
)
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile, path_of
from dsn_producers.sending import rows_after
from dsn_schemas.asking import described
from dsn_schemas.records import RecordChange
from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CHANGES_PREFIX
from dsn_schemas.wire import Codec, UnreadableRecord

#: For a partition to be read to its end, s.
END_S = 60.0
#: Outbox rows read at once.
_ROWS = 10_000

_ENTRIES = "SELECT person_id, section, entry, contributors::jsonb FROM dsn_store.linked_entries"
_PEOPLE = "SELECT DISTINCT authority || '|' || number, person_id FROM dsn.people_records"
_QUARANTINE = 'SELECT topic, "partition", "offset", source, epoch, seq, payload FROM dsn.quarantine'
_AUDIT = """
    SELECT
        topic, "partition", "offset", source, epoch, seq, section, op, standing, record_id,
        item_digest, content_digest, captured_at, stored_at, previous_hash, hash
    FROM dsn.audit
    ORDER BY topic COLLATE "C", "partition", "offset"
"""
_COMPLETE = "SELECT source, epoch, seq_complete FROM dsn.sources"


class Recorder:
    """Everything that was ever seen in the journal and in the outboxes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._codec = Codec(RegistryIds(settings))
        self._admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 2})
        self._next: dict[tuple[str, str, int], int] = {}
        #: Position behind the last row read, by source.
        self._taken_to: dict[str, int] = {}
        #: Every committed record of every changes topic.
        self.journal: list[JournalRecord] = []
        #: What outboxes took: their hospitals were told, or are about to be.
        self.taken: dict[Number, RecordChange] = {}

    def catch_up(self, edges: Iterable[tuple[Settings, Sequence[str]]]) -> None:
        """Read on everywhere; ``edges``: settings and sources of each.

        Raises ``KafkaException``, ``TimeoutError``, ``OutboxUnusable``.
        """
        for settings, sources in edges:
            for source in sources:
                self._read_outbox(settings, source)
        for name, topic_id, partitions in self._topics():
            for partition in range(partitions):
                place = (name, topic_id, partition)
                self._next[place] = self._read(name, partition, self._next.get(place, 0))

    def forget(self, source: str) -> None:
        """An operator put an older outbox in place: only what it holds, and the journal, counts.

        It numbers anew what it took before it knew; hospitals' own witnesses say if that was all.
        """
        self._taken_to.pop(source, None)
        self.taken = {number: one for number, one in self.taken.items() if number[0] != source}

    def _read_outbox(self, settings: Settings, source: str) -> None:
        path = path_of(settings, source)
        if not path.exists():
            return
        opened = OutboxFile(path, source=source, partitions=settings.partitions, durable=False)
        with closing(opened) as file:
            position = self._taken_to.get(source, EPOCH_SPAN)
            while True:
                rows = rows_after(file, position, _ROWS)
                if not rows:
                    if position // EPOCH_SPAN >= file.epoch:
                        break
                    position = (position // EPOCH_SPAN + 1) * EPOCH_SPAN
                    continue
                for row in rows:
                    change = self._codec.decode(self._codec.frame_of("RecordChange") + row.body)
                    assert isinstance(change, RecordChange)
                    self.taken[number_of(change)] = change
                position = rows[-1].position
            self._taken_to[source] = position

    def _topics(self) -> list[tuple[str, str, int]]:
        listed = self._admin.list_topics(timeout=30).topics
        names = [name for name in listed if name.startswith(CHANGES_PREFIX)]
        found = described(self._admin, names, 30)
        return [(name, str(one.topic_id), len(one.partitions)) for name, one in found.items()]

    def _read(self, topic: str, partition: int, after: int) -> int:
        consumer = Consumer(
            {
                "bootstrap.servers": self._settings.kafka,
                "group.id": "dsn-faults-recorder",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "log_level": 2,
            }
        )
        try:
            consumer.assign([TopicPartition(topic, partition, after)])
            return self._to_end(consumer, topic, partition, after)
        finally:
            consumer.close()

    def _to_end(self, consumer: Consumer, topic: str, partition: int, after: int) -> int:
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline:
            for message in consumer.consume(2_000, 0.2):
                error, offset = message.error(), message.offset() or 0
                if error is None:
                    value = message.value() or b""
                    assert isinstance(value, bytes)
                    change = self._decoded(value)
                    self.journal.append(JournalRecord(topic, partition, offset, value, change))
                    after = offset + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    return after
                elif not error.retriable():
                    raise KafkaException(error)
        raise TimeoutError(f"{topic}[{partition}] did not end within {END_S:g} s")

    def _decoded(self, value: bytes) -> RecordChange | None:
        try:
            change = self._codec.decode(value)
        except UnreadableRecord:
            return None
        return change if isinstance(change, RecordChange) else None


def collected(
    conninfo: str,
    recorder: Recorder,
    unfinished: Sequence[str],
    cut_at: Mapping[tuple[str, int], int],
) -> Evidence:
    """What the store says now, beside everything recorded; ``cut_at`` as in the evidence.

    Raises ``psycopg.Error``.
    """
    with psycopg.connect(conninfo, connect_timeout=10) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        entries = [_shown(row) for row in connection.execute(_ENTRIES)]
        people: dict[str, str] = dict(connection.execute(_PEOPLE).fetchall())
        quarantined = [Quarantined._make(row) for row in connection.execute(_QUARANTINE)]
        audited = list(_audited(connection))
        complete = {(s, e): seq for s, e, seq in connection.execute(_COMPLETE)}
    journal = recorder.journal
    in_journal = [one.change for one in journal if one.change and one.change.op != "mark"]
    return Evidence(
        acknowledged=list(recorder.taken.values()),
        # Rows that a receipt freed before they were read here.
        possible=[change for change in in_journal if number_of(change) not in recorder.taken],
        journal=journal,
        entries=entries,
        people=people,
        quarantined=quarantined,
        audited=audited,
        complete=complete,
        ledger=[Counted(*(getattr(r, f) for f in Counted._fields)) for r in ledger(conninfo)],
        journal_whole=not cut_at,
        cut_at=cut_at,
        unfinished=list(unfinished),
    )


def _shown(row: tuple[Any, ...]) -> Shown:
    person, section, entry, contributors = row
    made = (
        Contributor(
            f"{one['authority']}|{one['number']}",
            one["source"],
            one["item"],
            one["epoch"],
            one["seq"],
        )
        for one in contributors
    )
    return Shown(person, section, entry, tuple(made))


def _audited(connection: psycopg.Connection[Any]) -> Iterator[Audited]:
    for *columns, captured_at, stored_at, previous, last in connection.execute(_AUDIT):
        times = (microseconds(captured_at), microseconds(stored_at))
        yield Audited._make([*columns, *times, previous, last])
