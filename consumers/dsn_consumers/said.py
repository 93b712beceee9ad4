"""What receipts topics hold of what the centre ever said: read once, by whoever speaks from now on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from dsn_schemas.records import Receipt
from dsn_schemas.settings import Settings
from dsn_schemas.topics import CHANGES_PREFIX, MESSAGE_BYTES_MAX, RECEIPTS_PREFIX
from dsn_schemas.wire import Codec, UnreadableRecord

log = structlog.get_logger()

#: Records taken at a time, and how long they are waited for, s.
_RECORDS_MAX = 1_000
_WAIT_S = 0.2


class SayingsUnread(TimeoutError):
    """The receipts topics could not be read to their ends in time."""


def receipts_said(
    settings: Settings, codec: Codec, topics: Collection[str], deadline_s: float
) -> Iterator[tuple[str, Receipt]]:
    """Every receipt of these receipts topics with its changes topic; they are compacted, so few.

    Raises ``SayingsUnread``, ``KafkaException``, ``UnknownSchema``.
    """
    end = time.monotonic() + deadline_s
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "client.id": "dsn-receipts-said",
            "group.id": "dsn-receipts",  # required, and used for nothing
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
            "log_level": 2,
        }
    )
    try:
        unread = set(topics)
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in sorted(unread)])
        while unread:
            if time.monotonic() >= end:
                raise SayingsUnread(f"{len(unread)} receipts topics not read in {deadline_s:g} s")
            for message in consumer.consume(_RECORDS_MAX, _WAIT_S):
                topic, error, value = message.topic() or "", message.error(), message.value()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(topic)
                elif error is not None:
                    if not error.retriable():
                        raise KafkaException(error)
                elif (word := _word(codec, topic, value)) is not None:
                    yield CHANGES_PREFIX + topic.removeprefix(RECEIPTS_PREFIX), word
    finally:
        consumer.close()


def _word(codec: Codec, topic: str, value: bytes | str | None) -> Receipt | None:
    try:
        word = codec.decode(value if isinstance(value, bytes) else b"")
    except UnreadableRecord as error:
        # As an edge does: nobody can learn anything from it.
        log.warning("unreadable_receipt", topic=topic, why=str(error))
        return None
    return word if isinstance(word, Receipt) else None
