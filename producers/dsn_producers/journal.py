"""The producer that writes to the journal, and what the forwarder asks of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol, cast

from confluent_kafka import Producer

from dsn_schemas.settings import Settings
from dsn_schemas.topics import MESSAGE_BYTES_MAX

#: Called with an error, or None when the record is written, and with the record.
Report = Callable[[object, object], None]


class Journal(Protocol):
    """The part of ``confluent_kafka.Producer`` that is used; doubles implement it in tests."""

    def produce(
        self, topic: str, *, value: bytes, key: bytes, partition: int, on_delivery: Report
    ) -> None:
        """Queue a record. Raises ``BufferError`` when the queue is full."""

    def poll(self, timeout: float) -> int:
        """Give the reports that came, waiting up to ``timeout`` seconds for one."""

    def flush(self, timeout: float) -> int:
        """Wait until everything is reported; returns how much is not."""

    def purge(self) -> None:
        """Give up everything that is queued or on its way; each is reported as failed."""


def kafka_journal(settings: Settings) -> Journal:
    """An idempotent producer that keeps the order of each partition.

    It never gives up by itself (``message.timeout.ms``: a partition of hours would fail every
    queued record, librdkafka #3635); the forwarder bounds what it holds and watches its progress.
    After a gap it writes nothing more (``enable.gapless.guarantee``), so that a later change can
    not stand in front of an earlier one.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": settings.kafka,
        "acks": "all",
        "enable.idempotence": True,
        "enable.gapless.guarantee": True,
        "max.in.flight.requests.per.connection": 5,
        "message.timeout.ms": 0,
        # A batch costs the client a quarter of a millisecond of lz4 whatever is in it: at 250
        # changes/s a thread used 0.08 of a core at 5 ms, and 0.02 at 20.
        "linger.ms": 10,
        "compression.type": "lz4",
        "message.max.bytes": MESSAGE_BYTES_MAX,
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 256 * 1024,
        "reconnect.backoff.max.ms": 2000,
        "socket.keepalive.enable": True,
        "partitioner": "murmur2_random",
        # Errors only: it warns of the gapless guarantee as experimental, in every session.
        "log_level": 3,
        "logger": logging.getLogger(__name__),
    }
    return cast(Journal, Producer(config))
