"""Reading topics from offsets of our own: no group, no commits at the broker.

The offsets stand in PostgreSQL beside the rows. A record that is not there any more is an error
that stops us, never a reason to jump to where there is one (``auto.offset.reset=error``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

import structlog
from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from dsn_consumers.errors import raise_fatal
from dsn_schemas.asking import described
from dsn_schemas.gathering import gathered
from dsn_schemas.settings import Settings
from dsn_schemas.topics import FETCH_BYTES_MIN, FETCH_WAIT_MS

log = structlog.get_logger()

#: Records handed over at once: some 40 ms of work, some MB of memory.
BATCH_RECORDS_MAX = 5_000
#: Answers of the broker about topics come in milliseconds or not at all.
ASK_S = 5.0

#: The same trouble is said again after this time, s.
SAY_EVERY_S = 10.0

#: Topic and partition.
Place = tuple[str, int]


class Read(NamedTuple):
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    #: Broker time, ms since 1970.
    at: int


class Topic(NamedTuple):
    """A topic as the broker describes it."""

    name: str
    #: Given at creation: a topic made anew has another one.
    topic_id: str
    partitions: int


class Intake:
    """A Kafka consumer that reads assigned partitions; may be closed and used no more."""

    def __init__(self, settings: Settings, name: str) -> None:
        common: dict[str, str | int | float | bool] = {
            "bootstrap.servers": settings.kafka,
            "client.id": f"dsn-{name}",
            "reconnect.backoff.max.ms": 2_000,
            "socket.keepalive.enable": True,
            "log_level": 2,  # the rest is said by _note, once and not at every attempt
        }
        self._trouble = Trouble()
        self._admin = AdminClient(common)
        self._consumer = Consumer(
            {
                **common,
                "group.id": f"dsn-{name}",  # required, and used for nothing
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
                "fetch.min.bytes": FETCH_BYTES_MIN,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                # The default waits a second with a full queue before it fetches again.
                "fetch.queue.backoff.ms": 10,
                "queued.max.messages.kbytes": 32_768,
                "error_cb": self._trouble.note,
            }
        )

    def topics(self) -> list[str]:
        """Names of every topic there is. Raises ``KafkaException``."""
        return list(self._consumer.list_topics(timeout=ASK_S).topics)

    def describe(self, names: list[str]) -> list[Topic]:
        """The topics of these names; those that do not exist are left out."""
        return [
            Topic(name, str(one.topic_id), len(one.partitions))
            for name, one in described(self._admin, names, ASK_S).items()
        ]

    def first_offset(self, place: Place) -> int:
        """The oldest offset there is. Raises ``KafkaException``."""
        low, _ = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=ASK_S)
        return int(low)

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets, and forget what was fetched before."""
        self._consumer.assign([TopicPartition(*place, at) for place, at in offsets.items()])

    def also_read_from(self, offsets: Mapping[Place, int]) -> None:
        """Read these partitions as well."""
        self._consumer.incremental_assign(
            [TopicPartition(*place, at) for place, at in offsets.items()]
        )

    def poll(self, wait_s: float, gather_s: float) -> list[Read]:
        """What comes in ``gather_s`` from the first record on, at most ``BATCH_RECORDS_MAX``; nothing
        when there is none within ``wait_s``.

        Raises ``OffsetsLost`` or ``ConsumerError`` for what the client cannot mend.
        """
        read = []
        for message in gathered(self._consumer, BATCH_RECORDS_MAX, wait_s, gather_s):
            topic, error = message.topic() or "", message.error()
            partition, offset = message.partition(), message.offset()
            if error is not None:
                raise_fatal(error, f"{topic}[{partition}]")
                continue
            assert partition is not None and offset is not None
            kind, at = message.timestamp()
            at = 0 if kind == TIMESTAMP_NOT_AVAILABLE else at
            key, value = message.key(), message.value()
            read.append(Read(topic, partition, offset, _bytes(key), _bytes(value), at))
        return read

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


class Trouble:
    """Says what the client has trouble with, but not at each of its attempts."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def note(self, error: KafkaError) -> None:
        """The client goes on by itself; whatever stops a partition for good comes with a record."""
        now = time.monotonic()
        if now >= self._said.get(error.name(), 0.0) + SAY_EVERY_S:
            self._said[error.name()] = now
            log.warning("kafka_trouble", error=error.name())
