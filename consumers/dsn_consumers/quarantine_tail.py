"""Up to where the quarantine was written: the offset behind the last record of each partition.

The broker's own end counts the markers of transactions, which no reader ever sees; so the records
are read, and thrown away. They are few.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # as published

from dsn_schemas.asking import answer, patiently
from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX, QUARANTINE, named

#: One question for all partitions, s.
ASK_S = 5.0
#: How long an idle fetch rests at the broker, ms: the end is told by the answer.
FETCH_WAIT_MS = 100


class TailUnread(TimeoutError):
    """The end of the quarantine could not be reached in time."""


class QuarantineTail:
    """Reads on from where it was."""

    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.partitions
        self._topic = named(QUARANTINE, settings.generation)
        # A client of its own: behind the consumer's resting fetch each question waits its time.
        self._admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 2})
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "client.id": "dsn-receipts-quarantine",
                "group.id": "dsn-receipts",  # required, and used for nothing
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
                "queued.max.messages.kbytes": 32_768,
                "log_level": 2,
            }
        )
        #: Behind the last record of each partition, and where its end was when last reached.
        self._next: dict[int, int] = {}
        self._reached: dict[int, int] = {}

    def ends(self, start: Mapping[int, int], deadline_s: float) -> dict[int, int]:
        """Behind the last record that is there when this is called; ``start``: nobody needs less.

        Raises ``TailUnread``, ``KafkaException``.
        """
        end = time.monotonic() + deadline_s
        if not self._next:
            self._next = {p: start.get(p, 0) for p in range(self._partitions)}
            self._consumer.assign(
                [TopicPartition(self._topic, p, at) for p, at in self._next.items()]
            )
        wanted = self._highs()
        while any(self._reached.get(p, -1) < high for p, high in wanted.items()):
            if time.monotonic() >= end:
                raise TailUnread(f"the end of {self._topic} was not reached in {deadline_s:g} s")
            self._read()
        return dict(self._next)

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def _highs(self) -> dict[int, int]:
        """Behind the last committed record or marker of each partition."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call] # as published
        asked = {TopicPartition(self._topic, p): latest for p in self._next}

        def attempt(given_s: float) -> dict[int, int]:
            answers = self._admin.list_offsets(
                asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=given_s
            )
            found = {place.partition: answer(one, given_s) for place, one in answers.items()}
            return {partition: int(one.offset) for partition, one in found.items()}

        return patiently(self._admin, attempt, ASK_S)

    def _read(self) -> None:
        for message in self._consumer.consume(1000, 0.1):
            partition, offset, error = message.partition(), message.offset(), message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                assert partition is not None and offset is not None
                self._reached[partition] = offset
            elif error is not None:
                if not error.retriable():
                    raise KafkaException(error)
            else:
                assert partition is not None and offset is not None
                self._next[partition] = offset + 1
